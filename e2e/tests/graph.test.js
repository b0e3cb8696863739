import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { panel } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('graph', () => stage);

let ana;
let workspace;
let page;
const jobs = {};

const node = (job) => page.locator(`.react-flow__node[data-id="${job.id}"]`);
const waitsFor = async (job) => (await ana.get(`/jobs/${job.id}`)).dependencies;
const edge = (job, on) => page.getByLabel(new RegExp(`^#${job.number} waits for #${on.number}`));

/** Where a handle of a job is, once the picture is at rest. */
async function resting(job, side) {
  const box = () => node(job).locator(side).boundingBox();
  return eventually(`#${job.number} lies still`, async () => {
    const before = await box();
    await page.waitForTimeout(200);
    const after = await box();
    return before && after && before.x === after.x && before.y === after.y && after;
  });
}

/** Draws from the right side of one job to the left side of another. */
async function draw(from, to) {
  const start = await resting(from, '.source');
  const end = await resting(to, '.target');
  await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2);
  await page.mouse.down();
  await page.mouse.move(end.x + 30, end.y + 20, { steps: 6 });
  await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 4 });
  await page.mouse.up();
}

step('dep_6_a dependency is drawn in the graph, and a cycle is refused with its name', async () => {
  ana = await stage.person('Ana');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  for (const name of ['Dig', 'Plant', 'Water']) {
    jobs[name] = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: name });
  }
  page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}/graph`);
  await page.getByText('No job waits for another').waitFor();
  await page.getByRole('button', { name: 'Show all open jobs' }).click();
  await node(jobs.Water).waitFor();
  await draw(jobs.Dig, jobs.Plant);
  await edge(jobs.Plant, jobs.Dig).waitFor({ state: 'attached' });
  await eventually('it waits', async () => (await waitsFor(jobs.Plant)).includes(jobs.Dig.id));
  await eventually('what waits lies to the right', async () => {
    const [first, second] = [await node(jobs.Dig).boundingBox(), await node(jobs.Plant).boundingBox()];
    return second.x >= first.x + first.width;
  });

  await draw(jobs.Plant, jobs.Dig);
  const refusal = page.getByRole('alert');
  await refusal.getByText('DEP-1').waitFor();
  assert.match(await refusal.textContent(), /#1 → #2 → #1/);
  assert.deepEqual(await waitsFor(jobs.Dig), []);
  await screenshot(page, 'graph-1-cycle');
  await page.getByRole('button', { name: 'Dismiss' }).click();
});

step('dep_6_the graph follows what others do, and a dependency is removed by keyboard', async () => {
  await ana.put(`/jobs/${jobs.Water.id}/dependencies/${jobs.Plant.id}`);
  await edge(jobs.Water, jobs.Plant).waitFor({ state: 'attached' });
  await ana.post(`/jobs/${jobs.Dig.id}/start`);
  await page.getByRole('link', { name: '#1 Dig, In progress' }).click();
  await panel(page, 1).getByRole('heading', { name: 'Dig' }).waitFor();
  await screenshot(page, 'graph-2-beside');
  await page.keyboard.press('Escape');
  await panel(page, 1).waitFor({ state: 'detached' });

  await edge(jobs.Water, jobs.Plant).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Remove: #3 waits for #2' }).waitFor();
  await page.keyboard.press('Delete');
  await edge(jobs.Water, jobs.Plant).waitFor({ state: 'detached' });
  assert.deepEqual(await waitsFor(jobs.Water), []);
});

step('dep_6_the list says the same and is edited by keyboard alone, also on a phone', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/w/${workspace.slug}/graph?show=open`);
  await page.getByRole('article', { name: '#2 Plant' }).getByText('Waits for #1').waitFor();
  await page.getByRole('button', { name: 'Dependencies of #3' }).press('Enter');
  const search = page.getByRole('combobox', { name: 'Add a job it waits for' });
  await search.focus();
  await page.keyboard.type('plan');
  await page.getByRole('option', { name: '#2 Plant' }).waitFor();
  await page.keyboard.press('Enter');
  await eventually('it waits', async () => (await waitsFor(jobs.Water)).includes(jobs.Plant.id));
  await page.getByRole('article', { name: '#3 Water' }).getByRole('button', { name: 'Remove: #3 waits for #2' }).press('Enter');
  await eventually('it does not wait', async () => (await waitsFor(jobs.Water)).length === 0);
  // The refused cycle, and nothing else.
  assert.deepEqual(stage.complaints().filter((complaint) => !complaint.includes('409 (Conflict)')), []);
});

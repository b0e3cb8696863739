import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { FakeRunner } from '../lib/fake-runner.js';
import { panel } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => {
  runner?.close();
  return stage?.close();
});
const step = Stage.steps('search', () => stage);

let ana;
let workspace;
let page;
let runner;

const palette = () => page.getByRole('dialog', { name: 'Commands' });
const field = () => palette().getByRole('combobox');
const option = (name) => palette().getByRole('option', { name });
const press = async (...keys) => {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
};
/** Waits until the keyboard would take this, then takes it. */
const take = async (name) => {
  await palette().getByRole('option', { name, selected: true }).waitFor();
  await press('Enter');
};

step('web_4_the palette makes a job, opens it, makes it ready and finds what was noted, by the keyboard alone', async () => {
  ana = await stage.person('Ana');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  const other = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: 'Water the trees' });
  await ana.post(`/jobs/${other.id}/notes`, { body: 'The hose **leaks** near the well' });
  page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}`);
  await page.getByRole('link', { name: 'Water the trees' }).waitFor();
  await press('Control+k');
  await field().waitFor();
  await screenshot(page, 'search-1-palette');
  await page.keyboard.type('new j');
  await take('New job');
  const dialog = page.getByRole('dialog', { name: 'New job' });
  await dialog.getByLabel('Title').waitFor();
  await page.keyboard.type('Prune the pear');
  await dialog.getByRole('tab', { name: 'Agent' }).press('Enter');
  await dialog.getByText('People do it').click();
  await dialog.getByRole('button', { name: 'Create job' }).press('Enter');
  await dialog.waitFor({ state: 'detached' });

  await press('Control+k');
  await page.keyboard.type('prune');
  await take('#2 Prune the pear');
  await panel(page, 2).waitFor();
  await press('Control+k');
  await page.keyboard.type('make ready');
  await take('Make ready: #2');
  await panel(page, 2).getByText('Ready', { exact: true }).waitFor();
  await press('Control+k');
  await page.keyboard.type('hose leak');
  await take(/^Note on #1 Water the trees/);
  await panel(page, 1).getByRole('tab', { name: /^Notes/, selected: true }).waitFor();
});

step('web_1_a line of a log is found and opened where it is', async () => {
  runner = await FakeRunner.connect(ana);
  const job = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: 'Count the apples', agent: 'scripted', state: 'ready' });
  const work = await runner.hears('assign');
  const lines = Array.from({ length: 40 }, (_, at) => ({ kind: 'system', text: at === 33 ? 'a wormhole in row seven' : `row ${at}` }));
  await runner.logs(work, 1, lines);
  await page.goto(`/w/${workspace.slug}/search`);
  const search = page.getByRole('searchbox', { name: 'Search the workspace' });
  await eventually('the line can be found', async () => {
    const query = `/workspaces/${workspace.id}/search?q=wormhole`;
    return (await ana.get(query)).items.length === 1;
  });
  await search.fill('worm row');
  const hit = page.getByRole('list', { name: 'Found' }).getByRole('link');
  await hit.getByText(/Log of attempt 1/).waitFor();
  assert.deepEqual((await hit.locator('mark').allInnerTexts()).slice(0, 2), ['wormhole', 'row']);
  await screenshot(page, 'search-2-found');
  await hit.press('Enter');
  await panel(page, job.number).getByText('a wormhole in row seven').waitFor();
  assert.ok(page.url().endsWith('?tab=log&attempt=1#34'), page.url());
  runner.say({
    type: 'finished', attempt: work.attempt, fence: work.fence, last_seq: 40, result: 'completed', summary: 'Counted',
    usage: { input_tokens: 1200, output_tokens: 300, cost_usd: 0.75, wall_ms: 5 }, branch: null, session: null, agent: null, model: null,
  });
  await runner.hears('finish_confirmed');
});

step('ana_1_the figures of two jobs are shown, as charts and as tables', async () => {
  const { items } = await ana.get(`/workspaces/${workspace.id}/jobs`);
  const pear = items.find(({ title }) => title === 'Prune the pear');
  await ana.post(`/jobs/${pear.id}/start`);
  await ana.post(`/jobs/${pear.id}/complete`);
  await panel(page, 3).getByText('Done', { exact: true }).waitFor();
  await press('Escape', 'g', 'a');
  await page.getByRole('heading', { name: 'Analytics' }).waitFor();
  const tile = (name) => page.locator('dl > div').filter({ hasText: name });
  await tile('Completed').getByText('2', { exact: true }).waitFor();
  await tile('Success rate').getByText('100 %').waitFor();
  await tile('Cost').getByText('$0.75').waitFor();
  await page.locator('.recharts-surface').first().waitFor();
  const chart = page.getByRole('figure', { name: 'Ended by day' });
  await chart.getByRole('button', { name: 'Table of Ended by day' }).click();
  const rows = await chart.getByRole('row').allInnerTexts();
  assert.equal(rows.length, 31, 'a head and thirty days');
  assert.match(rows.at(-1), /\s2\s+0$/);
  await chart.getByRole('button', { name: 'Chart of Ended by day' }).click();
  const shares = page.getByRole('region', { name: 'By agent' });
  await shares.getByRole('row', { name: /^scripted 1 0 100 %/ }).waitFor();
  await screenshot(page, 'search-3-analytics');
});

step('web_4_the sheet lists the shortcuts, and none of them runs while somebody types', async () => {
  await press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await sheet.getByText('Analytics').waitFor();
  await screenshot(page, 'search-4-sheet');
  await press('g', 'b');
  await sheet.waitFor();
  await press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await press('g', 's');
  const search = page.getByRole('searchbox', { name: 'Search the workspace' });
  await search.waitFor();
  await search.fill('');
  await page.keyboard.type('c g b ?');
  assert.equal(await search.inputValue(), 'c g b ?');
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.deepEqual(stage.complaints(), []);
});

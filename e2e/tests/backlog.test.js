import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { card, column } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('backlog', () => stage);

let ana;
let ben;
let workspace;
let page;
let bens;

const row = (on, name) => on.getByRole('row', { name });
const keys = async (...all) => {
  for (const key of all) {
    await page.keyboard.press(key);
  }
};
const focused = (name) => eventually(`the keyboard is at ${name}`, () => row(page, name).evaluate((element) => element === document.activeElement));
const inFolder = async (title) => (await ana.get(`/workspaces/${workspace.id}/jobs`)).items.find((job) => job.title === title).folder;

step('web_1_jobs and folders are added to an empty Backlog with the keyboard alone, and others see it live', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  page = await stage.page('ana', { person: ana });
  bens = await stage.page('ben', { person: ben });
  for (const each of [page, bens]) {
    await each.goto(`/w/${workspace.slug}/backlog`);
    await each.getByText('Plan what is to be done').waitFor();
  }
  await keys('n');
  await page.getByRole('textbox', { name: 'New job' }).waitFor();
  for (const line of ['Prune the pear #garden !high', 'Dig a pond', 'Paint the fence']) {
    await page.keyboard.type(line);
    await keys('Enter');
  }
  for (const title of ['Prune the pear', 'Dig a pond', 'Paint the fence']) {
    await row(page, new RegExp(title)).waitFor();
    await row(bens, new RegExp(title)).waitFor();
  }
  await keys('Escape');
  await focused(/Paint the fence/);
  await keys('Shift+N');
  await page.getByRole('textbox', { name: 'Name of the new folder' }).waitFor();
  await page.keyboard.type('Garden');
  await keys('Enter');
  await focused('Garden, 0 jobs');
  await row(bens, 'Garden, 0 jobs').waitFor();
  const [pear] = (await ana.get(`/workspaces/${workspace.id}/jobs`)).items.filter(({ title }) => title === 'Prune the pear');
  assert.deepEqual([pear.priority, pear.domains, pear.kind], ['high', ['garden'], 'user']);
});

step('web_1_several jobs are chosen, moved and made ready with the keyboard alone', async () => {
  await keys('ArrowDown', 'ArrowDown');
  await focused(/Prune the pear/);
  await keys('x', 'Shift+ArrowDown');
  await page.getByRole('region', { name: 'Chosen jobs' }).getByText('2 selected').waitFor();
  await keys('m');
  await page.getByRole('dialog', { name: 'Move 2 jobs' }).waitFor();
  await page.keyboard.type('gard');
  await keys('Enter');
  await page.getByText('2 jobs moved').waitFor();
  await row(bens, 'Garden, 2 jobs').waitFor();
  assert.equal(await inFolder('Dig a pond'), 'Garden');
  await screenshot(page, 'backlog-1-moved');

  // The order is kept for everybody.
  await focused(/Dig a pond/);
  await keys('Alt+ArrowUp');
  await eventually('the pond is first', async () => (await bens.getByRole('row').allInnerTexts())[1].includes('Dig a pond'));

  await keys('x', 'Shift+ArrowDown', 'r');
  await page.getByText('2 jobs made ready').waitFor();
  await row(bens, 'Garden, 0 jobs').waitFor();
  await bens.goto(`/w/${workspace.slug}`);
  await card(bens, 'Ready', 'Prune the pear').waitFor();
  await card(bens, 'Ready', 'Dig a pond').waitFor();
  await card(bens, 'Staged', 'Paint the fence').waitFor();
});

step('job_8_of several jobs those that a rule keeps are told one by one, and the rest is done', async () => {
  const theirs = await ben.post(`/workspaces/${workspace.id}/jobs`, { title: 'Count the apples' });
  const waits = await ben.post(`/workspaces/${workspace.id}/jobs`, { title: 'Press the apples' });
  await ben.put(`/jobs/${waits.id}/dependencies/${theirs.id}`);
  await row(page, /Press the apples/).waitFor();
  await page.getByRole('treegrid').focus().catch(() => {});
  await keys('Control+a', 'r');
  const outcome = page.getByRole('region', { name: 'Outcome' });
  await outcome.getByText('2 of 3 jobs made ready').waitFor();
  assert.match(await outcome.getByRole('listitem').innerText(), /Press the apples.*waits for other jobs.*DEP-2/is);
  await screenshot(page, 'backlog-2-refused');
  await card(bens, 'Ready', 'Count the apples').waitFor();
});

step('can_7_a folder is renamed, and deleted without its jobs', async () => {
  await keys('Escape', 'Home');
  await focused('Garden, 0 jobs');
  await keys('F2');
  await page.keyboard.type('Yard');
  await keys('Enter');
  await row(page, 'Yard, 0 jobs').waitFor();
  assert.equal(await inFolder('Dig a pond'), 'Yard');
  await focused('Yard, 0 jobs');
  await keys('Delete');
  const sure = page.getByRole('alertdialog', { name: 'Delete the folder Yard?' });
  await sure.getByRole('button', { name: 'Delete the folder' }).press('Enter');
  await row(page, 'Yard, 0 jobs').waitFor({ state: 'detached' });
  assert.equal(await inFolder('Dig a pond'), null);
});

step('web_1_jobs and folders are sorted by dragging', async () => {
  for (const path of ['Attic', 'Cellar']) {
    await ana.post(`/workspaces/${workspace.id}/folders`, { path });
  }
  for (const title of ['Sweep', 'Dust']) {
    await ana.post(`/workspaces/${workspace.id}/jobs`, { title, folder: 'Attic' });
  }
  const drag = async (from, to, height) => {
    const { height: whole } = await row(page, to).boundingBox();
    await row(page, from).dragTo(row(page, to), { sourcePosition: { x: 400, y: 10 }, targetPosition: { x: 400, y: whole * height } });
  };
  const rows = async () => (await page.getByRole('row').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).join();
  await row(page, /Dust/).waitFor();
  await drag(/Dust/, /Sweep/, 0.2);
  await eventually('dust comes before sweep', async () => /Dust.*Sweep/.test(await rows()));
  await drag(/Sweep/, 'Cellar, 0 jobs', 0.5);
  await row(page, 'Cellar, 1 job').waitFor();
  await drag('Cellar, 1 job', 'Attic, 1 job', 0.1);
  await eventually('the cellar comes before the attic', async () => /Cellar.*Attic/.test(await rows()));
  await drag('Attic, 1 job', 'Cellar, 1 job', 0.5);
  await row(page, 'Cellar, 2 jobs').waitFor();
  await eventually('it is there for everybody', async () => (await inFolder('Dust')) === 'Cellar/Attic');
  for (const title of ['Sweep', 'Dust']) {
    const { items } = await ana.get(`/workspaces/${workspace.id}/jobs`);
    await ana.delete(`/jobs/${items.find((job) => job.title === title).id}`);
  }
});

step('job_8_a card dropped where its job cannot go says which rule kept it', async () => {
  const agentic = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: 'Sort the seeds', agent: 'any' });
  await card(bens, 'Staged', 'Sort the seeds').waitFor();
  const anas = page;
  await anas.goto(`/w/${workspace.slug}`);
  await card(anas, 'Staged', 'Press the apples').dragTo(column(anas, 'In progress'));
  await anas.getByText(/waits for other jobs.*\(DEP-2\)/).first().waitFor();
  await card(anas, 'Staged', 'Press the apples').waitFor();
  await card(anas, 'Staged', 'Sort the seeds').dragTo(column(anas, 'Review'));
  await anas.getByText(`#${agentic.number} was not moved`).first().waitFor();
  await anas.getByText(/\(JOB-\d\)/).first().waitFor();
  await card(anas, 'Staged', 'Sort the seeds').waitFor();
});

step('web_1_the Board is filtered by several values and cut into lanes, and the address keeps both', async () => {
  await page.getByRole('button', { name: 'Domain' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'garden' }).click();
  await keys('Escape');
  await page.getByText('5 jobs hidden').waitFor();
  await page.reload();
  await page.getByText('5 jobs hidden').waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  await card(page, 'Staged', 'Sort the seeds').waitFor();
  await page.getByRole('combobox', { name: 'Swim lanes' }).selectOption('person');
  await page.getByRole('button', { name: /^Ben/ }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: /^Ana/ }).waitFor();
  await screenshot(page, 'board-3-lanes');
  await page.getByRole('combobox', { name: 'Swim lanes' }).selectOption('');
  await column(page, 'Staged').getByRole('button', { name: 'Add jobs to Staged' }).click();
  await page.keyboard.type('Mend the gate');
  await keys('Enter');
  await card(page, 'Staged', 'Mend the gate').waitFor();
});

step('web_2_nothing went wrong inside the pages', () => {
  // A refused call is a line in the browser's console.
  assert.deepEqual(stage.complaints().filter((line) => !/status of 409/.test(line)), []);
});

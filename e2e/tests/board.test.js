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
const step = Stage.steps('board', () => stage);

let ana;
let ben;
let workspace;
let page;

const newJob = (person, title, more = {}) => person.post(`/workspaces/${workspace.id}/jobs`, { title, ...more });

step('job_3_the Board has a column for each state, and shows canceled jobs when asked', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}`);
  await page.getByText('Nothing on the Board yet').waitFor();
  const { id } = await newJob(ana, 'Dig a pond');
  for (const name of ['Staged', 'Ready', 'In progress', 'Review', 'Done', 'Failed']) {
    await column(page, name).waitFor();
  }
  await card(page, 'Staged', 'Dig a pond').waitFor();
  await ana.post(`/jobs/${id}/cancel`);
  await card(page, 'Staged', 'Dig a pond').waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: 'Canceled' }).check();
  await card(page, 'Canceled', 'Dig a pond').waitFor();
  await page.getByRole('checkbox', { name: 'Canceled' }).uncheck();
});

step('job_6_a job for people is dragged across the Board, and moved by keyboard', async () => {
  const { id } = await newJob(ana, 'Prune the roses');
  await card(page, 'Staged', 'Prune the roses').dragTo(column(page, 'In progress'));
  await card(page, 'In progress', 'Prune the roses').waitFor();
  assert.equal((await eventually('it began', async () => {
    const job = await ana.get(`/jobs/${id}`);
    return job.state === 'in_progress' && job;
  })).attempt.number, 1);
  await card(page, 'In progress', 'Prune the roses').getByRole('button', { name: /^Move #/ }).press('Enter');
  await page.getByRole('menuitem', { name: 'Review' }).press('Enter');
  await card(page, 'Review', 'Prune the roses').waitFor();
  await screenshot(page, 'board-1-moved');
  await card(page, 'Review', 'Prune the roses').dragTo(column(page, 'Done'));
  await card(page, 'Review', 'Prune the roses').waitFor();
  assert.equal((await ana.get(`/jobs/${id}`)).state, 'awaiting_review', 'completing is not a move');
});

step('job_8_a refused command changes nothing and names its rule', async () => {
  const job = await newJob(ana, 'Paint the fence');
  const refused = async (command, body, status, rule) => {
    await assert.rejects(ana.post(`/jobs/${job.id}/${command}`, body), (problem) => {
      assert.equal(problem.status, status, problem.message);
      assert.equal(problem.body.rule, rule, problem.message);
      assert.ok(problem.body.detail.length > 10, problem.message);
      return true;
    });
  };
  await refused('approve', {}, 409, 'REV-1');
  await refused('ready', { if_version: job.version + 1 }, 409, 'JOB-7');
  assert.deepEqual(await ana.get(`/jobs/${job.id}`), job);
});

step('web_5_a lost connection shows, keeps what was typed, and what was missed is caught up', async () => {
  const benPage = await stage.page('ben', { person: ben });
  await benPage.goto(`/w/${workspace.slug}`);
  await card(benPage, 'Staged', 'Paint the fence').waitFor();
  await benPage.getByRole('button', { name: 'New job' }).click();
  const dialog = benPage.getByRole('dialog', { name: 'New job' });
  await dialog.getByLabel('Title').fill('Something half');

  await stage.server.kill();
  await benPage.getByText('No connection to the server.', { exact: false }).waitFor();
  await screenshot(benPage, 'board-2-no-connection');
  await stage.startServerAgain();
  await newJob(ana, 'Rake the leaves');
  // By its text: what is behind an open dialog has no role.
  await benPage.getByText('Rake the leaves').waitFor({ timeout: 30_000 });
  assert.equal(await dialog.getByLabel('Title').inputValue(), 'Something half');
  await dialog.getByLabel('Title').fill('Something whole');
  await dialog.getByRole('tab', { name: 'Agent' }).click();
  await dialog.getByText('People do it').click();
  await dialog.getByRole('button', { name: 'Create job' }).click();
  await card(page, 'Staged', 'Something whole').waitFor({ timeout: 30_000 });
});

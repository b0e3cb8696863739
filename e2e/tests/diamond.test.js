import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { card, openTab, panel } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

/**
 * Five jobs: one of Ben's, then two of agents and one of Ben's, then one of an agent that needs them all. Nobody makes any of them ready;
 * Ana only reviews, twice.
 */
let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('diamond', () => stage);

let ana;
let ben;
let workspace;
let page;
let jobs;

const run = (title, command) => ({ tool: { kind: 'execute', title, run: command } });
const script = (...steps) => `@@${JSON.stringify(steps)}@@`;
const state = async (job) => (await ana.get(`/jobs/${job.id}`)).state;
const becomes = (job, wanted) => eventually(`#${job.number} is ${wanted}`, async () => (await state(job)) === wanted);

async function deliver(person, job, name, content) {
  const form = new FormData();
  form.append('file', new Blob([content]), name);
  const answer = await fetch(`${person.base}/api/v1/jobs/${job.id}/deliverables`, {
    method: 'POST',
    headers: { origin: person.base, cookie: person.cookie },
    body: form,
  });
  assert.equal(answer.status, 201, await answer.text());
}

async function plan(title) {
  const make = (name, more) => ana.post(`/workspaces/${workspace.id}/jobs`, { title: `${title}: ${name}`, auto_ready: true, ...more });
  const agentic = { agent: 'scripted', tools_policy: 'approve_all' };
  const measure = await make('measure');
  const after = { dependencies: [measure.id] };
  const copy = (to) => script(run('Copy', `cp dependencies/${measure.number}/field.txt output/${to}`), { say: `Wrote ${to}.` });
  const water = await make('water', { ...agentic, ...after, description: copy('water.txt') });
  const soil = await make('soil', { ...agentic, ...after, description: copy('soil.txt') });
  const fence = await make('fence', after);
  const gather = `cat dependencies/${water.number}/water.txt dependencies/${soil.number}/soil.txt dependencies/${fence.number}/fence.txt > output/plan.txt`;
  const all = await make('plan', {
    ...agentic,
    review: true,
    dependencies: [water.id, soil.id, fence.id],
    description: script(run('Gather', gather), { say: 'The plan is made.' }),
  });
  return { measure, water, soil, fence, all };
}

step('dep_5_the diamond stands on the Board and in the graph, and only its first job can be begun', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  await stage.runner(ana, { shared: true });
  jobs = await plan('Field');
  for (const job of [jobs.measure, jobs.fence]) {
    await ana.patch(`/jobs/${job.id}`, { owner: ben.user.id });
  }
  page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}`);
  await card(page, 'Staged', 'Field: plan').getByText(`Waits for #${jobs.water.number}, #${jobs.soil.number} and #${jobs.fence.number}`).waitFor();
  await page.getByRole('link', { name: 'Dependencies' }).click();
  for (const job of Object.values(jobs)) {
    await page.getByRole('link', { name: `#${job.number} ${job.title}, Staged` }).waitFor();
  }
  await screenshot(page, 'diamond-1-staged');
});

step('dep_7_it runs to Done untouched but for two reviews, each job given what the ones before it left', async () => {
  const benPage = await stage.page('ben', { person: ben });
  await benPage.goto(`/w/${workspace.slug}/jobs/${jobs.measure.number}`);
  await panel(benPage, jobs.measure.number).getByRole('button', { name: 'Start' }).click();
  await becomes(jobs.measure, 'in_progress');
  await deliver(ben, jobs.measure, 'field.txt', 'twelve by thirty\n');
  await panel(benPage, jobs.measure.number).getByRole('button', { name: 'Complete' }).click();
  await Promise.all([becomes(jobs.water, 'done'), becomes(jobs.soil, 'done'), becomes(jobs.fence, 'ready')]);
  assert.equal(await state(jobs.all), 'backlog');

  await benPage.goto(`/w/${workspace.slug}/jobs/${jobs.fence.number}`);
  await panel(benPage, jobs.fence.number).getByRole('button', { name: 'Start' }).click();
  await becomes(jobs.fence, 'in_progress');
  await deliver(ben, jobs.fence, 'fence.txt', 'wood\n');
  await panel(benPage, jobs.fence.number).getByRole('button', { name: 'Hand in for review' }).click();
  await becomes(jobs.fence, 'awaiting_review');
  assert.equal(await state(jobs.all), 'backlog', 'handed in is not done');

  for (const job of [jobs.fence, jobs.all]) {
    await becomes(job, 'awaiting_review');
    await page.goto(`/w/${workspace.slug}/jobs/${job.number}`);
    await openTab(page, job.number, 'Review');
    await panel(page, job.number).getByRole('button', { name: 'Approve' }).click();
    await becomes(job, 'done');
  }
  const { items } = await ana.get(`/jobs/${jobs.all.id}/deliverables`);
  const content = await ana.get(`/files/${items.find((file) => file.name === 'plan.txt').id}/content`);
  assert.equal(content, 'twelve by thirty\ntwelve by thirty\nwood\n');
});

step('dep_4_a failed one in the middle holds the rest with the right words, and retrying it releases them', async () => {
  jobs = await plan('Pond');
  await ana.patch(`/jobs/${jobs.soil.id}`, { description: script({ end_turn_error: 'the spade broke' }) });
  for (const job of [jobs.measure, jobs.fence]) {
    await eventually(`#${job.number} is to be done`, async () => job === jobs.measure || (await state(job)) === 'ready');
    await ana.post(`/jobs/${job.id}/start`);
    await deliver(ana, job, job === jobs.measure ? 'field.txt' : 'fence.txt', 'small\n');
    await ana.post(`/jobs/${job.id}/complete`);
  }
  await Promise.all([becomes(jobs.water, 'done'), becomes(jobs.soil, 'failed')]);
  await page.goto(`/w/${workspace.slug}`);
  await card(page, 'Staged', 'Pond: plan').getByText(`Held: #${jobs.soil.number} failed`).waitFor();
  // Before the page is loaded: retrying names the version that is on screen (JOB-7).
  const mended = script(run('Copy', `cp dependencies/${jobs.measure.number}/field.txt output/soil.txt`), { say: 'Wrote soil.txt.' });
  await ana.patch(`/jobs/${jobs.soil.id}`, { description: mended });
  await page.goto(`/w/${workspace.slug}/jobs/${jobs.all.number}`);
  const note = panel(page, jobs.all.number).getByRole('region', { name: 'What it waits for' });
  await note.getByText(`It waits for #${jobs.soil.number}, which failed.`).waitFor();
  await note.getByText(`Retry #${jobs.soil.number}, or remove the dependency.`).waitFor();
  await note.getByRole('button', { name: `Remove dependency on #${jobs.soil.number}` }).waitFor();
  await screenshot(page, 'diamond-2-held');

  await note.getByRole('button', { name: `Retry #${jobs.soil.number}` }).click();
  await note.waitFor({ state: 'detached' });
  await becomes(jobs.soil, 'done');
  await becomes(jobs.all, 'awaiting_review');
  await ana.post(`/jobs/${jobs.all.id}/approve`);
  await becomes(jobs.all, 'done');
  assert.deepEqual(stage.complaints(), []);
});

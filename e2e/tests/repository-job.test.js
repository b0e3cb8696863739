import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { assertNothingIsThere } from '../lib/outsider.js';
import {
  allow,
  answer,
  card,
  createRepositoryJob,
  createWorkspace,
  missingInOrder,
  openTab,
  panel,
  request,
  seenOfCard,
  setUp,
  signIn,
  watchCard,
} from '../lib/pages.js';
import { eventually, Person } from '../lib/person.js';
import { Repository } from '../lib/repository.js';
import { Stage } from '../lib/stage.js';

const title = 'Leave a note for the gardener';
const note = 'COORD-DEMO.md';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('repository-job', () => stage);

// Ana owns the workspace, Ben works in it, Eve has one of her own.
let ana;
let ben;
let eve;
let workspace;
let repository;
let mainBefore;
let anaPage;
let benBoard;
let benJob;
let first;
let second;

/** A log has every number from 1 to its head once. */
async function assertWholeLog(person, attempt) {
  const seqs = [];
  for (;;) {
    const { items, head } = await person.get(`/attempts/${attempt}/log?from=${seqs.length + 1}&limit=200`);
    seqs.push(...items.map((entry) => entry.seq));
    if (seqs.length >= head || items.length === 0) {
      assert.equal(seqs.length, head);
      break;
    }
  }
  assert.deepEqual(seqs, seqs.map((_, index) => index + 1));
}

step('job_9_a Ready job without a runner says live what it waits for', async () => {
  repository = new Repository(stage.folder, 'garden', [
    ['Start the garden', { 'README.md': '# Garden\n' }],
    ['Plant apples', { 'trees/apple.txt': 'one row\n' }],
    ['Plant pears', { 'trees/pear.txt': 'two rows\n', 'README.md': '# Garden\n\nApples and pears.\n' }],
  ]);
  mainBefore = repository.tip('main');

  ana = new Person(stage.base, { name: 'Ana' });
  anaPage = await stage.page('ana');
  await setUp(anaPage, ana);
  await createWorkspace(anaPage, 'Orchard');
  await ana.signIn();
  [workspace] = (await ana.get('/workspaces')).items;
  ben = await stage.person('Ben');
  await stage.join(ana, workspace, ben, 'admin');
  eve = await stage.person('Eve');
  await eve.post('/workspaces', { name: 'Elsewhere' });
  benBoard = await stage.page('ben-board');
  await signIn(benBoard, ben, `/w/${workspace.slug}`);
  await benBoard.getByRole('link', { name: 'Board' }).waitFor();

  await watchCard(benBoard, title);
  await createRepositoryJob(anaPage, {
    title,
    description: 'Leave a short note in the repository.',
    agent: 'scripted',
    url: repository.path,
    branch: 'main',
  });
  await card(benBoard, 'Staged', title).waitFor();
  await card(anaPage, 'Staged', title).getByRole('link', { name: title }).click();
  await panel(anaPage, 1).getByRole('button', { name: 'Make ready' }).click();
  await card(benBoard, 'Ready', title).getByText(/runner/i).waitFor();
  await screenshot(benBoard, 'repository-job-1-held');
  benJob = await stage.page('ben-job', { person: ben });
  await benJob.goto(`/w/${workspace.slug}/jobs/1`);
  await panel(benJob, 1).getByRole('heading', { name: title }).waitFor();
});

step('agt_4_a question is answered in the browser by whoever is first, and the other sees who', async () => {
  await stage.runner(ana, { name: 'box', pace: 0.2 });
  await card(benBoard, 'In progress', title).waitFor();
  await request(anaPage, 1, 'How should the note sound?').waitFor();
  await card(benBoard, 'In progress', title).getByText('Waiting for an answer').waitFor();
  await openTab(benJob, 1, 'Log');
  await panel(benJob, 1).getByText('I am the scripted agent', { exact: false }).waitFor();
  await screenshot(benJob, 'repository-job-2-question');
  await answer(benJob, 1, 'How should the note sound?', 'Friendly');
  await panel(anaPage, 1).getByText('Ben: Friendly').first().waitFor();
  await panel(benJob, 1).getByText('The answer is: Friendly', { exact: false }).waitFor();
});

step('agt_3_an edit waits for a permission that is given in the browser', async () => {
  await request(benJob, 1, note).waitFor();
  await card(benBoard, 'In progress', title).getByText('Waiting for permission').waitFor();
  await screenshot(anaPage, 'repository-job-3-permission');
  await allow(anaPage, 1, note);
  await panel(benJob, 1).getByText('Ana: Allow once').first().waitFor();
  await allow(anaPage, 1, 'ls');
});

step('rev_2_the result is a pushed branch, shown as a diff whose lines can be commented on', async () => {
  await card(benBoard, 'Review', title).waitFor();
  first = await eventually('the first attempt is in review', async () => {
    const [job] = (await ana.get(`/workspaces/${workspace.id}/jobs`)).items;
    return job.state === 'awaiting_review' && job;
  });
  const branch = first.attempt.branch.name;
  assert.match(branch, /^coord\/1-/);
  assert.equal(repository.tip(branch), first.attempt.branch.head_commit);
  assert.equal(repository.tip('main'), mainBefore);
  assert.ok(repository.isAncestor(mainBefore, branch));

  await openTab(anaPage, 1, 'Review');
  const diff = panel(anaPage, 1).getByRole('region', { name: note });
  await diff.getByText('A note from the scripted agent', { exact: false }).waitFor();
  // A line has a number on either side; the last one is that of the new file.
  await diff.getByRole('button', { name: 'Comment on line 3' }).last().click();
  await diff.getByLabel('Comment on this line').fill('Say who it is for.');
  await diff.getByRole('button', { name: 'Add to the review' }).click();
  await panel(anaPage, 1).getByLabel('Words of the review').fill('Nearly. Please add a line.');
  await screenshot(anaPage, 'repository-job-4-review');
});

step('web_4_the review fits a phone, in the dark', async () => {
  const phone = await stage.page('ana-phone', {
    person: ana,
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    isMobile: true,
    hasTouch: true,
  });
  await phone.goto(`/w/${workspace.slug}/jobs/1`);
  await phone.getByText('A note from the scripted agent', { exact: false }).first().waitFor();
  await screenshot(phone, 'repository-job-5-review-on-a-phone');
  const tooWide = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(tooWide <= 0, `the page is ${tooWide} pixels too wide`);
});

step('att_3_a request for changes makes a second attempt on the same branch', async () => {
  await panel(anaPage, 1).getByRole('button', { name: 'Request changes' }).click();
  await allow(anaPage, 1, note);
  second = await eventually('the second attempt is in review', async () => {
    const job = await ana.get(`/jobs/${first.id}`);
    return job.state === 'awaiting_review' && job.attempt.number === 2 && job;
  });
  const { name: branch, head_commit: before } = first.attempt.branch;
  assert.equal(second.attempt.branch.name, branch);
  assert.ok(repository.isAncestor(before, branch));
  assert.notEqual(before, repository.tip(branch));
  assert.equal(repository.tip('main'), mainBefore);
  await card(benBoard, 'Review', title).waitFor();
  const { items } = await ben.get(`/jobs/${first.id}/attempts`);
  const { review } = items.find(({ number }) => number === 1);
  assert.equal(review.body, 'Nearly. Please add a line.');
  assert.deepEqual(review.comments.map(({ path, line, body }) => [path, line, body]), [[note, 3, 'Say who it is for.']]);
});

step('rev_3_approving merges the branch into the base branch', async () => {
  await openTab(benJob, 1, 'Review');
  await panel(benJob, 1).getByText('Changed after a review.', { exact: false }).first().waitFor();
  await screenshot(benJob, 'repository-job-6-second-review');
  await panel(benJob, 1).getByRole('button', { name: 'Approve and merge into main' }).click();
  await card(anaPage, 'Done', title).waitFor();
  await card(benBoard, 'Done', title).waitFor();
  await screenshot(benBoard, 'repository-job-7-done');
  const done = await ana.get(`/jobs/${first.id}`);
  assert.equal(done.state, 'done');
  assert.equal(done.attempt.outcome, 'approved');
  assert.deepEqual(repository.parents(repository.tip('main')), [mainBefore, second.attempt.branch.head_commit]);
  assert.match(repository.read('main', note), /A note from the scripted agent[\s\S]*Changed after a review\./);
  assert.equal(repository.read('main', 'trees/pear.txt'), 'two rows\n');
});

step('web_2_the second person saw every state as it came, without a reload', async () => {
  const seen = await seenOfCard(benBoard);
  const states = [/^Staged/, /^Ready/, /^In progress/, /^Review/, /^In progress/, /^Review/, /^Done/];
  assert.equal(missingInOrder(seen, states), undefined, seen.join('\n'));
});

step('job_4_the second person saw what was going on inside each state', async () => {
  const seen = await seenOfCard(benBoard);
  const activities = [
    /^Ready: .*runner/i,
    /^In progress: Waiting for an answer/,
    /^In progress: Working/,
    /^In progress: Waiting for permission/,
    /^Review/,
    /^In progress: Waiting for permission/,
    /^Review/,
  ];
  assert.equal(missingInOrder(seen, activities), undefined, seen.join('\n'));
});

step('agt_10_the log of each attempt is whole', async () => {
  const { items } = await ben.get(`/jobs/${first.id}/attempts`);
  assert.deepEqual(items.map(({ number, outcome }) => [number, outcome]).sort(), [[1, 'changes_requested'], [2, 'approved']]);
  for (const attempt of items) {
    await assertWholeLog(ben, attempt.id);
  }
});

step('acc_4_somebody from another workspace gets 404 for all of it', async () => {
  const attempts = (await ben.get(`/jobs/${first.id}/attempts`)).items;
  const requests = (await ben.get(`/workspaces/${workspace.id}/requests`)).items;
  await assertNothingIsThere(eve, {
    workspace: workspace.id,
    job: first.id,
    attempts: attempts.map(({ id }) => id),
    requests: requests.map(({ id }) => id),
  });
  const evePage = await stage.page('eve', { person: eve });
  await evePage.goto(`/w/${workspace.slug}/jobs/1`);
  await evePage.getByText('Nothing here').waitFor();
  assert.equal(await evePage.getByText(title).count(), 0);
  await screenshot(evePage, 'repository-job-8-outsider');
});

step('nothing went wrong inside the pages', async () => {
  // 401 is how the app learns that nobody is signed in, 404 what Eve gets.
  assert.deepEqual(stage.complaints().filter((line) => !/status of 40[14]/.test(line)), []);
});

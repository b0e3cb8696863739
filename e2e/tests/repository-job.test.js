import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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

/** Both must say that a log has every number from 1 to its head once. */
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

test('job_5_a job in a repository goes from Ready to merged, with two people watching and a third who sees nothing', () =>
  stage.play('repository-job', async () => {
    const repository = new Repository(stage.folder, 'garden', [
      ['Start the garden', { 'README.md': '# Garden\n' }],
      ['Plant apples', { 'trees/apple.txt': 'one row\n' }],
      ['Plant pears', { 'trees/pear.txt': 'two rows\n', 'README.md': '# Garden\n\nApples and pears.\n' }],
    ]);
    const mainBefore = repository.tip('main');

    // Ana sets the server up in her browser; Ben joins her workspace; Eve has one of her own.
    const ana = new Person(stage.base, { name: 'Ana' });
    const anaPage = await stage.page('ana');
    await setUp(anaPage, ana);
    await createWorkspace(anaPage, 'Orchard');
    await ana.signIn();
    const { items: [workspace] } = await ana.get('/workspaces');
    const ben = await stage.person('Ben');
    await stage.join(ana, workspace, ben, 'admin');
    const eve = await stage.person('Eve');
    await eve.post('/workspaces', { name: 'Elsewhere' });
    const benBoard = await stage.page('ben-board');
    await signIn(benBoard, ben, `/w/${workspace.slug}`);
    await benBoard.getByRole('link', { name: 'Board' }).waitFor();

    // A job without a runner: it waits, and says for what.
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
    const benJob = await stage.page('ben-job', { person: ben });
    await benJob.goto(`/w/${workspace.slug}/jobs/1`);
    await panel(benJob, 1).getByRole('heading', { name: title }).waitFor();

    // With one it is claimed at once.
    await stage.runner(ana, { name: 'box', pace: 0.2 });
    await card(benBoard, 'In progress', title).waitFor();

    // The question is answered by Ben, and Ana sees it.
    await request(anaPage, 1, 'How should the note sound?').waitFor();
    await card(benBoard, 'In progress', title).getByText('Waiting for an answer').waitFor();
    await openTab(benJob, 1, 'Log');
    await panel(benJob, 1).getByText('I am the scripted agent', { exact: false }).waitFor();
    await screenshot(benJob, 'repository-job-2-question');
    await answer(benJob, 1, 'How should the note sound?', 'Friendly');
    await panel(anaPage, 1).getByText('Ben: Friendly').first().waitFor();
    await panel(benJob, 1).getByText('The answer is: Friendly', { exact: false }).waitFor();

    // The permission is given by Ana, and Ben sees that too.
    await request(benJob, 1, note).waitFor();
    await card(benBoard, 'In progress', title).getByText('Waiting for permission').waitFor();
    await screenshot(anaPage, 'repository-job-3-permission');
    await allow(anaPage, 1, note);
    await panel(benJob, 1).getByText('Ana: Allow once').first().waitFor();
    await allow(anaPage, 1, 'ls');

    // Handed in: pushed, not merged.
    await card(benBoard, 'Review', title).waitFor();
    const first = await eventually('the first attempt is in review', async () => {
      const job = (await ana.get(`/workspaces/${workspace.id}/jobs`)).items[0];
      return job.state === 'awaiting_review' && job;
    });
    const branch = first.attempt.branch.name;
    assert.match(branch, /^coord\/1-/);
    assert.equal(repository.tip(branch), first.attempt.branch.head_commit);
    assert.equal(repository.tip('main'), mainBefore);
    assert.ok(repository.isAncestor(mainBefore, branch));

    // Ana reads the diff, writes on a line of it and sends it back.
    await openTab(anaPage, 1, 'Review');
    const diff = panel(anaPage, 1).getByRole('region', { name: note });
    await diff.getByText('A note from the scripted agent', { exact: false }).waitFor();
    await diff.getByRole('button', { name: 'Comment on line 3' }).last().click();
    await diff.getByLabel('Comment on this line').fill('Say who it is for.');
    await diff.getByRole('button', { name: 'Add to the review' }).click();
    await panel(anaPage, 1).getByLabel('Words of the review').fill('Nearly. Please add a line.');
    await screenshot(anaPage, 'repository-job-4-review');
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
    await panel(anaPage, 1).getByRole('button', { name: 'Request changes' }).click();

    // The second attempt goes on with the same branch.
    await allow(anaPage, 1, note);
    const second = await eventually('the second attempt is in review', async () => {
      const job = await ana.get(`/jobs/${first.id}`);
      return job.state === 'awaiting_review' && job.attempt.number === 2 && job;
    });
    assert.equal(second.attempt.branch.name, branch);
    assert.ok(repository.isAncestor(first.attempt.branch.head_commit, branch));
    assert.notEqual(first.attempt.branch.head_commit, repository.tip(branch));
    assert.equal(repository.tip('main'), mainBefore);
    await card(benBoard, 'Review', title).waitFor();

    // Approved by Ben on the strength of what he sees; merged for real.
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
    const merged = repository.tip('main');
    assert.deepEqual(repository.parents(merged), [mainBefore, second.attempt.branch.head_commit]);
    assert.match(repository.read('main', note), /A note from the scripted agent[\s\S]*Changed after a review\./);
    assert.equal(repository.read('main', 'trees/pear.txt'), 'two rows\n');

    // Ben's Board showed every step as it happened, without a reload.
    const seen = await seenOfCard(benBoard);
    const steps = [
      /^Staged/,
      /^Ready: .*runner/i,
      /^In progress/,
      /^In progress: Waiting for an answer/,
      /^In progress: Waiting for permission/,
      /^Review/,
      /^In progress/,
      /^In progress: Waiting for permission/,
      /^Review/,
      /^Done/,
    ];
    assert.equal(missingInOrder(seen, steps), undefined, seen.join('\n'));

    // Nothing of it was lost, and nothing of it is Eve's to see.
    const attempts = (await ben.get(`/jobs/${first.id}/attempts`)).items;
    assert.deepEqual(attempts.map(({ number, outcome }) => [number, outcome]).sort(), [[1, 'changes_requested'], [2, 'approved']]);
    for (const attempt of attempts) {
      await assertWholeLog(ben, attempt.id);
    }
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

    assert.deepEqual(stage.complaints().filter((line) => !/status of 40[14]/.test(line)), []);
  }));

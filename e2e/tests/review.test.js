/** A review by keyboard alone: comments on lines, changes asked for, what came of them, the merge. And an upload that a cut connection does not end. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { openTab, panel } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Repository } from '../lib/repository.js';
import { Stage } from '../lib/stage.js';

const note = 'COORD-DEMO.md';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('review', () => stage);

let ana;
let page;
let workspace;
let repository;
let job;

/** Presses Tab until the element has the keyboard. */
async function tabTo(target, most = 60) {
  for (let n = 0; n < most; n += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`${target} was not reached by ${most} tabs`);
}

const focused = (target) => eventually(`${target} has the keyboard`, () => target.evaluate((element) => element === document.activeElement));

/** Waits for the review of an attempt, and answers the one question of the demonstration. */
const inReview = (number) =>
  eventually(`attempt ${number} is in review`, async () => {
    const { items } = await ana.get(`/workspaces/${workspace.id}/requests?open=true`);
    for (const request of items) {
      await ana.post(`/requests/${request.id}/answer`, { choice: request.ask.choices[0]?.id, body: request.ask.choices[0] ? undefined : 'Friendly' });
    }
    const now = await ana.get(`/jobs/${job.id}`);
    return now.state === 'awaiting_review' && now.attempt.number === number && now;
  });

step('rev_2_two_lines_are_commented_on_with_the_keyboard_alone', async () => {
  repository = new Repository(stage.folder, 'garden', [['Start the garden', { 'README.md': '# Garden\n' }]]);
  ana = await stage.person('Ana');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.runner(ana, { name: 'box', pace: 0 });
  job = await ana.post(`/workspaces/${workspace.id}/jobs`, {
    title: 'Leave a note',
    agent: 'scripted',
    tools_policy: 'approve_all',
    context: { type: 'repository', url: repository.path, base_branch: 'main' },
    state: 'ready',
  });
  await inReview(1);
  page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}/jobs/1?tab=changes`);
  const file = panel(page, 1).getByRole('region', { name: note });
  await file.waitFor();
  const line = (number) => file.getByRole('button', { name: `Comment on line ${number}`, exact: true });
  await line(2).waitFor();
  // Its first line is a heading: the colours came, though no document is where they are made.
  await file.locator('.token.title').first().waitFor();
  await page.keyboard.press('n');
  await focused(file.getByRole('button', { name: new RegExp(`^${note}`) }));
  await page.keyboard.press('Tab');
  await focused(line(1));
  for (const [number, words] of [[2, 'Say who it is for.'], [3, 'And from whom.']]) {
    await page.keyboard.press('ArrowDown');
    await focused(line(number));
    await page.keyboard.press('Enter');
    await focused(file.getByLabel('Comment on this line'));
    await page.keyboard.type(words);
    await page.keyboard.press('Control+Enter');
    await file.getByRole('button', { name: words }).waitFor();
    await focused(line(number));
  }
  const words = panel(page, 1).getByLabel('Words of the review');
  await tabTo(words);
  await page.keyboard.type('Nearly. Please add a line.');
  await screenshot(page, 'review-1-comments');
  await tabTo(panel(page, 1).getByRole('button', { name: 'Request changes' }));
  await page.keyboard.press('Enter');
});

step('rev_2_the_second_attempt_shows_what_changed_since_the_review', async () => {
  await inReview(2);
  const { items } = await ana.get(`/jobs/${job.id}/attempts`);
  const { review } = items.find(({ number }) => number === 1);
  assert.equal(review.body, 'Nearly. Please add a line.');
  assert.deepEqual(review.comments.map(({ path, line, body }) => [path, line, body]), [
    [note, 2, 'Say who it is for.'],
    [note, 3, 'And from whom.'],
  ]);
  await page.reload();
  await panel(page, 1).getByText('asked for changes to attempt 1').waitFor();
  const added = () => panel(page, 1).locator('.diff-code-insert').allTextContents();
  await eventually('the whole diff', async () => (await added()).some((line) => line.includes('scripted agent')));
  await tabTo(panel(page, 1).getByRole('radio', { name: 'Whole' }));
  await page.keyboard.press('ArrowRight');
  await eventually('what is new since the review, alone', async () => {
    const lines = await added();
    return lines.some((line) => line.includes('Changed after a review.')) && !lines.some((line) => line.includes('A note from'));
  });
  await screenshot(page, 'review-2-since');
});

step('rev_3_the_branch_that_merges_cleanly_is_approved_and_merged', async () => {
  await panel(page, 1).getByText('Merges cleanly with main').waitFor();
  await tabTo(panel(page, 1).getByRole('button', { name: 'Approve and merge into main' }));
  await page.keyboard.press('Enter');
  await eventually('it is merged', async () => (await ana.get(`/jobs/${job.id}`)).state === 'done');
  assert.match(repository.read('main', note), /Changed after a review\./);
});

step('rev_2_attempts_are_compared_side_by_side', async () => {
  await openTab(page, 1, 'Attempts');
  await panel(page, 1).getByRole('button', { name: 'Side by side' }).click();
  const table = page.getByRole('dialog', { name: 'Attempts side by side' });
  await table.getByRole('row', { name: /^Outcome Changes requested Approved/ }).waitFor();
  await screenshot(page, 'review-3-side-by-side');
  await page.keyboard.press('Escape');
});

step('file_4_an_upload_goes_on_after_its_connection_was_cut', async () => {
  const other = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: 'Look at the map' });
  const content = randomBytes(9 * 1024 * 1024);
  await page.goto(`/w/${workspace.slug}/jobs/${other.number}?tab=files`);
  const files = panel(page, other.number);
  let cut = 0;
  const offsets = [];
  await page.route('**/api/v1/uploads/*?offset=*', (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
    offsets.push(offset);
    if (offset > 0 && cut < 2) {
      cut += 1;
      return route.abort('connectionreset');
    }
    return route.continue();
  });
  await files.getByLabel('Attach', { exact: true }).setInputFiles({ name: 'map.bin', mimeType: 'application/octet-stream', buffer: content });
  await files.getByText('it goes on by itself').waitFor();
  await screenshot(page, 'review-4-upload-paused');
  await files.getByRole('link', { name: 'Download map.bin' }).waitFor();
  const piece = 4 * 1024 * 1024;
  assert.deepEqual(offsets, [0, piece, piece, piece, 2 * piece]);
  const { items } = await ana.get(`/jobs/${other.id}/attachments`);
  assert.equal(items[0].sha256, createHash('sha256').update(content).digest('hex'));
});

step('nothing went wrong inside the pages', async () => {
  assert.deepEqual(stage.complaints().filter((line) => !/ERR_CONNECTION_RESET/.test(line)), []);
});

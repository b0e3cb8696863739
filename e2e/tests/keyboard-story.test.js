/** From signing up to a merged branch by keyboard alone, as the foundation's story goes. Nothing here touches the mouse. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { focused, hasFocus, listen, tabTo } from '../lib/hearing.js';
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
const step = Stage.steps('keyboard-story', () => stage);

let ana;
let page;
let repository;
let workspace;

const press = async (...keys) => {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
};
/** Goes to a field and writes over what is there. */
const write = async (label, text) => {
  await tabTo(page, 'input', label);
  await press('Control+a');
  await page.keyboard.type(text);
};
/** Waits until it can be reached, then goes there by Tab and presses it. */
const use = async (role, name, options) => {
  await page.getByRole(role, { name }).first().waitFor();
  await tabTo(page, role === 'link' ? 'a' : role, name, { most: 150, ...options });
  await press('Enter');
};
const job = () => ana.get(`/workspaces/${workspace.id}/jobs`).then(({ items }) => items[0]);
const inReview = (number) =>
  eventually(`attempt ${number} is in review`, async () => {
    const now = await job();
    return now.state === 'awaiting_review' && now.attempt.number === number && now;
  });

step('WEB-4: an account, signed in, and a workspace', async () => {
  repository = new Repository(stage.folder, 'garden', [['Start the garden', { 'README.md': '# Garden\n' }]]);
  ana = new Person(stage.base, { name: 'Ana' });
  page = await stage.page('ana');
  await listen(page);
  await page.goto('/');
  await page.getByRole('heading', { name: 'Set up Coord' }).waitFor();
  if (!/Name/.test((await focused(page))?.name ?? '')) {
    await tabTo(page, 'input', /^Name/);
  }
  await page.keyboard.type(ana.name);
  await write(/^E-mail/, ana.email);
  await write(/^Password/, ana.password);
  await press('Enter');
  const field = page.getByLabel('Name of the workspace');
  await field.waitFor();
  if (!(await field.evaluate((element) => element === document.activeElement))) {
    await tabTo(page, 'input', /^Name of the workspace/);
  }
  await page.keyboard.type('Orchard');
  await press('Enter');
  await page.getByRole('link', { name: 'Board' }).waitFor();
  await ana.signIn();
  [workspace] = (await ana.get('/workspaces')).items;
});

step('WEB-4: a job for an agent in a repository', async () => {
  await press('c');
  await page.getByRole('dialog', { name: 'New job' }).waitFor();
  await hasFocus(page, 'input', /^Title/);
  await page.keyboard.type(title);
  await tabTo(page, 'textarea', /^Description/);
  await page.keyboard.type('Leave a short note in the repository.');
  // The tabs are one stop, with the arrows inside.
  await tabTo(page, 'tab', /^Details/, { back: true });
  await press('ArrowRight');
  while (!/^Agent/.test((await focused(page)).name)) {
    await press('ArrowRight');
  }
  await press('Enter');
  await write(/^Agent/, 'scripted');
  await tabTo(page, 'input', /^Repository/);
  await page.keyboard.type(repository.path);
  await write(/^Base branch/, 'main');
  await screenshot(page, 'keyboard-story-1-new-job');
  await press('Control+Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

step('WEB-4: it is made ready from its panel', async () => {
  await use('link', new RegExp(`^${title}`));
  await page.getByRole('complementary', { name: 'Job #1' }).waitFor();
  await use('button', /^Make ready/);
  await eventually('it is ready', async () => (await job()).state === 'ready');
});

step('AGT-3: a question and a permission are answered', async () => {
  await stage.runner(ana, { name: 'box', pace: 0.2 });
  await page.getByText('How should the note sound?').first().waitFor();
  await use('button', /^Friendly$/);
  await page.getByText('Ana: Friendly').first().waitFor();
  await page.getByRole('region', { name: /^The agent (asks|wants)/ }).filter({ hasText: note }).waitFor();
  await use('button', /^Allow once/);
  await page.getByRole('region', { name: /^The agent (asks|wants)/ }).filter({ hasText: 'ls' }).waitFor();
  await use('button', /^Allow once/);
  await inReview(1);
});

step('REV-2: changes are asked for in words', async () => {
  await tabTo(page, 'tab', /./, { most: 150 });
  while (!/^Review/.test((await focused(page)).name)) {
    await press('ArrowRight');
  }
  await press('Enter');
  await page.getByRole('region', { name: note }).waitFor();
  await tabTo(page, 'textarea', /^Words of the review/, { most: 150 });
  await page.keyboard.type('Nearly. Please add a line.');
  await screenshot(page, 'keyboard-story-2-review');
  await use('button', /^Request changes/);
  await page.getByRole('region', { name: /^The agent (asks|wants)/ }).filter({ hasText: note }).waitFor();
  await use('button', /^Allow once/, { back: true });
  await inReview(2);
});

step('REV-3: it is approved and merged', async () => {
  await use('button', /^Approve and merge into main/);
  await eventually('it is done', async () => (await job()).state === 'done');
  assert.match(repository.read('main', note), /A note from the scripted agent[\s\S]*Changed after a review\./);
  await screenshot(page, 'keyboard-story-3-done');
});

/** Two people and their inboxes: what needs somebody arrives while they look, is answered there, and tells nothing to who may not see it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { panel } from '../lib/pages.js';
import { eventually, Person } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('inbox', () => stage);

let ana;
let ben;
let workspace;
let page;
let asked;

const newJob = (person, more) => person.post(`/workspaces/${workspace.id}/jobs`, more);
const section = (name) => page.getByRole('region', { name, exact: true });
const row = (name, title) => section(name).getByRole('listitem').filter({ has: page.getByRole('link', { name: title }) });
const badge = (count) => page.getByRole('link', { name: new RegExp(`^Inbox ?${count} things? waits?$`) });

async function noSeriousFindings(name) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run({ exclude: ['[data-base-ui-focus-guard]'] }, { resultTypes: ['violations'] })).violations);
  const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [], name);
}

step('inb_1_an empty inbox says what would be in it', async () => {
  ana = await stage.person('Ana');
  ben = await new Person(stage.base, { name: 'Ben Bo', email: 'ben@example.org' }).register();
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  page = await stage.page('ana', { person: ana });
  // Nothing is asked before somebody clicks.
  await page.addInitScript(() => {
    window.askedFor = 0;
    Notification.requestPermission = async () => {
      window.askedFor += 1;
      return 'denied';
    };
  });
  await page.goto(`/w/${workspace.slug}/inbox`);
  await page.getByText('Nothing needs you').waitFor();
  assert.equal(await page.evaluate(() => window.askedFor), 0);
});

step('note_2_a mention of Ana arrives while she looks, and Ben chose her from the list', async () => {
  const { number } = await newJob(ana, { title: 'Prune the pear' });
  const benPage = await stage.page('ben', { person: ben });
  await benPage.goto(`/w/${workspace.slug}/jobs/${number}?tab=notes`);
  const field = panel(benPage, number).getByRole('textbox', { name: 'New note' });
  await field.pressSequentially('Please look, @an');
  await panel(benPage, number).getByRole('option', { name: 'Ana' }).waitFor();
  await field.press('Enter');
  assert.equal(await field.inputValue(), 'Please look, @Ana ');
  await field.press('Control+Enter');
  assert.equal(await panel(benPage, number).locator('.mention').textContent(), '@Ana');
  await row('Mentions', 'Prune the pear').getByText('Ben Bo mentions you in a note').waitFor();
  await badge(1).waitFor();
});

step('inb_1_a request of an agent is answered in the list', async () => {
  await stage.runner(ana);
  const script = [{ say: 'One moment.' }, { ask: { message: 'Which tree?', options: ['Pear', 'Plum'] } }, { say: 'Thank you.' }];
  asked = await newJob(ana, {
    title: 'Ask about the tree',
    description: `@@${JSON.stringify(script)}@@`,
    agent: 'scripted',
    context: { type: 'local' },
    state: 'ready',
  });
  const waiting = row('Agents wait for you', 'Ask about the tree');
  await waiting.getByText('Which tree?').waitFor();
  await badge(2).waitFor();
  await screenshot(page, 'inbox-1-waiting');
  await noSeriousFindings('the inbox');
  await waiting.getByRole('button', { name: 'Plum' }).click();
  await section('Agents wait for you').waitFor({ state: 'detached' });
  await badge(1).waitFor();
  await eventually('the agent went on', async () => (await ana.get(`/jobs/${asked.id}`)).state === 'done');
});

step('inb_1_a review arrives for the owner, not for who did the work, and opens where it is given', async () => {
  const { id, number } = await newJob(ana, { title: 'Rake by hand', state: 'ready', team: [{ user: ben.user.id, role: 'editor' }] });
  await ben.post(`/jobs/${id}/start`);
  await ben.post(`/jobs/${id}/submit`, { body: 'All raked' });
  await row('Reviews', 'Rake by hand').getByText('All raked').waitFor();
  assert.deepEqual((await ben.get('/inbox')).items, []);
  // By keyboard alone: the first row, then the next, then in.
  await page.locator('h1').click();
  await page.keyboard.press('j');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Rake by hand/);
  await page.keyboard.press('j');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Prune the pear/);
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await panel(page, number).getByRole('heading', { name: 'Rake by hand' }).waitFor();
  await ana.post(`/jobs/${id}/approve`);
  await page.getByRole('link', { name: /^Inbox/ }).click();
  await section('Mentions').waitFor();
  await section('Reviews').waitFor({ state: 'detached' });
});

step('inb_1_a mention is put aside by a key, and back', async () => {
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('e');
  await page.getByText('Nothing needs you').waitFor();
  await page.getByText('Put aside', { exact: true }).click();
  await row('Mentions', 'Prune the pear').getByRole('button', { name: /^Put #\d+ back$/ }).click();
  await page.getByText('Nothing put aside').waitFor();
  await page.getByText('Waiting', { exact: true }).click();
  await row('Mentions', 'Prune the pear').waitFor();
});

step('acc_4_of a private job nothing is in the inbox of who may not see it', async () => {
  const { id, number } = await newJob(ana, { title: 'Secret garden', private: true });
  const anas = await ana.post(`/jobs/${id}/notes`, { body: '@Ben Bo, this is about you' });
  assert.deepEqual(anas.not_mentioned, [{ name: 'Ben Bo', why: 'may_not_see' }]);
  assert.deepEqual(await ana.get(`/jobs/${id}/mentionable`), { items: [], next: null });
  assert.deepEqual((await ben.get('/inbox')).items, []);
  assert.equal((await ben.get('/inbox/count')).total, 0);
  await ana.put(`/jobs/${id}/team`, [{ user: ben.user.id, role: 'viewer' }]);
  await ana.post(`/jobs/${id}/notes`, { body: '@ben bo: now you see it' });
  assert.deepEqual((await ben.get('/inbox')).items.map((item) => item.job.number), [number]);
  await ana.put(`/jobs/${id}/team`, []);
  assert.deepEqual((await ben.get('/inbox')).items, []);
});

step('inb_1_notifications are asked for when somebody clicks', async () => {
  await page.getByRole('button', { name: 'Notify me' }).click();
  await page.getByText('Your browser blocks notifications', { exact: false }).waitFor();
  assert.equal(await page.evaluate(() => window.askedFor), 1);
});

step('web_2_activity shows who did what, live, filtered, with what is gone', async () => {
  await page.goto(`/w/${workspace.slug}/activity`);
  const feed = page.getByRole('region', { name: 'What happened' });
  await feed.getByText('Please look, @Ana').waitFor();
  const { id } = await newJob(ben, { title: 'Plant a hedge' });
  await feed.getByRole('article').first().getByText('Plant a hedge').waitFor();
  await ben.delete(`/jobs/${id}`);
  await feed.getByRole('article').first().getByText('deleted').waitFor();
  assert.equal(await feed.getByRole('link', { name: 'Plant a hedge' }).count(), 0, 'a tombstone leads nowhere');
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('members');
  await feed.getByText('joined as a member').waitFor();
  assert.equal(await feed.getByText('Plant a hedge').count(), 0);
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('');
  await page.getByRole('combobox', { name: 'Person' }).selectOption('Ben Bo');
  await feed.getByText('handed').first().waitFor();
  assert.equal(await feed.getByText('approved').count(), 0, 'that was Ana');
  await screenshot(page, 'inbox-2-activity');
  await noSeriousFindings('Activity');
  assert.deepEqual(stage.complaints(), []);
});

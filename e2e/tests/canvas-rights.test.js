/** Who may edit a canvas, as they see it: viewers, changed roles, the lock, canvases that go, sessions that end. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('canvas-rights', () => stage);

let ana;
let ben;
let workspace;
let canvas;
let her;
let his;

const tool = (page) => page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name: 'Sticky note' });
const object = (page, text) => page.locator('[data-object]').filter({ hasText: text });
/** Puts a note, with keys. */
async function write(page, text) {
  await page.getByRole('application').focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.press('Enter');
  await page.keyboard.type(text);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
}
const texts = async () => (await ana.get(`/canvases/${canvas.id}/export.json`)).objects.map(({ text }) => text).sort();
/** The canvases of which the browser keeps a copy. */
const copies = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith('coord:') && !name.endsWith(':probe')));
const lockOf = (page) => page.getByRole('button', { name: /^(Everybody edits|Only .* edits?$)/ });
const address = () => `/w/${workspace.slug}/canvases/${canvas.id}`;

step('CAN-10: a viewer watches, is told why, and has no tools', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben, 'viewer');
  canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Pond' });
  her = await stage.page('ana', { person: ana });
  his = await stage.page('ben', { person: ben });
  for (const page of [her, his]) {
    await page.goto(address());
    await page.getByRole('application').waitFor();
  }
  await write(her, 'Dig the pond');
  await object(his, 'Dig the pond').waitFor();
  await his.getByText('You are watching. Viewers cannot change a canvas.').waitFor();
  assert.equal(await tool(his).count(), 0);
  await write(his, '1234');
  await object(his, 'Dig the pond').click();
  await his.keyboard.press('Delete');
  await his.waitForTimeout(400);
  assert.deepEqual(await texts(), ['Dig the pond']);
  assert.equal(await object(his, 'Dig the pond').count(), 1);
  await screenshot(his, 'canvas-rights-1-viewer');
});

step('CAN-10: a role changes while the canvas is open, both ways', async () => {
  await ana.patch(`/workspaces/${workspace.id}/members/${ben.user.id}`, { role: 'member' });
  await tool(his).waitFor();
  assert.equal(await his.getByText(/^You are watching/).count(), 0);
  await write(his, 'Now I may');
  await object(her, 'Now I may').waitFor();
  await ana.patch(`/workspaces/${workspace.id}/members/${ben.user.id}`, { role: 'viewer' });
  await his.getByText('You are watching. Viewers cannot change a canvas.').waitFor();
  await tool(his).waitFor({ state: 'detached' });
  await write(his, '1234');
  await ana.patch(`/workspaces/${workspace.id}/members/${ben.user.id}`, { role: 'member' });
  await tool(his).waitFor();
  assert.deepEqual(await texts(), ['Dig the pond', 'Now I may']);
});

step('CAN-3: one locks the canvas, and hands over to the other', async () => {
  await lockOf(her).click();
  await her.getByRole('menuitem', { name: 'Only I edit, the others watch' }).click();
  await her.getByRole('button', { name: 'Only you edit' }).waitFor();
  await his.getByText('Ana edits alone now. You are watching.').waitFor();
  await tool(his).waitFor({ state: 'detached' });
  await write(his, '1234');
  await lockOf(his).click();
  await his.getByText('Ana edits alone now and can hand over to you.').waitFor();
  await screenshot(his, 'canvas-rights-2-locked');
  await his.keyboard.press('Escape');
  await write(her, 'Alone at last');
  await object(his, 'Alone at last').waitFor();
  await lockOf(her).click();
  await her.getByRole('menuitem', { name: 'Hand over to' }).click();
  await her.getByRole('menuitem', { name: 'Ben' }).click();
  await her.getByText('Ben edits alone now. You are watching.').waitFor();
  await his.getByRole('button', { name: 'Only you edit' }).waitFor();
  await tool(his).waitFor();
  await write(his, 'Mine alone');
  await object(her, 'Mine alone').waitFor();
  await screenshot(her, 'canvas-rights-3-handed-over');
  await lockOf(his).click();
  await his.getByRole('menuitem', { name: 'Let everybody edit' }).click();
  await tool(her).waitFor();
  assert.deepEqual(await texts(), ['Alone at last', 'Dig the pond', 'Mine alone', 'Now I may']);
});

step('CAN-10: who is removed leaves the open canvas at once, without a copy', async () => {
  const cleo = await stage.person('Cleo');
  await stage.join(ana, workspace, cleo);
  const page = await stage.page('cleo', { person: cleo });
  await page.goto(address());
  await object(page, 'Dig the pond').waitFor();
  await eventually('there is a copy', async () => (await copies(page)).length === 1);
  await ana.delete(`/workspaces/${workspace.id}/members/${cleo.user.id}`);
  await page.getByText(/is no longer open to you/).first().waitFor();
  await page.getByRole('application').waitFor({ state: 'detached' });
  await eventually('the copy is gone', async () => (await copies(page)).length === 0);
  await screenshot(page, 'canvas-rights-4-removed');
});

step('CAN-10: who signs out with the canvas open leaves no copy', async () => {
  await eventually('there is a copy', async () => (await copies(his)).length === 1);
  await his.getByRole('button', { name: /^Account of|Ben$/ }).last().click();
  await his.getByRole('menuitem', { name: 'Sign out' }).click();
  await his.getByRole('heading', { name: 'Sign in' }).waitFor();
  await eventually('the copy is gone', async () => (await copies(his)).length === 0);
});

step('CAN-10: who is signed out elsewhere is asked to sign in', async () => {
  const dora = await stage.person('Dora');
  await stage.join(ana, workspace, dora);
  const page = await stage.page('dora', { person: dora });
  await page.goto(address());
  await object(page, 'Dig the pond').waitFor();
  await eventually('there is a copy', async () => (await copies(page)).length === 1);
  await dora.post('/auth/logout');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 20_000 });
  await eventually('the copy is gone', async () => (await copies(page)).length === 0, 5_000);
});

step('CAN-10: a canvas is deleted while somebody looks at it', async () => {
  await eventually('there is a copy', async () => (await copies(her)).length === 1);
  const erin = await stage.person('Erin');
  await stage.join(ana, workspace, erin, 'admin');
  await erin.delete(`/canvases/${canvas.id}`);
  await her.getByText(/Pond (was deleted|is no longer open to you)/).first().waitFor();
  await eventually('the copy is gone', async () => (await copies(her)).length === 0);
  await screenshot(her, 'canvas-rights-5-deleted');
});

/** A canvas by keyboard alone: through the Outline, and on the canvas itself. Nothing here touches the mouse. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { choose, focused, hasFocus, listen, said, tabTo } from '../lib/hearing.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('canvas-keyboard', () => stage);

let ana;
let workspace;
let canvas;
let page;

const press = async (...keys) => {
  for (const key of keys) {
    await page.keyboard.press(key);
  }
};
const type = (text) => page.keyboard.type(text);
const row = (pattern) => hasFocus(page, 'treeitem', pattern);
const rows = () => page.getByRole('treeitem').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
const file = () => ana.get(`/canvases/${canvas.id}/export.json`);
/** The object with this text, once the server has what `fits` asks for. */
const saved = (text, fits = () => true) =>
  eventually(`${text} is on the server`, async () => (await file()).objects.find((object) => object.text.startsWith(text) && fits(object)));
/** Goes to a row as its first letters are typed. */
const find = async (letters) => {
  await page.waitForTimeout(750);
  await type(letters);
};
const menu = async (pattern) => {
  await press('Shift+F10');
  await choose(page, pattern);
};

step('WEB-4: Tab leads from the canvas to the Outline, which takes the keyboard', async () => {
  ana = await stage.person('Ana');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Pond' });
  page = await stage.page('ana', { person: ana });
  await listen(page);
  await page.goto(`/w/${workspace.slug}/canvases/${canvas.id}`);
  await hasFocus(page, 'application', /^Pond$/);
  await tabTo(page, 'button', /^Outline$/, { back: true });
  await press('Enter');
  await hasFocus(page, 'button', /^Outline$/);
  await page.getByRole('button', { name: 'Idea', exact: true }).waitFor();
  await tabTo(page, 'button', /^Idea$/, { most: 100 });
});

step('WEB-4: things are added and written in the Outline', async () => {
  await press('Enter');
  await said(page, /^Made\.$/);
  await hasFocus(page, 'textarea', /Idea/);
  await type('Dig the pond');
  await press('Enter');
  await row(/^Idea, Dig the pond/);
  await press('Control+Enter');
  await said(page, /^Made\.$/);
  await type('Fill it with water');
  await press('Enter');
  await row(/^Idea, Fill it/);
  await tabTo(page, 'button', /^New something else$/, { back: true });
  await press('Enter');
  await choose(page, /^Sticky note$/);
  await said(page, /^Made\.$/);
  await hasFocus(page, 'textarea', /Sticky/);
  await type('Which fish?');
  await press('Enter');
  await row(/^Sticky note, Which fish/);
  await press('F2', 'End');
  await type(' And plants?');
  await press('Escape');
  await row(/And plants\?/);
  await saved('Which fish? And plants?');
});

step('WEB-4: groups, moving, locking', async () => {
  await press('Control+g');
  await said(page, /Grouped/);
  await hasFocus(page, 'textarea', /Group/);
  await type('Questions');
  await press('Enter');
  await row(/^Group, Questions, 1 object inside/);
  await find('fill');
  await row(/^Idea, Fill it/);
  await press('Control+m');
  await hasFocus(page, 'combobox', /Search/);
  await type('quest');
  await press('Enter');
  await said(page, /moved to Questions/);
  await row(/^Idea, Fill it/);
  const group = await saved('Questions');
  await saved('Fill it', ({ parent }) => parent === group.id);
  await menu(/^Lock$/);
  await said(page, /locked/);
  await row(/Fill it.*, locked/);
  await press('F2');
  await said(page, /is locked/);
  await row(/Fill it/);
  await press('Control+Shift+l');
  await said(page, /unlocked/);
  await row(/Fill it with water$/);
  await screenshot(page, 'canvas-keyboard-1-outline');
});

step('WEB-4: a connector and a planned dependency', async () => {
  await menu(/^Connect to…$/);
  await hasFocus(page, 'combobox', /Search/);
  await type('fish');
  await press('Enter');
  await said(page, /^Fill it with water leads to Which fish/);
  await row(/^Idea, Fill it.*1 connector/);
  await menu(/^Connect to…$/);
  await hasFocus(page, 'combobox', /Search/);
  await tabTo(page, 'input', /^Leads to$/, { back: true });
  await press('ArrowRight');
  await hasFocus(page, 'input', /^Waits for$/);
  await press('Tab');
  await hasFocus(page, 'combobox', /Search/);
  await type('dig');
  await screenshot(page, 'canvas-keyboard-2-connect');
  await press('Enter');
  await said(page, /^Fill it with water waits for Dig the pond/);
  await row(/^Idea, Fill it.*2 connectors/);
  const dug = await saved('Dig');
  const filled = await saved('Fill');
  await eventually('both are on the server', async () => {
    const { links } = await file();
    return links.length === 2 && links.some(({ kind, from, to }) => kind === 'dep' && from.object === dug.id && to.object === filled.id);
  });
});

step('CAN-4: ideas become jobs, and the dependency between them real, by keyboard', async () => {
  await find('dig');
  await row(/^Idea, Dig/);
  await menu(/^Make a job of it…$/);
  await hasFocus(page, 'input', /^Title/);
  await press('Enter');
  await said(page, /#1 created/);
  await row(/^Job card, #1 Dig the pond/);
  await find('fill');
  await menu(/^Make a job of it…$/);
  await hasFocus(page, 'input', /^Title/);
  await press('Enter');
  await said(page, /#2 created/);
  await row(/^Job card, #2 Fill it/);
  const second = await eventually('it waits for the first', async () => {
    const { items } = await ana.get(`/workspaces/${workspace.id}/jobs`);
    return items.find(({ title, dependencies }) => title.startsWith('Fill') && dependencies.length === 1);
  });
  assert.equal(second.state, 'backlog');
});

step('CAN-5: the job opens beside the Outline, is made ready, and gives the keyboard back', async () => {
  await find('#1');
  await row(/#1 Dig/);
  await press('Enter');
  const beside = page.getByRole('complementary', { name: 'Job #1' });
  await beside.waitFor();
  await eventually('the keyboard is in the panel', () => beside.evaluate((element) => element.contains(document.activeElement)));
  await tabTo(page, 'button', /^Make ready$/);
  await press('Enter');
  await eventually('it is ready', async () => (await ana.get(`/workspaces/${workspace.id}/jobs`)).items.some(({ number, state }) => number === 1 && state === 'ready'));
  await eventually('the keyboard is somewhere', () => focused(page));
  await screenshot(page, 'canvas-keyboard-3-job');
  await press('Escape');
  await beside.waitFor({ state: 'detached' });
  await row(/#1 Dig the pond, Ready/);
});

step('WEB-4: delete, undo and redo are said, and the keyboard stays in the list', async () => {
  await find('which');
  await row(/^Sticky note, Which fish/);
  await press('Delete');
  await said(page, /^One object deleted/);
  await eventually('the row is gone', async () => !(await rows()).some((name) => name.startsWith('Sticky')));
  await row(/./);
  await press('Control+z');
  await said(page, /Undone/);
  await eventually('the row is back', async () => (await rows()).some((name) => name.startsWith('Sticky')));
  await row(/./);
  await press('Control+Shift+z');
  await said(page, /Redone/);
  await eventually('the row is gone again', async () => !(await rows()).some((name) => name.startsWith('Sticky')));
  await press('Control+z');
  await said(page, /Undone/);
  await row(/./);
});

step('WEB-4: finding, and from what is found back to it on the canvas', async () => {
  await tabTo(page, 'input', /^Find on the canvas$/, { back: true });
  await type('plants');
  await said(page, /^1 found|^One found/i);
  await press('Enter');
  await row(/^Sticky note, Which fish/);
  await menu(/^Show on the canvas$/);
  await page.getByRole('application').waitFor();
  await hasFocus(page, 'group', /^Sticky note, Which fish.*selected/);
  await screenshot(page, 'canvas-keyboard-4-canvas');
});

step('WEB-4: on the canvas Tab goes in reading order, and keys write, nudge, duplicate, delete, undo', async () => {
  await press('Escape');
  await hasFocus(page, 'application', /^Pond$/);
  const walk = async (key) => {
    const passed = [];
    for (let now; now === undefined || now?.role === 'group'; ) {
      await press(key);
      await page.waitForTimeout(150);
      now = await focused(page);
      passed.push(now?.name);
      assert.ok(passed.length < 10, `${key} leaves the canvas at its end`);
    }
    return passed.slice(0, -1);
  };
  await walk('Tab');
  const passed = (await walk('Shift+Tab')).reverse();
  assert.equal(passed.length, 4, passed.join('; '));
  for (const words of [/#1/, /#2/, /Questions/, /Which fish/]) {
    assert.ok(passed.some((name) => words.test(name)), `${words} in ${passed.join('; ')}`);
  }
  const inside = passed.findIndex((name) => name.startsWith('Group'));
  assert.match(passed.slice(inside + 1, inside + 3).join(), /Which fish/, 'what is in a group follows it');
  await tabTo(page, 'group', /^Sticky note, Which fish/);
  await press('Enter');
  await hasFocus(page, 'textarea', /Which fish/);
  await press('Control+End');
  await type(' Snails!');
  await press('Escape');
  await hasFocus(page, 'group', /Snails!/);
  const before = await saved('Which fish? And plants? Snails!');
  await press('ArrowRight', 'ArrowRight', 'Shift+ArrowDown');
  await saved('Which', ({ x, y }) => x === before.x + 2 && y === before.y + 10);
  await hasFocus(page, 'group', /Snails!/);
  await press('Control+d');
  await said(page, /duplicated/i);
  await eventually('there are two', async () => (await file()).objects.filter(({ text }) => text.startsWith('Which')).length === 2);
  await hasFocus(page, 'group', /Snails!/);
  await press('Delete');
  await said(page, /deleted/i);
  await eventually('there is one', async () => (await file()).objects.filter(({ text }) => text.startsWith('Which')).length === 1);
  await eventually('the keyboard is on the canvas', async () => /application|group/.test((await focused(page))?.role));
  await press('Control+z');
  await said(page, /undone/i);
  await eventually('there are two again', async () => (await file()).objects.filter(({ text }) => text.startsWith('Which')).length === 2);
  await eventually('the keyboard is on the canvas', async () => /application|group/.test((await focused(page))?.role));
  assert.deepEqual(stage.complaints(), []);
});

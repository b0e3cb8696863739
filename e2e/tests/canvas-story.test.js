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
const step = Stage.steps('canvas-story', () => stage);

let ana;
let ben;
let workspace;
let canvas;
let her;
let his;

const canvasOf = (page) => page.getByRole('application', { name: canvas?.name ?? 'Pond' });
/** The card that says this. */
const object = (page, text) => page.locator('[data-object]').filter({ hasText: text });
const tools = (page) => page.getByRole('toolbar', { name: 'Tools' });

/** Puts something with a text where the page's point is. */
async function write(page, tool, text, x, y) {
  await tools(page).getByRole('button', { name: tool }).click();
  await page.mouse.click(x, y);
  await page.keyboard.type(text);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
}

/** Selects one thing, or adds it to what is selected. */
const select = async (page, text, more = false) => {
  const box = await object(page, text).boundingBox();
  if (more) {
    await page.keyboard.down('Shift');
  }
  await page.mouse.click(box.x + box.width / 2, box.y + box.height - 8);
  if (more) {
    await page.keyboard.up('Shift');
  }
};

/** Plans that one card waits for another. */
async function plan(page, first, waits) {
  await page.keyboard.press('x');
  const kind = page.getByRole('button', { name: 'Dependency' });
  if ((await kind.getAttribute('aria-pressed')) !== 'true') {
    await kind.click();
  }
  const [a, b] = [await object(page, first).boundingBox(), await object(page, waits).boundingBox()];
  await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
  await page.mouse.down();
  await page.mouse.move(b.x + b.width / 2, b.y + b.height / 2, { steps: 8 });
  await page.mouse.up();
  await page.keyboard.press('Escape');
}

const jobs = async () => (await ana.get(`/workspaces/${workspace.id}/jobs`)).items;
const drawn = async () => ana.get(`/canvases/${canvas.id}/export.json`);

step('can_1_two people plan on one canvas, each sees what the other writes', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  her = await stage.page('ana', { person: ana });
  await her.goto(`/w/${workspace.slug}`);
  await her.getByRole('link', { name: 'Canvases' }).click();
  await her.getByRole('button', { name: 'New canvas' }).first().click();
  const dialog = her.getByRole('dialog', { name: 'New canvas' });
  await dialog.getByLabel('Name').fill('Pond');
  await dialog.getByRole('button', { name: 'Create canvas' }).click();
  await canvasOf(her).waitFor();
  [canvas] = (await ana.get(`/workspaces/${workspace.id}/canvases`)).items;
  his = await stage.page('ben', { person: ben });
  await his.goto(`/w/${workspace.slug}/canvases/${canvas.id}`);
  await canvasOf(his).waitFor();

  await write(her, 'Idea', 'Dig the pond', 480, 250);
  await write(her, 'Idea', 'Fill it with water', 820, 250);
  await object(his, 'Fill it with water').waitFor();
  // He looks at another part of it, maybe: so below what he sees.
  const below = async (text) => {
    const { x, y, width, height } = await object(his, text).boundingBox();
    return [x + width / 2, y + height * 2.2];
  };
  await write(his, 'Idea', 'Add fish', ...(await below('Dig the pond')));
  await write(his, 'Sticky', 'Which fish?', ...(await below('Fill it with water')));
  await object(her, 'Which fish?').waitFor();
  // Each others' name stands in the bar.
  await her.getByRole('button', { name: /Here now: .*Ben/ }).waitFor();
  await screenshot(her, 'canvas-1-plan');
});

step('can_6_dependencies are planned between ideas', async () => {
  for (const page of [her, his]) {
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.waitForTimeout(600);
  }
  await plan(her, 'Dig the pond', 'Fill it with water');
  await plan(her, 'Fill it with water', 'Add fish');
  const file = await eventually('both are there', async () => {
    const now = await drawn();
    return now.links.filter(({ kind }) => kind === 'dep').length === 2 && now;
  });
  assert.equal(file.objects.length, 4);
});

step('can_2_the end of a connector is dragged to another object, and taken back', async () => {
  const [dig, fill, fish] = await Promise.all(['Dig the pond', 'Fill it with water', 'Add fish'].map((text) => object(her, text).boundingBox()));
  const ends = async () => (await drawn()).links.map(({ to }) => to.object).sort();
  const before = await ends();
  const height = dig.y + dig.height / 2;
  await her.mouse.click((dig.x + dig.width + fill.x) / 2, height);
  await her.mouse.move(fill.x, height);
  await her.mouse.down();
  await her.mouse.move(fish.x + fish.width / 2, fish.y + fish.height / 2, { steps: 8 });
  await her.mouse.up();
  const { id } = (await drawn()).objects.find(({ text }) => text === 'Add fish');
  await eventually('both end at the fish', async () => (await ends()).every((end) => end === id));
  await her.keyboard.press('Control+z');
  await eventually('it is where it was', async () => JSON.stringify(await ends()) === JSON.stringify(before));
});

step('can_4_ideas become jobs in place, one of them once though both ask for it', async () => {
  await select(her, 'Dig the pond');
  await select(his, 'Dig the pond');
  for (const page of [her, his]) {
    await page.getByRole('button', { name: 'Make it a job' }).click();
  }
  const make = (page) => page.getByRole('dialog').getByRole('button', { name: 'Make job' }).click();
  await Promise.all([make(her), make(his)]);
  await eventually('there is one job', async () => (await jobs()).length === 1);
  await select(her, 'Fill it with water');
  await select(her, 'Add fish', true);
  await her.getByRole('button', { name: 'Make 2 jobs' }).click();
  await her.getByRole('dialog').getByRole('button', { name: 'Make 2 jobs' }).click();
  const all = await eventually('there are three', async () => {
    const now = await jobs();
    return now.length === 3 && now.every(({ title }) => title === 'Dig the pond' || now.find((job) => job.title === title).dependencies.length === 1) && now;
  });
  assert.deepEqual(all.map(({ title }) => title).sort(), ['Add fish', 'Dig the pond', 'Fill it with water']);
  assert.ok(all.every(({ state }) => state === 'backlog'), 'being on a canvas changes no job');
  // They are the jobs' own now, and still drawn.
  await eventually('the planned ones are real', async () => (await drawn()).links.length === 0);
  await screenshot(her, 'canvas-2-jobs');
});

step('can_5_a card follows its job to Done while the next becomes ready by itself', async () => {
  const [first, next] = ['Dig the pond', 'Fill it with water'].map((title) => title);
  const { id } = (await jobs()).find(({ title }) => title === first);
  await ana.post(`/jobs/${id}/ready`);
  await object(his, first).filter({ hasText: 'Ready' }).waitFor();
  await ana.post(`/jobs/${id}/move`, { state: 'in_progress' });
  await object(his, first).filter({ hasText: 'In progress' }).waitFor();
  await ana.post(`/jobs/${id}/complete`, {});
  await object(his, first).filter({ hasText: 'Done' }).waitFor();
  await object(his, next).filter({ hasText: 'Ready' }).waitFor();
  await screenshot(his, 'canvas-3-done');
});

step('can_3_one goes offline, writes, and comes back', async () => {
  await his.context().setOffline(true);
  await write(his, 'Sticky', 'Written on the train', 1150, 300);
  await his.getByText(/Offline, .* not saved/).first().waitFor();
  await write(her, 'Sticky', 'Written at home', 1150, 560);
  await screenshot(his, 'canvas-4-offline');
  await his.context().setOffline(false);
  await object(her, 'Written on the train').waitFor({ timeout: 30_000 });
  await object(his, 'Written at home').waitFor();
  await his.getByText('Saved', { exact: true }).first().waitFor();
});

step('can_2_both undo only their own', async () => {
  await canvasOf(her).press('Control+z');
  await object(his, 'Written at home').waitFor({ state: 'detached' });
  await object(her, 'Written on the train').waitFor();
  await canvasOf(his).press('Control+z');
  await object(her, 'Written on the train').waitFor({ state: 'detached' });
  await canvasOf(his).press('Control+Shift+z');
  await object(her, 'Written on the train').waitFor();
  const complaints = stage.complaints().filter((complaint) => !/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load resource/.test(complaint));
  assert.deepEqual(complaints, []);
});

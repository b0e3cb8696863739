/** axe-core on everything that belongs to canvases: nothing serious or critical (WEB-4). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { hasFocus } from '../lib/hearing.js';
import { Stage } from '../lib/stage.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('canvas-axe', () => stage);

let ana;
let vera;
let workspace;
let address;
/** A page for each of the looks: light and dark, wide and as a phone. */
const pages = new Map();

/** What is wrong on the page, by rule, with where. The guards around an open menu hand the keyboard on at once: it never stays on them. */
async function wrongs(page) {
  const violations = await page.evaluate(async () => (await window.axe.run({ exclude: ['[data-base-ui-focus-guard]'] }, { resultTypes: ['violations'] })).violations);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) => `${id}: ${target.join(' ')} (${[...any, ...all, ...none].map(({ message }) => message).join('; ').slice(0, 160)})`));
}

async function assertNothingWrong(name, page) {
  // What fades in is not yet as it stays, nor is what has come and goes again.
  await page.evaluate(() => Promise.all(document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  const found = await wrongs(page);
  await screenshot(page, `canvas-axe-${name}`);
  assert.deepEqual(found, [], name);
}

/** In all looks at once. */
const everywhere = (name, act) =>
  Promise.all(
    [...pages].map(async ([look, page]) => {
      await act(page);
      await assertNothingWrong(`${name}-${look}`, page);
    }),
  );

/** Notes of each colour, ideas, cards of jobs in each state, a group, connectors with words, a link, a locked text. */
function everything(jobs) {
  const common = { parent: null, by: null, ts: 0, locked: false };
  const colors = ['gray', 'red', 'orange', 'amber', 'green', 'blue', 'violet', 'pink'];
  const objects = colors.flatMap((color, at) => [
    { ...common, id: `s${at}`, type: 'sticky', x: at * 240, y: 0, w: 200, h: 200, z: `a${at}`, text: `A note that is ${color}`, color },
    { ...common, id: `i${at}`, type: 'idea', x: at * 280, y: 240, w: 240, h: 120, z: `b${at}`, text: `An idea that is ${color}\nwith more to say`, color },
    { ...common, id: `t${at}`, type: 'text', x: at * 240, y: 800, w: 200, h: 60, z: `d${at}`, text: `Words in ${color}`, color, locked: at === 0 },
  ]);
  objects.push(
    ...jobs.map((job, at) => ({ ...common, id: `j${at}`, type: 'job', x: at * 320, y: 440, w: 280, h: 136, z: `c${at}`, text: '', color: 'gray', job })),
    { ...common, id: 'g', type: 'group', x: -40, y: 400, w: 1400, h: 340, z: 'Zz', text: 'Jobs under way', color: 'green' },
    { ...common, id: 'l', type: 'link', x: 0, y: 900, w: 260, h: 110, z: 'e0', text: 'About ponds', color: 'gray', url: 'https://example.org/ponds' },
  );
  const links = [
    { id: 'r', from: { object: 's0', side: 'auto' }, to: { object: 'i2', side: 'auto' }, kind: 'rel', color: 'red', text: 'because' },
    { id: 'd', from: { object: 'i0', side: 'auto' }, to: { object: 'i1', side: 'auto' }, kind: 'dep', color: 'gray', text: '' },
  ];
  return { coord_canvas: 1, name: 'Pond', objects, links };
}

step('WEB-4: the list of canvases, and the dialog for a new one', async () => {
  ana = await stage.person('Ana');
  vera = await stage.person('Vera');
  workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, vera, 'viewer');
  const jobs = [];
  for (const title of ['Dig the pond', 'Fill it with water', 'Add fish', 'Sit beside it']) {
    jobs.push((await ana.post(`/workspaces/${workspace.id}/jobs`, { title })).id);
  }
  await ana.post(`/jobs/${jobs[1]}/ready`);
  for (const job of jobs.slice(2)) {
    await ana.post(`/jobs/${job}/move`, { state: 'in_progress' });
  }
  await ana.post(`/jobs/${jobs[3]}/complete`, {});
  const canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Pond' });
  await ana.post(`/canvases/${canvas.id}/import`, everything(jobs));
  address = `/w/${workspace.slug}/canvases/${canvas.id}`;
  for (const [look, options] of [
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['phone-light', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
    ['phone-dark', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }],
  ]) {
    const page = await stage.page(look, { person: ana, reducedMotion: 'reduce', ...options });
    await page.addInitScript(axe);
    pages.set(look, page);
  }
  await everywhere('list', async (page) => {
    await page.goto(`/w/${workspace.slug}/canvases`);
    await page.getByRole('link', { name: 'Pond' }).first().waitFor();
  });
  await everywhere('new', async (page) => {
    await page.getByRole('button', { name: 'New canvas' }).first().click();
    await page.getByRole('dialog', { name: 'New canvas' }).waitFor();
  });
});

step('WEB-4: the Outline, with its menu and dialogs', async () => {
  await everywhere('outline', async (page) => {
    await page.goto(`${address}?view=outline`);
    await page.getByRole('treeitem').nth(5).waitFor();
  });
  await everywhere('outline-menu', async (page) => {
    const row = page.getByRole('treeitem', { name: /^Idea, An idea that is red/ });
    await row.focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menu').waitFor();
  });
  await everywhere('connect', async (page) => {
    await page.getByRole('menuitem', { name: 'Connect to…' }).click();
    await page.getByRole('dialog', { name: 'Connect to…' }).waitFor();
  });
  await everywhere('promote', async (page) => {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hasFocus(page, 'treeitem', /^Idea, An idea that is red/);
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Make a job of it…' }).click();
    await page.getByRole('dialog', { name: 'Make it a job' }).waitFor();
  });
});

for (const zoom of [0.2, 1, 2]) {
  step(`WEB-4: the canvas at ${zoom * 100} %`, async () => {
    await everywhere(`zoom-${zoom * 100}`, async (page) => {
      if (!page.url().includes('view=canvas')) {
        await page.goto(`${address}?view=canvas`);
      }
      const application = page.getByRole('application');
      await application.waitFor();
      await application.focus();
      await page.waitForTimeout(400);
      // With something selected, so that its bar is there too. Selecting comes close to it, so it is first.
      await page.keyboard.press('Tab');
      await page.waitForTimeout(400);
      await page.keyboard.press('Shift+Digit0');
      await page.waitForTimeout(400);
      for (let presses = Math.round(Math.abs(Math.log(zoom) / Math.log(1.25))); presses > 0; presses--) {
        await page.keyboard.press(zoom < 1 ? '-' : '+');
      }
      await page.waitForTimeout(500);
      const percent = page.getByRole('button', { name: /go to 100 %/ });
      const shown = (await percent.isVisible()) ? Number.parseInt(await percent.innerText(), 10) / 100 : zoom;
      assert.ok(Math.abs(shown - zoom) <= zoom * 0.1, `the zoom is ${shown}`);
      assert.ok((await page.locator('[data-object]').count()) > 0);
    });
  });
}

step('WEB-4: somebody who only watches, on the canvas and in the Outline', async () => {
  pages.clear();
  for (const [look, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]]) {
    const page = await stage.page(`vera-${look}`, { person: vera, reducedMotion: 'reduce', ...options });
    await page.addInitScript(axe);
    pages.set(look, page);
  }
  await everywhere('viewer', async (page) => {
    await page.goto(`${address}?view=canvas`);
    await page.getByText(/^You are watching\./).waitFor();
    await page.waitForTimeout(600);
  });
  await everywhere('viewer-outline', async (page) => {
    await page.goto(`${address}?view=outline`);
    await page.getByRole('treeitem').nth(5).waitFor();
  });
  assert.deepEqual(stage.complaints(), []);
});

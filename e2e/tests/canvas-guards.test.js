/** What keeps a large canvas fast, counted rather than timed: compositor layers, elements, and what one person's move touches at another's. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { importCanvas, largeCanvas } from '../lib/large-canvas.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

/** A compositor layer of its own for each card makes a frame take half a second. */
const MOST_LAYERS = 12;
const MOST_ELEMENTS = 4_000;

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('canvas-guards', () => stage);

let ana;
let ben;
let address;
let page;

const application = (of) => of.getByRole('application');
const percent = (of) => of.getByRole('button', { name: /go to 100 %/ });

async function zoomTo(of, wanted) {
  await application(of).focus();
  // Where the jobs' cards are: they hold more than notes do.
  await of.keyboard.press('Control+f');
  await of.getByLabel('Find on this canvas').fill('Plant tree number 14 ');
  await of.getByText(/^1 of 1$/).waitFor();
  await of.waitForTimeout(400);
  await of.keyboard.press('Escape');
  await of.mouse.move(820, 450);
  await of.keyboard.down('Control');
  await eventually(`the zoom is ${wanted} %`, async () => {
    const now = Number.parseInt(await percent(of).innerText(), 10);
    if (Math.abs(now - wanted) <= Math.max(1, wanted * 0.04)) {
      return true;
    }
    await of.mouse.wheel(0, (Math.log(now / wanted) / 0.009) * 0.8);
    return false;
  });
  await of.keyboard.up('Control');
  // Cards come a few per frame.
  await of.waitForTimeout(900);
}

/** Layers that draw something. */
async function layersOf(of) {
  const protocol = await of.context().newCDPSession(of);
  let layers = [];
  protocol.on('LayerTree.layerTreeDidChange', (event) => {
    layers = event.layers ?? layers;
  });
  await protocol.send('DOM.enable');
  await protocol.send('LayerTree.enable');
  await of.mouse.wheel(7, 3);
  await eventually('the layers are known', () => layers.length > 0);
  await of.waitForTimeout(300);
  await protocol.detach();
  return layers.filter(({ drawsContent }) => drawsContent).length;
}

step('can_2_ten thousand objects open, and the map shows all of them', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  const workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  const jobs = [];
  for (let number = 0; number < 36; number++) {
    const { id } = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: `Plant tree number ${number} and tie it to its stake` });
    jobs.push(id);
  }
  const canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Orchard' });
  const file = largeCanvas(jobs);
  await importCanvas(ana, canvas, file);
  address = `/w/${workspace.slug}/canvases/${canvas.id}`;
  page = await stage.page('ana', { person: ana });
  await page.goto(address);
  await application(page).waitFor();
  await application(page).focus();
  await eventually('all is in view', async () => {
    await page.keyboard.press('Shift+Digit1');
    await page.waitForTimeout(300);
    return Number.parseInt(await percent(page).innerText(), 10) < 10;
  });
  await page.waitForTimeout(500);
  await screenshot(page, 'canvas-guards-1-all');
});

for (const zoom of [100, 42, 10, 200]) {
  step(`can_2_at ${zoom} % a large canvas takes few layers and few elements`, async () => {
    await zoomTo(page, zoom);
    const layers = await layersOf(page);
    const elements = await page.evaluate(() => document.querySelectorAll('*').length);
    await screenshot(page, `canvas-guards-2-at-${zoom}`);
    assert.ok(layers <= MOST_LAYERS, `${layers} layers`);
    assert.ok(elements <= MOST_ELEMENTS, `${elements} elements`);
  });
}

step('can_3_what one person drags moves that card at the other’s, and touches no other', async () => {
  const other = await stage.page('ben', { person: ben });
  await other.goto(address);
  for (const one of [page, other]) {
    await application(one).waitFor();
    await eventually('the note is found', async () => {
      await application(one).focus();
      await one.keyboard.press('Control+f');
      await one.getByLabel('Find on this canvas').fill('Row 50, plant 50');
      await one.waitForTimeout(500);
      const found = await one.getByText(/^1 of /).isVisible();
      await one.keyboard.press('Escape');
      return found;
    });
    await one.keyboard.press('Shift+Digit0');
    await one.waitForTimeout(1500);
  }
  const card = (of) => of.getByRole('group', { name: /^Sticky note, Row 50, plant 50/ });
  const { x, y, width } = await card(other).boundingBox();
  await page.evaluate(() => {
    const moved = new Set();
    window.movedCards = moved;
    const watch = new MutationObserver((records) => {
      for (const { target, type } of records) {
        moved.add(type === 'childList' ? 'a list of cards' : (target.closest?.('[data-object]')?.getAttribute('aria-label') ?? target.className));
      }
    });
    watch.observe(document.querySelector('.cv-world'), { subtree: true, childList: true, attributes: true, attributeFilter: ['style'] });
  });
  const before = await card(page).boundingBox();
  await other.mouse.move(x + width / 2, y + 20);
  await other.mouse.down();
  await other.mouse.move(x + width / 2 + 40, y + 60, { steps: 12 });
  await eventually('the drag is seen before the drop', async () => (await card(page).boundingBox()).y > before.y + 10);
  await other.mouse.up();
  const dropped = await eventually('the drop is seen', async () => {
    const [mine, theirs] = [await card(page).boundingBox(), await card(other).boundingBox()];
    return Math.abs(mine.x - before.x - (theirs.x - x)) < 1 && Math.abs(mine.y - before.y - (theirs.y - y)) < 1 && mine;
  });
  assert.ok(dropped.y > before.y + 10);
  const touched = await page.evaluate(() => [...window.movedCards].filter((name) => !name.startsWith('cv-')));
  assert.deepEqual(touched.map((name) => name.slice(0, 33)), ['Sticky note, Row 50, plant 50\nWat']);
});

step('the pages did not complain', async () => {
  assert.deepEqual(stage.complaints(), []);
});

/**
 * How a canvas of ten thousand objects moves: `node frames.js` in this folder, after the programs are built. Prints what stands in
 * docs/benchmarks.md. To be run while the machine does nothing else; `COORD_E2E_SERVER` names a server built for release.
 */
import { framesOf } from './lib/frames.js';
import { importCanvas, largeCanvas } from './lib/large-canvas.js';
import { Stage } from './lib/stage.js';
import { joinCanvas } from './lib/yjs.js';

const PEOPLE = 20;

const row = (name, { median, p95, longest, count }) =>
  process.stdout.write(`| ${name} | ${median.toFixed(1)} | ${p95.toFixed(1)} | ${longest.toFixed(0)} | ${count} |\n`);

/** Notes when the document arrived, and when there was something to see. */
function watchFirstPaint() {
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if ((data.byteLength ?? data.size ?? 0) > 500_000) {
          window.documentAt ??= performance.now();
        }
      });
    }
  };
  const look = () => {
    const picture = document.querySelector('.cv-picture');
    if (window.documentAt && picture?.width) {
      const small = new OffscreenCanvas(64, 64).getContext('2d');
      small.drawImage(picture, 0, 0, 64, 64);
      if (document.querySelector('[data-object]') || small.getImageData(0, 0, 64, 64).data.some((value, at) => at % 4 === 3 && value > 0)) {
        window.paintedAt = performance.now();
        return;
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Moves the pointer back and forth, a step for each frame. */
async function strokes(page, [x, y], [dx, dy], times = 3) {
  for (let at = 0; at < times; at++) {
    await page.mouse.move(x + dx, y + dy, { steps: 40 });
    await page.mouse.move(x, y, { steps: 40 });
  }
}

const stage = await Stage.open();
try {
  const ana = await stage.person('Ana');
  const workspace = await ana.post('/workspaces', { name: 'Orchard' });
  const jobs = [];
  for (let number = 0; number < 36; number++) {
    jobs.push((await ana.post(`/workspaces/${workspace.id}/jobs`, { title: `Plant tree number ${number}` })).id);
  }
  const canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Orchard' });
  await importCanvas(ana, canvas, largeCanvas(jobs));
  const page = await stage.page('ana', { person: ana });
  await page.addInitScript(watchFirstPaint);
  await page.goto(`/w/${workspace.slug}/canvases/${canvas.id}`);
  const application = page.getByRole('application');
  await application.waitFor();
  await page.waitForFunction(() => window.paintedAt);
  const paint = await page.evaluate(() => window.paintedAt - window.documentAt);
  process.stdout.write(`From the document's last byte to the first picture: ${paint.toFixed(0)} ms\n\n| 10,000 objects | median ms | p95 ms | longest ms | frames |\n|---|---|---|---|---|\n`);

  const wheel = async (x, y, times) => {
    for (let at = 0; at < times; at++) {
      await page.mouse.wheel(x, y);
      await page.waitForTimeout(8);
    }
  };
  const settle = () => page.waitForTimeout(1_500);
  const nearBy = async () => {
    await application.focus();
    await page.keyboard.press('Control+f');
    await page.getByLabel('Find on this canvas').fill('Row 50, plant 50');
    await page.getByText(/^1 of /).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+Digit0');
    await settle();
  };
  await nearBy();
  await page.mouse.move(700, 450);
  row('a pointer that does nothing', await framesOf(page, () => strokes(page, [700, 450], [200, 100])));
  row('pan at 100 %', await framesOf(page, async () => {
    await wheel(30, 12, 100);
    await wheel(-30, -12, 100);
  }));
  await settle();
  row('zoom in and out', await framesOf(page, async () => {
    await page.keyboard.down('Control');
    await wheel(0, 8, 90);
    await wheel(0, -8, 90);
    await page.keyboard.up('Control');
  }));
  await nearBy();
  const card = page.getByRole('group', { name: /^Sticky note, Row 50, plant 50/ });
  const box = await card.boundingBox();
  const at = [box.x + box.width / 2, box.y + 20];
  const drag = async () => {
    await page.mouse.move(...at);
    await page.mouse.down();
    await strokes(page, at, [180, 120]);
    await page.mouse.up();
  };
  row('drag of one card', await framesOf(page, drag));
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => joinCanvas(ana, canvas.id)));
  await nearBy();
  // Around the card that is dragged, and not that one.
  const near = ([, x, y]) => Math.abs(x - 16_000) < 1_300 && Math.abs(y - 12_000) < 700 && !(x === 16_000 && y === 12_000);
  const moved = [...people[0].objects].filter(([, object]) => near(object.get('at'))).map(([id]) => id);
  let turn = 0;
  const moving = setInterval(() => {
    turn += 1;
    people.forEach(({ objects }, person) => {
      const object = objects.get(moved[person]);
      const [parent, x, y] = object.get('at');
      object.set('at', [parent, x + (turn % 20 < 10 ? 6 : -6), y]);
    });
  }, 50);
  row(`${PEOPLE} people who move things, 20 times a second each`, await framesOf(page, () => page.waitForTimeout(6_000)));
  row('the same, and a drag', await framesOf(page, drag));
  clearInterval(moving);
  people.forEach(({ leave }) => leave());
  await application.focus();
  await page.keyboard.press('Shift+Digit1');
  await settle();
  row('pan, all in view', await framesOf(page, async () => {
    await wheel(20, 8, 100);
    await wheel(-20, -8, 100);
  }));
} finally {
  await stage.close();
}

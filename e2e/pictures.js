/**
 * The pictures of the README and docs, made from the real programs: `node pictures.js` in this folder, after the programs are built. Every page
 * in every look goes to `out/pictures`; those the documents show go to `docs`.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { looks } from './lib/accessible.js';
import { out } from './lib/browser.js';
import { busyTeam } from './lib/busy-team.js';
import { Stage } from './lib/stage.js';
import { pagesOf } from './lib/tour.js';

/** Names in `docs` of the pictures they show. */
const shown = { 'job-log-light': 'picture', 'canvas-light': 'canvas', 'board-light': 'board', 'graph-dark': 'graph' };

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const folder = join(out, 'pictures');
mkdirSync(folder, { recursive: true });
const stage = await Stage.open();
try {
  const team = await busyTeam(stage);
  for (const [look, options] of looks) {
    const page = await stage.page(look, { person: team.ana, reducedMotion: 'reduce', ...options });
    for (const { name, path, ready } of pagesOf(team)) {
      await page.goto(path);
      await ready(page);
      await page.waitForTimeout(300);
      const file = join(folder, `${name}-${look}.png`);
      await page.screenshot({ path: file });
      const place = shown[`${name}-${look}`];
      if (place) {
        copyFileSync(file, join(docs, `${place}.png`));
      }
    }
  }
  process.stdout.write(`Pictures are in ${folder}\n`);
} finally {
  await stage.close();
}

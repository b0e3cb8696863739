/** axe-core on every page of a workspace and of an account: nothing serious or critical, in light and dark, wide and as a phone (WEB-4). */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { looks, seriousWrongs } from '../lib/accessible.js';
import { busyTeam } from '../lib/busy-team.js';
import { pagesOf } from '../lib/tour.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('pages-axe', () => stage);

let team;
step('WEB-4: every page, with everything on it that a team has', async () => {
  team = await busyTeam(stage);
  const found = [];
  for (const [look, options] of looks) {
    const page = await stage.page(look, { person: team.ana, reducedMotion: 'reduce', ...options });
    for (const { name, path, ready } of pagesOf(team)) {
      await page.goto(path);
      await ready(page);
      found.push(...(await seriousWrongs(page, `pages-axe-${name}-${look}`)));
    }
  }
  assert.deepEqual(found, []);
  assert.deepEqual(stage.complaints(), []);
});

step('WEB-4: every page of a workspace that is new', async () => {
  const dora = await stage.person('Dora');
  const workspace = await dora.post('/workspaces', { name: 'Empty' });
  const found = [];
  for (const [look, options] of looks) {
    const page = await stage.page(`empty-${look}`, { person: dora, reducedMotion: 'reduce', ...options });
    for (const { name, path, ready } of pagesOf({ workspace })) {
      await page.goto(path);
      await ready(page);
      found.push(...(await seriousWrongs(page, `pages-axe-empty-${name}-${look}`)));
    }
  }
  assert.deepEqual(found, []);
  assert.deepEqual(stage.complaints(), []);
});

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';
import { addObject, joinCanvas, state, yrsClient } from '../lib/yjs.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
const clients = [];
after(async () => {
  for (const client of clients) {
    client.leave();
  }
  await stage?.close();
});
const step = Stage.steps('canvas-clients', () => stage);

let ana;
let ben;
let canvas;
let first;
let second;

const join = async (person) => {
  const client = await joinCanvas(person, canvas.id);
  clients.push(client);
  return client;
};
const equal = (...all) => eventually('all have the same', async () => new Set(all.map(state)).size === 1);

step('can_1_the packages yjs and y-websocket join, edit and merge', async () => {
  ana = await stage.person('Ana');
  ben = await stage.person('Ben');
  const workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben);
  canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Plan' });
  first = await join(ana);
  second = await join(ben);
  addObject(first, 'a', { txt: 'Plums' });
  await eventually('Ben sees it', async () => second.objects.get('a')?.get('txt')?.toString() === 'Plums');
  // Both type into one text at once.
  first.objects.get('a').get('txt').insert(5, ' and 🍐');
  second.objects.get('a').get('txt').insert(0, 'Ripe ');
  addObject(second, 'b', { t: 'idea', txt: 'Jam' });
  await equal(first, second);
  assert.equal(first.objects.get('a').get('txt').toString(), 'Ripe Plums and 🍐');
});

step('can_3_they see each other, and nobody speaks for another', async () => {
  first.provider.awareness.setLocalStateField('cur', [1, 2]);
  first.provider.awareness.setLocalStateField('user', { name: 'Ben' });
  const seen = await eventually('Ben sees her cursor', async () => second.provider.awareness.getStates().get(first.doc.clientID)?.cur && second.provider.awareness.getStates().get(first.doc.clientID));
  assert.equal(seen.user.name, 'Ana');
  assert.equal(seen.user.id, ana.user.id);
});

step('can_8_what they saw is there after the server was killed, and they go on', async () => {
  await stage.server.kill();
  addObject(first, 'offline', { txt: 'Written without a server' });
  second.objects.get('a').set('at', ['', 40, 80]);
  await stage.startServerAgain();
  await eventually('Ben has it', async () => second.objects.has('offline'), 30_000);
  await equal(first, second);
  const third = await join(ana);
  await equal(first, second, third);
  assert.deepEqual(third.objects.get('a').get('at'), ['', 40, 80]);
});

step('can_10_a viewer watches, and who is removed is disconnected', async () => {
  const [workspace] = (await ana.get('/workspaces')).items;
  const cleo = await stage.person('Cleo');
  await stage.join(ana, workspace, cleo, 'viewer');
  const watching = await join(cleo);
  await equal(first, watching);
  addObject(watching, 'no', { txt: 'Not mine to write' });
  addObject(first, 'yes', { txt: 'Mine' });
  await eventually('Cleo sees it', async () => watching.objects.has('yes'));
  assert.equal(first.objects.has('no'), false);
  await ana.delete(`/workspaces/${workspace.id}/members/${ben.user.id}`);
  await eventually('Ben is out', async () => !second.provider.wsconnected);
  addObject(first, 'later', {});
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(second.objects.has('later'), false);
});

step('can_1_two clients in Rust, two of npm and a browser have the same at rest', async () => {
  const [workspace] = (await ana.get('/workspaces')).items;
  const { token } = await ana.post('/tokens', { name: 'clients' });
  canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'Together' });
  const dan = await stage.person('Dan');
  await stage.join(ana, workspace, dan);
  const one = await join(ana);
  const two = await join(dan);
  addObject(one, 'shared', { txt: 'All write here:' });
  await equal(one, two);
  const page = await stage.page('ana', { person: ana });
  await page.goto(`/w/${workspace.slug}/canvases/${canvas.id}`);
  await page.locator('[data-object]').filter({ hasText: 'All write here' }).waitFor();
  const rust = [
    [901, 'first of Rust'],
    [902, 'second of Rust 🦀'],
  ].map(([client, note]) =>
    yrsClient([`${ana.base.replace(/^http/, 'ws')}/api/v1/canvases/${canvas.id}/sync?acks=1`, String(client), note], token),
  );
  two.objects.get('shared').get('txt').insert(15, ' npm');
  await page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name: 'Sticky' }).click();
  await page.mouse.click(420, 640);
  await page.keyboard.type('From a browser');
  await page.keyboard.press('Escape');
  await eventually('everybody wrote', async () => {
    const shown = state(one);
    return ['first of Rust', 'second of Rust', 'From a browser'].every((text) => shown.includes(text));
  });
  for (const text of ['first of Rust', 'second of Rust', 'From a browser']) {
    await page.locator('[data-object]').filter({ hasText: text }).first().waitFor();
  }
  await equal(one, two);
  for (const client of rust) {
    const [, objects, links] = JSON.parse(await client.end());
    const same = { objects: { toJSON: () => objects }, links: { toJSON: () => links } };
    assert.equal(state(same), state(one));
  }
  const file = await ana.get(`/canvases/${canvas.id}/export.json`);
  assert.equal(file.objects.length, Object.keys(one.objects.toJSON()).length);
});

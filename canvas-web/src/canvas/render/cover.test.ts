import { expect, test } from 'vitest';
import { sceneOf } from '../scene/sample';
import { Cover } from './cover';

const grid = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ id: `o${at}`, x: (at % 50) * 200, y: Math.floor(at / 50) * 200 }));
const seen = (x: number, y: number, zoom = 1) => ({ x, y, w: 1440 / zoom, h: 900 / zoom });

function coverOf(count: number) {
  const made = sceneOf(...grid(count));
  const cover = new Cover(made.scene, () => undefined);
  made.scene.subscribe((change) => cover.change(change));
  return { ...made, cover };
}

test('CAN-2: cards come a few per frame, those in view first', () => {
  const { cover, scene } = coverOf(2500);
  cover.look(seen(2000, 2000), 1);
  expect(cover.mounted.size).toBe(24);
  expect(cover.pending).toBe(true);
  for (let frame = 0; frame < 10 && cover.pending; frame++) {
    cover.frame();
  }
  const inView = scene.query(seen(2000, 2000));
  expect(inView.every((id) => cover.mounted.has(id))).toBe(true);
  expect(cover.mounted.size).toBeLessThan(inView.length + 30);
});

test('CAN-2: while the view stays within what is covered, moving the camera reads no object', () => {
  const { cover, scene } = coverOf(2500);
  cover.look(seen(2000, 2000), 1);
  for (let frame = 0; frame < 30; frame++) {
    cover.frame();
  }
  scene.counts.reads = 0;
  for (let step = 0; step < 200; step++) {
    cover.look(seen(2000 + step, 2000 - step), 1);
    cover.frame();
  }
  expect(scene.counts.reads).toBe(0);
});

test('CAN-2: what is held stays in the page wherever one looks, and only that from afar', () => {
  const { cover } = coverOf(2500);
  cover.look(seen(0, 0), 1);
  cover.hold(new Set(['o0']));
  cover.look(seen(8000, 8000), 1);
  expect(cover.mounted.has('o0')).toBe(true);
  expect(cover.mounted.has('o1')).toBe(false);
  cover.look(seen(0, 0, 0.1), 0.1);
  expect([...cover.mounted]).toEqual(['o0']);
  expect(cover.area).toBeNull();
});

test('CAN-2: at the border between near and far a small zoom back and forth changes nothing', () => {
  const { cover } = coverOf(10);
  cover.look(seen(0, 0, 0.39), 0.39);
  expect(cover.near).toBe(false);
  cover.look(seen(0, 0, 0.41), 0.41);
  expect(cover.near).toBe(true);
  cover.look(seen(0, 0, 0.39), 0.39);
  expect(cover.near).toBe(true);
  cover.look(seen(0, 0, 0.36), 0.36);
  expect(cover.near).toBe(false);
});

test('CAN-3: a card that another deletes leaves the page, one that another makes comes', () => {
  const { cover, doc, frame } = coverOf(3);
  cover.look(seen(0, 0), 1);
  cover.frame();
  expect(cover.mounted.size).toBe(3);
  doc.getMap('objects').delete('o1');
  frame();
  expect(cover.mounted.has('o1')).toBe(false);
});

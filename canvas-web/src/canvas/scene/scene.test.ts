import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curve, distance, pointOn } from './connectors';
import { fitted, overlaps, toScreen, toWorld, viewBox, zoomedAt } from './geometry';
import { link, move, put, sceneOf } from './sample';
import { OWN } from './scene';

test('CAN-2: what is in a group moves along with it', () => {
  const { doc, scene, frame } = sceneOf(
    { id: 'g', type: 'group', x: 100, y: 100, w: 400, h: 300 },
    { id: 'inner', type: 'group', parent: 'g', x: 20, y: 20, w: 200, h: 200 },
    { id: 's', parent: 'inner', x: 5, y: 6 },
  );
  expect(scene.box('s')).toEqual({ x: 125, y: 126, w: 100, h: 100 });
  move(doc, 'g', 1000, 0);
  frame();
  expect(scene.box('s')).toEqual({ x: 1025, y: 26, w: 100, h: 100 });
  expect(scene.query({ x: 1000, y: 0, w: 10, h: 10 })).toEqual(['g']);
  expect(scene.query({ x: 1030, y: 30, w: 1, h: 1 })).toEqual(['g', 'inner', 's']);
  expect(scene.query({ x: 100, y: 100, w: 50, h: 50 })).toEqual([]);
});

test('CAN-2: the topmost object is hit, cards before groups whatever their order', () => {
  const { scene } = sceneOf({ id: 'g', type: 'group', z: 'z9', w: 300, h: 300 }, { id: 'low', z: 'a1' }, { id: 'high', z: 'a2', x: 50 });
  expect(scene.hit({ x: 75, y: 50 })).toBe('high');
  expect(scene.hit({ x: 25, y: 50 })).toBe('low');
  expect(scene.hit({ x: 75, y: 50 }, (id) => id === 'high')).toBe('low');
  expect(scene.hit({ x: 250, y: 250 })).toBe('g');
  expect(scene.hit({ x: 900, y: 0 })).toBeNull();
  expect(scene.groupAt({ x: 25, y: 25 }, new Set())).toBe('g');
  expect(scene.groupAt({ x: 25, y: 25 }, new Set(['g']))).toBeNull();
});

test('CAN-2: a drag shows at once, changes no index, and ends with the document’s own notice', () => {
  const { doc, scene, frame } = sceneOf({ id: 'a' }, { id: 'b', x: 500 });
  link(doc, 'l', 'a', 'b');
  frame();
  const indexed = scene.counts.indexed;
  scene.setDraft(OWN, { ids: ['a'], dx: 0, dy: 1000 });
  expect(scene.box('a')).toEqual({ x: 0, y: 1000, w: 100, h: 100 });
  expect(scene.query({ x: 0, y: 1050, w: 10, h: 10 })).toEqual(['a']);
  expect(scene.query({ x: 0, y: 0, w: 10, h: 10 })).toEqual([]);
  expect(scene.queryLinks({ x: 0, y: 900, w: 100, h: 200 })).toEqual(['l']);
  expect(scene.object('a')?.drafted).toBe(true);
  expect(scene.counts.indexed).toBe(indexed);

  move(doc, 'a', 0, 1000);
  scene.settleDraft(OWN);
  expect(scene.box('a')?.y, 'until the notice the drag is shown, and not twice').toBe(1000);
  frame();
  expect(scene.box('a')?.y).toBe(1000);
  expect(scene.object('a')?.drafted).toBe(false);
});

test('CAN-2: a drag back to where it began ends, though the document had nothing to tell', () => {
  const { scene, frame } = sceneOf({ id: 'a' });
  scene.setDraft(OWN, { ids: ['a'], dx: 0.1, dy: 0 });
  scene.settleDraft(OWN);
  frame();
  expect(scene.isDrafted('a')).toBe(false);
  scene.setDraft(OWN, { ids: ['a'], dx: 30, dy: 0 });
  expect(scene.box('a')?.x).toBe(30);
});

test('CAN-3: what another drags is not shown moved twice when the drop arrives before the end of the drag', () => {
  const { doc, scene, frame } = sceneOf({ id: 'a' });
  scene.setDraft('7', { ids: ['a'], dx: 40, dy: 0 });
  expect(scene.box('a')?.x).toBe(40);
  move(doc, 'a', 50, 0);
  frame();
  expect(scene.box('a')?.x).toBe(50);
  scene.setDraft('7', { ids: ['a'], dx: 50, dy: 0 });
  expect(scene.box('a')?.x).toBe(50);
  scene.setDraft('7', null);
  scene.setDraft('7', { ids: ['a'], dx: 1, dy: 0 });
  expect(scene.box('a')?.x).toBe(51);
});

test('CAN-2: resizing a group leaves what is inside where it is', () => {
  const { scene } = sceneOf({ id: 'g', type: 'group', w: 400, h: 400 }, { id: 's', parent: 'g', x: 50, y: 50 });
  scene.setDraft(OWN, { boxes: new Map([['g', { x: -100, y: -100, w: 500, h: 500 }]]) });
  expect(scene.box('g')).toEqual({ x: -100, y: -100, w: 500, h: 500 });
  expect(scene.box('s')).toEqual({ x: 50, y: 50, w: 100, h: 100 });
});

test('CAN-2: one notice per frame, and each object’s own listeners hear of it once', () => {
  const { doc, scene, frame } = sceneOf({ id: 'a' }, { id: 'b' });
  let notices = 0;
  let own = 0;
  scene.subscribe(() => notices++);
  scene.subscribeObject('a', () => own++);
  for (let x = 0; x < 5; x++) {
    move(doc, 'a', x, 1);
    move(doc, 'b', x, 1);
  }
  const before = scene.object('b');
  frame();
  expect([notices, own]).toEqual([1, 1]);
  expect(scene.object('b')).not.toBe(before);
  expect(scene.object('b')).toBe(scene.object('b'));
});

test('CAN-2: looking elsewhere reads what is in view and nothing else', () => {
  const many = Array.from({ length: 10_000 }, (_, at) => ({ id: `o${at}`, x: (at % 100) * 200, y: Math.floor(at / 100) * 200 }));
  const { scene } = sceneOf(...many);
  scene.query({ x: 0, y: 0, w: 1, h: 1 });
  scene.counts.reads = 0;
  for (let step = 0; step < 100; step++) {
    scene.query({ x: step * 100, y: 5000, w: 1440, h: 900 });
  }
  expect(scene.counts.reads).toBeLessThan(100 * 60);
});

test('CAN-6: a dependency between jobs is drawn between their cards, and goes with them', () => {
  const { doc, scene, frame } = sceneOf(
    { id: 'one', type: 'job', job: '01890a5d-ac96-774b-bcce-b302099a8057' },
    { id: 'two', type: 'job', job: '01890a5d-ac96-774b-bcce-b302099a8058', x: 600 },
  );
  const [first, waits] = ['one', 'two'].map((id) => scene.view(id)?.job ?? '');
  scene.setDependencies([{ first: first as string, waits: waits as string }]);
  expect(scene.queryLinks({ x: 0, y: 0, w: 700, h: 100 })).toEqual(['jobs:one:two']);
  expect(scene.link('jobs:one:two')?.jobs).toEqual({ first, waits });
  doc.getMap('objects').delete('two');
  frame();
  expect(scene.queryLinks({ x: 0, y: 0, w: 700, h: 100 })).toEqual([]);
  put(doc, { id: 'three', type: 'job', job: waits as string, x: 300 });
  frame();
  expect(scene.queryLinks({ x: 0, y: 0, w: 700, h: 100 })).toEqual(['jobs:one:three']);
});

test('CAN-2: after any moves the index says what a walk over all objects says', () => {
  const spot = fc.record({
    of: fc.nat(7),
    x: fc.integer({ min: -500, max: 500 }),
    y: fc.integer({ min: -500, max: 500 }),
    into: fc.integer({ min: -1, max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(spot, { maxLength: 25 }), (moves) => {
      const ids = Array.from({ length: 8 }, (_, at) => `o${at}`);
      const { doc, scene, frame } = sceneOf(...ids.map((id, at) => ({ id, type: at < 4 ? 'group' : 'sticky', x: at * 60, z: `a${at}` })));
      for (const { of, x, y, into } of moves) {
        move(doc, `o${of}`, x, y, into < 0 ? '' : `o${into}`);
        frame();
      }
      const area = { x: -200, y: -200, w: 500, h: 500 };
      const walked = ids.filter((id) => {
        let box = { ...(scene.view(id) ?? { x: 0, y: 0, w: 0, h: 0 }) };
        for (let parent = scene.view(id)?.parent; parent; parent = scene.view(parent)?.parent) {
          const above = scene.view(parent);
          box = { ...box, x: box.x + (above?.x ?? 0), y: box.y + (above?.y ?? 0) };
        }
        return overlaps(box, area);
      });
      expect(scene.query(area).sort()).toEqual(walked.sort());
    }),
    { numRuns: 60 },
  );
});

test('CAN-3: while several people drag and resize, what is found is what is shown', () => {
  const by = fc.integer({ min: -400, max: 400 });
  const ids = Array.from({ length: 12 }, (_, at) => `o${at}`);
  const some = fc.subarray(ids);
  fc.assert(
    fc.property(some, some, some, by, by, by, by, (mine, theirs, sized, dx, dy, ex, ey) => {
      const { scene } = sceneOf(
        ...ids.map((id, at) => ({
          id,
          type: at < 3 ? 'group' : 'sticky',
          parent: at > 8 ? `o${at - 9}` : '',
          x: (at % 4) * 150,
          y: at * 40,
        })),
      );
      scene.setDraft(OWN, { ids: mine, dx, dy });
      scene.setDraft('2', { ids: theirs, dx: ex, dy: ey });
      scene.setDraft('3', { boxes: new Map(sized.map((id) => [id, { x: ex, y: dy, w: 50, h: 300 }])) });
      const area = { x: -100, y: 0, w: 400, h: 300 };
      const shown = ids.filter((id) => overlaps(scene.box(id) ?? { x: 1e9, y: 0, w: 0, h: 0 }, area));
      expect(scene.query(area).sort()).toEqual(shown.sort());
    }),
  );
});

test('CAN-2: a zoom keeps the point under the pointer, and a fit shows all', () => {
  const view = { w: 1440, h: 900 };
  const camera = { x: 100, y: -50, zoom: 1 };
  const at = { x: 300, y: 700 };
  const before = toWorld(camera, view, at);
  const after = toScreen(zoomedAt(camera, view, at, 0.3), view, before);
  expect(after.x).toBeCloseTo(at.x);
  expect(after.y).toBeCloseTo(at.y);
  const box = { x: -5000, y: 0, w: 9000, h: 200 };
  const seen = viewBox(fitted(box, view), view);
  expect(seen.x).toBeLessThan(box.x);
  expect(seen.x + seen.w).toBeGreaterThan(box.x + box.w);
});

test('CAN-2: a connector leaves by the side that looks at the other end, and is hit along its curve', () => {
  const shape = curve({ x: 0, y: 0, w: 100, h: 100 }, 'auto', { x: 400, y: 20, w: 100, h: 100 }, 'auto');
  expect([shape.from, shape.to]).toEqual([
    { x: 100, y: 50 },
    { x: 400, y: 70 },
  ]);
  expect(distance(shape, pointOn(shape, 0.37))).toBeLessThan(0.5);
  expect(distance(shape, { x: 250, y: 300 })).toBeGreaterThan(200);
});

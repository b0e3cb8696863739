import fc from 'fast-check';
import { expect, test } from 'vitest';
import { right } from '../scene/geometry';
import { carried, hitHandle, resized } from './handles';
import { snap } from './snap';

const box = (x: number, y: number, w = 100, h = 100) => ({ x, y, w, h });

test('CAN-2: a box snaps to the edges and middles of others, and the line shows both', () => {
  const found = snap(box(3, 400), [box(0, 0)], 6);
  expect([found.dx, found.dy]).toEqual([-3, 0]);
  expect(found.guides).toContainEqual({ kind: 'line', axis: 'x', at: 0, from: 0, to: 500 });
  expect(snap(box(54, 400), [box(0, 0)], 6).dx).toBe(-4);
  expect(snap(box(60, 400), [box(0, 0)], 6).dx).toBe(0);
});

test('CAN-2: a box between two takes the middle, and behind two the same gap', () => {
  const between = snap(box(203, 7), [box(0, 40), box(404, 40)], 6);
  expect(between.dx).toBeCloseTo(-1);
  expect(between.guides.filter(({ kind }) => kind === 'gap')).toHaveLength(2);
  // Unequal widths, so that no edge or middle is near.
  const behind = snap(box(303, 7, 70), [box(0, 40, 90), box(120, 40, 150)], 6);
  expect(behind.dx).toBeCloseTo(-3);
});

test('CAN-2: snapping never moves further than its reach, and what it shows is true', () => {
  const some = fc.record({
    x: fc.integer({ min: -300, max: 300 }),
    y: fc.integer({ min: -300, max: 300 }),
    w: fc.integer({ min: 10, max: 200 }),
    h: fc.integer({ min: 10, max: 200 }),
  });
  fc.assert(
    fc.property(some, fc.array(some, { maxLength: 12 }), (moved, others) => {
      const { dx, dy, guides } = snap(moved, others, 6);
      expect(Math.abs(dx)).toBeLessThanOrEqual(6);
      expect(Math.abs(dy)).toBeLessThanOrEqual(6);
      const at = { ...moved, x: moved.x + dx, y: moved.y + dy };
      for (const guide of guides) {
        if (guide.kind === 'line' && guide.axis === 'x') {
          const near = [at.x, at.x + at.w / 2, right(at)].some((line) => Math.abs(line - guide.at) < 0.01);
          expect(near).toBe(true);
        }
      }
    }),
  );
});

test('CAN-2: a handle moves its own edges only, never turns a box inside out, and may keep its shape', () => {
  expect(resized(box(0, 0), 'se', 50, 20)).toEqual(box(0, 0, 150, 120));
  expect(resized(box(0, 0), 'nw', 50, 20)).toEqual(box(50, 20, 50, 80));
  expect(resized(box(0, 0), 'w', 500, 0)).toEqual(box(76, 0, 24, 100));
  expect(resized(box(0, 0, 200, 100), 'se', 100, 0, { even: true })).toEqual(box(0, 0, 300, 150));
  expect(resized(box(0, 0), 'e', 10, 0, { middle: true })).toEqual(box(-10, 0, 120, 100));
  expect(carried(box(50, 50, 10, 10), box(0, 0), box(0, 0, 200, 300))).toEqual(box(100, 150, 20, 30));
});

test('CAN-2: a small box keeps room to be taken hold of between its handles', () => {
  expect(hitHandle(box(0, 0), { x: 1, y: 50 }, 7)).toBe('w');
  expect(hitHandle(box(0, 0), { x: 99, y: 99 }, 7)).toBe('se');
  expect(hitHandle(box(0, 0), { x: 50, y: 50 }, 7)).toBeNull();
  expect(hitHandle(box(0, 0, 20, 20), { x: 1, y: 10 }, 7)).toBeNull();
});

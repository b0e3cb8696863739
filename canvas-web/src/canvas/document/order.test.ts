import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keysAt, type Ordered } from './order';

const digit = fc.constantFrom(...'0123456789ABXYZabxyz');
const aKey = fc.oneof(
  fc.string({ unit: digit, maxLength: 6 }).map((fraction) => `a0${fraction}`),
  fc.string({ maxLength: 64 }),
  fc.constantFrom(
    '',
    'a0',
    'a1',
    'Zz',
    'A00000000000000000000000000',
    'A00000000000000000000000001',
    `z${'z'.repeat(26)}`,
    `a0${'z'.repeat(62)}`,
  ),
);

test('CAN-2: whatever stands in order keys, new ones fit where they should and the others keep their order', () => {
  fc.assert(
    fc.property(fc.array(aKey, { maxLength: 12 }), fc.nat(20), fc.integer({ min: 1, max: 5 }), (orders, at, count) => {
      const siblings: Ordered[] = orders.sort().map((z, place) => ({ id: `s${place}`, z }));
      const index = at % (siblings.length + 1);
      const { keys, moved } = keysAt(siblings, index, count);
      const after = siblings.map(({ id, z }) => moved.find((one) => one.id === id)?.z ?? z);
      const made = [...after.slice(0, index), ...keys, ...after.slice(index)];
      expect(keys.length).toBe(count);
      expect(made.every((z) => z.length <= 64)).toBe(true);
      // In order, and what is new is different from all others.
      for (let place = 1; place < made.length; place += 1) {
        const [before, here] = [made[place - 1] as string, made[place] as string];
        const fresh = keys.includes(before) || keys.includes(here);
        expect(fresh ? before < here : before <= here).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('CAN-3: two people who put something at one place at once make different keys', () => {
  const siblings = [
    { id: 'a', z: 'a0' },
    { id: 'b', z: 'a1' },
  ];
  const keys = Array.from({ length: 50 }, () => keysAt(siblings, 1, 1).keys[0]);
  expect(new Set(keys).size).toBeGreaterThan(45);
});

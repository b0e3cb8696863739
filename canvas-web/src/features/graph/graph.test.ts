import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Job } from '@/api/types';
import { byId } from '@/live/feed';
import { aJob } from '@/test/samples';
import { layout } from './layout';
import { chains, inOrder, linksAmong, parseGraphSearch, shownJobs } from './model';
import { HEIGHT, WIDTH } from './size';

/** Jobs from what each waits for, by number. */
const jobs = (waits: Record<number, number[]>, part: (number: number) => Partial<Job> = () => ({})) =>
  Object.entries(waits).map(([number, on]) =>
    aJob({ number: Number(number), dependencies: on.map((each) => `j-${each}`), ...part(Number(number)) }),
  );
const numbers = (found: readonly Job[]) => found.map((job) => job.number);
const diamond = { 1: [], 2: [1], 3: [1], 4: [1], 5: [2, 3, 4], 9: [] };

test('DEP-6: shown are the chains that are not finished, by choice every open job or finished chains too', () => {
  const state = (number: number): Partial<Job> => (number > 5 && number < 8 ? { state: 'done' } : {});
  const all = byId(jobs({ ...diamond, 6: [], 7: [6] }, state));
  expect(numbers(shownJobs(all, {}))).toEqual([1, 2, 3, 4, 5]);
  expect(numbers(shownJobs(all, { show: 'open' }))).toEqual([1, 2, 3, 4, 5, 9]);
  expect(numbers(shownJobs(all, { show: 'all' }))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(numbers(shownJobs(all, { q: '#3 trees' }))).toEqual([3]);
  expect(
    numbers(shownJobs(byId(jobs(diamond, (n) => (n === 2 ? { state: 'failed', folder: 'a' } : {}))), { state: 'failed', folder: 'a' })),
  ).toEqual([2]);
});

test('DEP-6: a job that one may not see leaves no edge behind', () => {
  const all = jobs({ 2: [1], 3: [2] });
  expect(linksAmong(all)).toEqual([{ from: 'j-2', to: 'j-3' }]);
});

test('DEP-6: what comes first lies to the left of what waits for it, and no two jobs lie on one another', () => {
  const all = jobs({ ...diamond, 10: [9], 11: [] });
  const links = linksAmong(all);
  const places = layout(
    all.map((job) => job.id),
    links,
  );
  for (const { from, to } of links) {
    expect((places.get(from)?.x ?? 0) + WIDTH).toBeLessThanOrEqual(places.get(to)?.x ?? 0);
  }
  const lying = [...places.values()];
  for (const [at, one] of lying.entries()) {
    for (const other of lying.slice(at + 1)) {
      expect(Math.abs(one.x - other.x) >= WIDTH || Math.abs(one.y - other.y) >= HEIGHT).toBe(true);
    }
  }
});

test('DEP-6: the list has every job once, and none before what it waits for', () => {
  const graphs = fc.array(fc.array(fc.nat(29), { maxLength: 4 }), { maxLength: 30 });
  fc.assert(
    fc.property(graphs, (waits) => {
      const all = jobs(
        Object.fromEntries(waits.map((on, at) => [at + 1, [...new Set(on.filter((each) => each < at).map((each) => each + 1))]])),
      );
      const order = inOrder([...all].reverse());
      expect(numbers(order).sort((a, b) => a - b)).toEqual(numbers(all));
      const at = new Map(order.map((job, index) => [job.id, index]));
      for (const { from, to } of linksAmong(all)) {
        expect(at.get(from)).toBeLessThan(at.get(to) ?? -1);
      }
      expect(
        chains(
          all.map(({ id }) => id),
          linksAmong(all),
        )
          .flat()
          .sort(),
      ).toEqual(all.map(({ id }) => id).sort());
    }),
  );
});

test('DEP-6: what is shown stands in the address', () => {
  expect(parseGraphSearch({ q: 12, state: 'failed', show: 'open', as: 'list', folder: 'a/b' })).toEqual({
    q: '12',
    state: 'failed',
    show: 'open',
    as: 'list',
    folder: 'a/b',
  });
  expect(parseGraphSearch({ state: 'gone', show: 'x', as: {}, q: ' ' })).toEqual({});
});

import { expect, test } from 'vitest';
import { aJob, ana, ben } from '@/test/samples';
import { columnsOf, matches, parseFilter } from './filter';
import { laneRows, lanesOf, PAGE } from './lanes';

test('the filter is read from the address, and rubbish in it is left out', () => {
  expect(parseFilter({ q: 'saw', agent: 7, domain: '', canceled: 'yes', other: 1 })).toEqual({ q: 'saw', agent: ['7'] });
  expect(parseFilter({ canceled: true, person: 'u-ana' })).toEqual({ canceled: true, person: ['u-ana'] });
  expect(parseFilter({ domain: ['a', 'b', 'a', ''], priority: ['vip', 'soon'], lanes: 'priority' })).toEqual({
    domain: ['a', 'b'],
    priority: ['vip'],
    lanes: 'priority',
  });
  expect(parseFilter({ priority: 'soon', lanes: 'colour' })).toEqual({});
});

test('every word of a search must be found somewhere on the job', () => {
  const job = aJob({ number: 12, title: 'Prune the pear', domains: ['garden'], owner: ben });
  expect(matches(job, { q: 'pear GARDEN' })).toBe(true);
  expect(matches(job, { q: '#12' })).toBe(true);
  expect(matches(job, { q: 'pear apple' })).toBe(false);
});

test('agent, domain and person narrow together', () => {
  const job = aJob({ agent: 'codex', domains: ['garden'], owner: ben, creator: ana });
  expect(matches(job, { agent: ['codex', 'any'], domain: ['garden'], person: [ben.id] })).toBe(true);
  expect(matches(job, { person: [ana.id] })).toBe(true);
  expect(matches(job, { agent: ['codex'], domain: ['kitchen'] })).toBe(false);
  expect(matches(aJob({ kind: 'user', agent: null }), { agent: ['people'] })).toBe(true);
  expect(matches(job, { agent: ['people'] })).toBe(false);
});

test('columns put the urgent first where work waits, and the newest first where it ended', () => {
  const columns = columnsOf(
    [
      aJob({ number: 1, priority: 'low' }),
      aJob({ number: 2, priority: 'vip' }),
      aJob({ number: 3 }),
      aJob({ number: 4, state: 'done', updated_at: '2026-01-01T00:00:00Z' }),
      aJob({ number: 5, state: 'done', updated_at: '2026-02-01T00:00:00Z' }),
    ],
    {},
  );
  expect(columns.backlog.map(({ number }) => number)).toEqual([2, 3, 1]);
  expect(columns.done.map(({ number }) => number)).toEqual([5, 4]);
});

test('a column in which nothing changed stays the one it was', () => {
  const jobs = [aJob({ number: 1 }), aJob({ number: 2, state: 'ready' })];
  const before = columnsOf(jobs, {});
  const after = columnsOf([jobs[0] as never, aJob({ number: 2, state: 'ready', version: 2 })], {}, before);
  expect(after.backlog).toBe(before.backlog);
  expect(after.ready).not.toBe(before.ready);
});

test('WEB-1: of equal priority staged jobs stand as the Backlog has them', () => {
  const columns = columnsOf(
    [aJob({ number: 1, position: 'a2' }), aJob({ number: 2, position: 'a1' }), aJob({ number: 3, priority: 'low' })],
    {},
  );
  expect(columns.backlog.map(({ number }) => number)).toEqual([2, 1, 3]);
});

test('WEB-1: lanes cut the columns, and what ended is shown page by page', () => {
  const done = Array.from({ length: 50 }, (_, at) => aJob({ number: 100 + at, state: 'done', owner: ben }));
  const columns = columnsOf(
    [aJob({ number: 1, priority: 'vip' }), aJob({ number: 2, state: 'ready', priority: 'vip' }), aJob({ number: 3 }), ...done],
    {},
  );
  const byPriority = lanesOf(columns, ['backlog', 'ready'], 'priority');
  expect(byPriority.map(({ label, count }) => [label, count])).toEqual([
    ['VIP', 2],
    ['Medium', 1],
  ]);
  const byPerson = lanesOf(columns, ['backlog', 'ready', 'done'], 'person');
  const rows = laneRows(byPerson, ['backlog', 'ready', 'done'], new Set(['u-ana']), new Map());
  expect(rows.map(({ kind }) => kind)).toEqual(['lane', 'lane', ...Array.from({ length: PAGE }, () => 'cards'), 'more']);
  expect(rows.at(-1)).toMatchObject({ left: { done: 50 - PAGE } });
  expect(laneRows(byPriority, ['backlog', 'ready'], new Set(), new Map())[1]).toMatchObject({ cards: [{ number: 1 }, { number: 2 }] });
});

import { expect, test } from 'vitest';
import { aJob, ana, ben } from '@/test/samples';
import { columnsOf, matches, parseFilter } from './filter';

test('the filter is read from the address, and rubbish in it is left out', () => {
  expect(parseFilter({ q: 'saw', agent: 7, domain: '', canceled: 'yes', other: 1 })).toEqual({ q: 'saw', agent: '7' });
  expect(parseFilter({ canceled: true, person: 'u-ana' })).toEqual({ canceled: true, person: 'u-ana' });
});

test('every word of a search must be found somewhere on the job', () => {
  const job = aJob({ number: 12, title: 'Prune the pear', domains: ['garden'], owner: ben });
  expect(matches(job, { q: 'pear GARDEN' })).toBe(true);
  expect(matches(job, { q: '#12' })).toBe(true);
  expect(matches(job, { q: 'pear apple' })).toBe(false);
});

test('agent, domain and person narrow together', () => {
  const job = aJob({ agent: 'codex', domains: ['garden'], owner: ben, creator: ana });
  expect(matches(job, { agent: 'codex', domain: 'garden', person: ben.id })).toBe(true);
  expect(matches(job, { person: ana.id })).toBe(true);
  expect(matches(job, { agent: 'codex', domain: 'kitchen' })).toBe(false);
  expect(matches(aJob({ kind: 'user', agent: null }), { agent: 'people' })).toBe(true);
  expect(matches(job, { agent: 'people' })).toBe(false);
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

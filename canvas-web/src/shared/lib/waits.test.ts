import { expect, test } from 'vitest';
import type { Job } from '@/api/types';
import { byId } from '@/live/feed';
import { aJob } from '@/test/samples';
import { waitsOf, waitsWords, whyNotAdd, whyNotRemove } from './waits';

const other = (number: number, state: Job['state']) => aJob({ number, state });

function words(job: Job, others: Job[]) {
  const waits = waitsOf(job, byId(others));
  return waits && waitsWords(job, waits);
}

const waiting = (others: Job[], part: Partial<Job> = {}) => aJob({ number: 9, dependencies: others.map(({ id }) => id), ...part });

test('DEP-4: a failed and a canceled dependency are named with what became of them, and the ways out', () => {
  const failed = [other(3, 'failed'), other(4, 'in_progress'), other(5, 'done')];
  expect(words(waiting(failed), failed)).toEqual({
    short: 'Held: #3 failed',
    long: 'It waits for #3, which failed, and #4.',
    lift: 'Retry #3, or remove the dependency.',
  });
  const canceled = [other(3, 'canceled')];
  expect(words(waiting(canceled, { state: 'ready' }), canceled)).toEqual({
    short: 'Held: #3 was canceled',
    long: 'It waits for #3, which was canceled.',
    lift: 'What was canceled will not be done: remove the dependency.',
  });
});

test('DEP-4: a private dependency is called that and nothing more', () => {
  const others = [other(3, 'in_progress')];
  const hold = { reason: 'dependencies_open' as const, jobs: [3], hidden: true };
  expect(words(waiting(others, { state: 'ready', hold }), others)?.short).toBe('Waits for #3 and a private job');
  expect(words(waiting([], { state: 'ready', hold: { ...hold, jobs: [] } }), [])?.lift).toBe('It goes on by itself when that job is done.');
});

test('DEP-5: what goes on by itself is told from what somebody has to make ready', () => {
  const others = [other(1, 'backlog'), other(2, 'in_progress')];
  expect(words(waiting(others, { auto_ready: true }), others)?.lift).toBe('It becomes ready by itself when those jobs are done.');
  expect(words(waiting(others), others)?.lift).toBe('It can be made ready when those jobs are done.');
});

test('DEP-2: done dependencies hold nothing, and neither does anything that is past Ready', () => {
  const done = [other(1, 'done')];
  expect(words(waiting(done), done)).toBeUndefined();
  const open = [other(1, 'failed')];
  expect(words(waiting(open, { state: 'in_progress' }), open)).toBeUndefined();
});

test('DEP-3: what is not allowed is said with its rule', () => {
  expect(whyNotAdd(aJob())).toBeUndefined();
  expect(whyNotAdd(aJob({ state: 'ready' }))).toContain('DEP-3');
  expect(whyNotRemove(aJob({ state: 'ready' }))).toBeUndefined();
  expect(whyNotRemove(aJob({ state: 'done' }))).toContain('DEP-3');
  expect(whyNotAdd(aJob({ may: ['contribute'] }))).toContain('ACC-3');
});

import { describe, expect, test } from 'vitest';
import type { Hold } from '@/api/types';
import {
  agoWords,
  durationWords,
  failureWords,
  holdWords,
  jobList,
  pauseWords,
  plainWords,
  retryAtWords,
  sandboxWords,
  sizeWords,
  usageWords,
} from './words';

const now = Date.parse('2026-11-20T10:00:00Z');
const words = (hold: Hold) => holdWords(hold, now);

describe('job_9: a hold says why, and what would lift it', () => {
  test('dependencies', () => {
    expect(words({ reason: 'dependencies_open', jobs: [4] })).toMatchObject({
      short: 'Waits for #4',
      long: 'It depends on #4, not done yet.',
    });
    expect(words({ reason: 'dependencies_open', jobs: [4, 7] }).short).toBe('Waits for #4 and #7');
    expect(words({ reason: 'dependencies_open', jobs: [1, 2, 3, 4, 5] }).short).toBe('Waits for #1, #2 and 3 more');
  });

  test('uploads', () => {
    expect(words({ reason: 'uploads_pending', files: 1 }).short).toBe('Waits for 1 attachment');
    expect(words({ reason: 'uploads_pending', files: 3 }).short).toBe('Waits for 3 attachments');
  });

  test('no runner at all, one that cannot, several that cannot', () => {
    expect(words({ reason: 'no_runner', runners: [] })).toMatchObject({
      short: 'No runner',
      lift: expect.stringContaining('Set up a runner'),
    });
    expect(words({ reason: 'no_runner', runners: [{ runner: 'r', name: 'box', why: 'offline' }] })).toMatchObject({
      short: 'box is offline',
      lift: expect.stringContaining('Start a runner'),
    });
    expect(
      words({
        reason: 'no_runner',
        runners: [
          { runner: 'r', name: 'box', why: 'wrong_agent' },
          { runner: 's', name: 'mac', why: 'not_shared' },
        ],
      }),
    ).toMatchObject({ short: 'No runner available', lift: expect.stringContaining('Change the agent') });
  });

  test('busy and queued', () => {
    expect(words({ reason: 'runners_busy', jobs: [3] }).short).toBe('Runners busy with #3');
    expect(words({ reason: 'runners_busy', jobs: [] }).short).toBe('Runners busy');
    expect(words({ reason: 'queued', position: 1 }).short).toBe('Next in line');
    expect(words({ reason: 'queued', position: 2 }).long).toBe('1 job is before it in line.');
    expect(words({ reason: 'queued', position: 4 }).long).toBe('3 jobs are before it in line.');
  });

  test('a repository that does not answer', () => {
    const hold = { reason: 'repository_unreachable' as const, detail: 'connection refused', retry_at: '2026-11-20T10:00:30Z' };
    expect(words(hold).long).toContain('connection refused');
    expect(words(hold).lift).toBe('It is tried again in 30 s.');
    expect(holdWords(hold, now + 60_000).lift).toBe('It is tried again now.');
  });
});

test('numbers of jobs read as a list', () => {
  expect([[], [1], [1, 2], [1, 2, 3]].map(jobList)).toEqual(['', '#1', '#1 and #2', '#1, #2 and #3']);
});

test('amounts are short', () => {
  expect(usageWords({ input_tokens: 12_000, output_tokens: 300, cost_usd: 0.42, wall_ms: 65_000 })).toBe('12k tokens · $0.420 · 1 min 5 s');
  expect(usageWords({})).toBe('');
  expect(durationWords(7_300_000)).toBe('2 h 1 min');
  expect(sizeWords(1536)).toBe('1.5 KB');
  expect(agoWords('2026-11-20T09:58:00Z', now)).toBe('2 min ago');
});

test('a preview is free of Markdown marks', () => {
  expect(plainWords('**Done** with `x`')).toBe('Done with x');
});

describe('AGT-7: a pause and a failure say what goes on and what to do', () => {
  test('AGT-7: a silence counts whole minutes', () => {
    const silent = (since: string) => pauseWords({ pause: 'silent', since }, now);
    expect(silent('2026-11-20T09:47:10Z').short).toBe('Silent for 12 min');
    expect(silent('2026-11-20T09:59:50Z').short).toBe('Silent for 1 min');
    expect(silent('2026-11-20T09:47:10Z').long).toContain('Wait, write to it, or stop it');
  });

  test('AGT-7: a wait says why, until when and which retry it is', () => {
    const wait = (until: string) => pauseWords({ pause: 'backoff', reason: 'rate_limited', until, retry: 1, limit: 3 }, now);
    expect(wait('2026-11-20T10:20:00Z').short).toBe('Rate limit reached: goes on in 20 min');
    expect(wait('2026-11-20T10:20:00Z').long).toContain('retry 1 of 3');
    expect(wait('2026-11-20T09:59:00Z').short).toBe('Rate limit reached: goes on now');
  });

  test('AGT-7: a limit names its end until it is over', () => {
    expect(retryAtWords('2026-11-20T12:05:00Z', now)).toMatch(/^It may go on from .+, in 2 h 5 min\.$/);
    expect(retryAtWords('2026-11-20T09:00:00Z', now)).toBe('');
    expect(retryAtWords(null, now)).toBe('');
    expect(failureWords.rate_limited).toContain('Retry later');
  });
});

test('RUN-9: whether an agent was sandboxed is said where its runner told', () => {
  expect([true, false, null, undefined].map(sandboxWords)).toEqual(['sandboxed', 'not sandboxed', undefined, undefined]);
});

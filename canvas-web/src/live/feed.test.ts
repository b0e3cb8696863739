import { describe, expect, test } from 'vitest';
import type { FeedEvent, FeedMessage } from '@/api/types';
import { aJob, anAttempt, aRequest, aRunner } from '@/test/samples';
import { atStart, backoff, byId, type FeedPosition, type Live, loaded, receive, reduce, withTools } from './feed';

const at = '2026-11-20T10:00:00Z';
const changed = (seq: number, part: Parameters<typeof aJob>[0]): FeedEvent => ({ seq, at, type: 'job.changed', job: aJob(part) });
const live: FeedPosition = { loading: false, seq: 10, waiting: [] };
const empty: Live = { jobs: {}, requests: {}, runners: {} };

describe('the position in the feed', () => {
  test('moves on with each event and leaves out what was seen before', () => {
    const step = receive(live, [changed(9, {}), changed(11, {}), changed(11, {}), changed(14, {})]);
    expect(step.apply.map(({ seq }) => seq)).toEqual([11, 14]);
    expect(step.position.seq).toBe(14);
  });

  test('goes on after the last event when a socket comes back', () => {
    const before = receive(live, [changed(11, {}), changed(12, {})]);
    const again = receive(before.position, [changed(12, {}), changed(13, {}), { type: 'caught', seq: 20 }]);
    expect(again.apply.map(({ seq }) => seq)).toEqual([13]);
    expect(again.caughtUp).toBe(true);
    expect(again.position.seq).toBe(20);
  });

  test('keeps events that come while the lists load, and applies those the lists may lack', () => {
    const waiting = receive(atStart, [changed(11, {}), changed(12, {})]);
    expect(waiting.apply).toEqual([]);
    const step = loaded(waiting.position, 11);
    expect(step.apply.map(({ seq }) => seq)).toEqual([12]);
    expect(step.position).toEqual({ loading: false, seq: 12, waiting: [] });
  });

  test('loads afresh after a reset, and drops what came before it', () => {
    const messages: FeedMessage[] = [changed(11, {}), { type: 'reset', seq: 50 }, changed(51, {})];
    const step = receive(live, messages);
    expect(step).toMatchObject({ reload: true, apply: [], position: { loading: true, seq: 51 } });
    expect(loaded(step.position, 50).apply.map(({ seq }) => seq)).toEqual([51]);
  });
});

describe('the tool an agent used last', () => {
  const tool = { title: 'Edit', tool: 'edit', status: 'completed', at } as const;
  const used = (attempt: string): FeedMessage => ({ type: 'job.tool', seq: 10, job: 'j-1', attempt, tool });

  test('CAN-5: is shown with the attempt it is of, and moves nothing in the feed', () => {
    const { moments, position, apply } = receive(live, [used('a-1')]);
    expect({ position, apply }).toEqual({ position: live, apply: [] });
    const jobs = byId([aJob({ attempt: anAttempt({ id: 'a-1' }) })]);
    expect(withTools(jobs, moments)['j-1']?.attempt?.last_tool).toEqual(tool);
    expect(withTools(jobs, receive(live, [used('a-0')]).moments)).toBe(jobs);
    expect(withTools({}, moments)).toEqual({});
  });
});

describe('the cache', () => {
  test('takes jobs as they come and go', () => {
    const { jobs } = reduce(empty, [
      { seq: 1, at, type: 'job.created', job: aJob({ number: 1 }) },
      { seq: 2, at, type: 'job.created', job: aJob({ number: 2 }) },
      changed(3, { number: 1, version: 2, state: 'ready' }),
      { seq: 4, at, type: 'job.deleted', id: 'j-2' },
    ]);
    expect(Object.values(jobs).map(({ number, state }) => [number, state])).toEqual([[1, 'ready']]);
  });

  test('job_7: never goes back to an earlier version of a job', () => {
    const before = { ...empty, jobs: byId([aJob({ version: 5, state: 'done' })]) };
    const after = reduce(before, [changed(1, { version: 4, state: 'ready' })]);
    expect(after.jobs['j-1']?.state).toBe('done');
    expect(after.jobs).toBe(before.jobs);
  });

  test('shows a new hold or activity of the same version', () => {
    const before = { ...empty, jobs: byId([aJob({ version: 5, state: 'ready', hold: { reason: 'queued', position: 3 } })]) };
    const after = reduce(before, [changed(1, { version: 5, state: 'ready', hold: { reason: 'queued', position: 1 } })]);
    expect(after.jobs['j-1']?.hold).toEqual({ reason: 'queued', position: 1 });
  });

  test('a closed request does not open again', () => {
    const closed = aRequest({ closed_at: at });
    const after = reduce(empty, [
      { seq: 1, at, type: 'request.answered', request: closed },
      { seq: 2, at, type: 'request.opened', request: aRequest() },
    ]);
    expect(after.requests['q-1']?.closed_at).toBe(at);
  });

  test('follows runners, and leaves lists alone that nothing touched', () => {
    const before = { ...empty, jobs: byId([aJob()]) };
    const after = reduce(before, [
      { seq: 1, at, type: 'runner.changed', runner: aRunner() },
      { seq: 2, at, type: 'runner.changed', runner: aRunner({ id: 'r-2' }) },
      { seq: 3, at, type: 'runner.removed', id: 'r-1' },
    ]);
    expect(Object.keys(after.runners)).toEqual(['r-2']);
    expect(after.jobs).toBe(before.jobs);
  });

  test('takes a thousand events in one copy of the list', () => {
    const before = { ...empty, jobs: byId(Array.from({ length: 2000 }, (_, at) => aJob({ number: at + 1 }))) };
    const began = performance.now();
    const after = reduce(
      before,
      Array.from({ length: 1000 }, (_, at) => changed(at + 1, { number: at + 1, version: 2, title: 'new' })),
    );
    expect(after.jobs['j-1000']?.title).toBe('new');
    expect(before.jobs['j-1000']?.title).not.toBe('new');
    expect(performance.now() - began).toBeLessThan(500);
  });
});

test('the pause between tries doubles up to a limit and is spread', () => {
  expect(backoff(1, 0)).toBe(250);
  expect(backoff(1, 1)).toBe(500);
  expect(backoff(3, 1)).toBe(2000);
  expect(backoff(50, 1)).toBe(15_000);
  expect(backoff(50, 0)).toBe(7_500);
});

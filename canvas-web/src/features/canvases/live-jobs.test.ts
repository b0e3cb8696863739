import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import { byId } from '@/live/feed';
import { aJob, aRequest } from '@/test/samples';
import { LiveJobs } from './live-jobs';

let cache: QueryClient;
let live: LiveJobs;
const one = aJob({ number: 1 });
const two = aJob({ number: 2 });

beforeEach(() => {
  cache = new QueryClient();
  cache.setQueryData(keys.jobs('ws-1'), byId([one, two]));
  live = new LiveJobs(cache, 'ws-1');
});
afterEach(() => live.stop());

test('CAN-5: who shows a job is told when that job changes, and not when another does', async () => {
  const first = vi.fn();
  const second = vi.fn();
  live.watch('j-1', first);
  live.watch('j-2', second);
  cache.setQueryData(keys.jobs('ws-1'), byId([{ ...one, state: 'done' as const, version: 2 }, two]));
  await vi.waitFor(() => expect(first).toHaveBeenCalledTimes(1));
  expect(second).not.toHaveBeenCalled();
  expect(live.face('j-1')).toMatchObject({ word: 'Done', tone: 'done' });
});

test('CAN-5: what a card looks like stays the same object while it looks the same', async () => {
  const face = live.face('j-1');
  cache.setQueryData(keys.jobs('ws-1'), byId([{ ...one, domains: ['docs'], version: 2 }, two]));
  await vi.waitFor(() => expect(live.job('j-1')?.version).toBe(2));
  expect(live.face('j-1')).toBe(face);
});

test('CAN-5: of a job that one may not see nothing is known', async () => {
  expect(live.face('j-9')).toBeUndefined();
  cache.setQueryData(keys.jobs('ws-1'), byId([two]));
  await vi.waitFor(() => expect(live.job('j-1')).toBeUndefined());
  expect(live.face('j-1')).toBeUndefined();
});

test('CAN-6: dependencies are those of the jobs, and a new list only when they changed', async () => {
  const none = live.dependencies();
  cache.setQueryData(keys.jobs('ws-1'), byId([{ ...one, title: 'Other', version: 2 }, two]));
  await vi.waitFor(() => expect(live.job('j-1')?.title).toBe('Other'));
  expect(live.dependencies()).toBe(none);
  cache.setQueryData(keys.jobs('ws-1'), byId([one, { ...two, dependencies: ['j-1'], version: 2 }]));
  await vi.waitFor(() => expect(live.dependencies()).toEqual([{ first: 'j-1', waits: 'j-2' }]));
});

test('CAN-5: the oldest open request of a job shows until it is closed', async () => {
  const asked = vi.fn();
  live.watch('j-1', asked);
  const late = aRequest({ id: 'q-2', created_at: '2026-11-20T11:00:00Z' });
  cache.setQueryData(keys.requests('ws-1'), byId([late, aRequest()]));
  await vi.waitFor(() => expect(live.request('j-1')?.id).toBe('q-1'));
  cache.setQueryData(keys.requests('ws-1'), byId([late, aRequest({ closed_at: '2026-11-20T10:05:00Z' })]));
  await vi.waitFor(() => expect(live.request('j-1')?.id).toBe('q-2'));
  expect(asked).toHaveBeenCalledTimes(2);
});

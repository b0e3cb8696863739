import { QueryClient } from '@tanstack/react-query';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import type { Canvas, FeedMessage, Job, Note } from '@/api/types';
import { aJob, ana, aWorkspace } from '@/test/samples';
import { LiveConnection, useLiveStatus } from './connection';
import type { ById } from './feed';

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: () => void;
  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }
  close() {
    this.onclose?.();
  }
  say(message: FeedMessage) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

let jobs: Job[] = [];
let feedSeq = 10;
let signedIn = true;
let member = true;
const refused = () => HttpResponse.json({ type: 'x', title: 'Not signed in', status: 401, detail: 'Sign in.' }, { status: 401 });
const list = (items: () => unknown[]) => () => (signedIn ? HttpResponse.json({ items: items(), next: null }) : refused());
const server = setupServer(
  http.get('*/api/v1/workspaces/ws-1', () => {
    if (!member) {
      return HttpResponse.json({ type: 'x', title: 'Not found', status: 404, detail: 'no such thing' }, { status: 404 });
    }
    return signedIn ? HttpResponse.json(aWorkspace({ feed_seq: feedSeq })) : refused();
  }),
  http.get(
    '*/api/v1/workspaces/ws-1/jobs',
    list(() => jobs),
  ),
  http.get(
    '*/api/v1/workspaces/ws-1/requests',
    list(() => []),
  ),
  http.get(
    '*/api/v1/workspaces/ws-1/runners',
    list(() => []),
  ),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterAll(() => server.close());

let connection: LiveConnection | undefined;
let cache: QueryClient;
const signedOut = vi.fn();
const gone = vi.fn();
const at = '2026-11-20T10:00:00Z';
const titles = () => Object.values(cache.getQueryData<ById<Job>>(keys.jobs('ws-1')) ?? {}).map(({ title }) => title);
const socket = async (number: number) => {
  await vi.waitFor(() => expect(FakeSocket.all.length).toBeGreaterThanOrEqual(number), { timeout: 3000 });
  const found = FakeSocket.all[number - 1] as FakeSocket;
  found.onopen?.();
  return found;
};

beforeEach(() => {
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  jobs = [aJob({ title: 'first' })];
  feedSeq = 10;
  signedIn = true;
  member = true;
  gone.mockClear();
  signedOut.mockClear();
  cache = new QueryClient();
  connection = new LiveConnection('ws-1', cache, signedOut, gone);
});
afterEach(() => {
  connection?.stop();
  vi.unstubAllGlobals();
});

test('loads the lists, then follows the feed from where they were', async () => {
  connection?.start();
  const first = await socket(1);
  expect(first.url.searchParams.get('after')).toBe('10');
  expect(titles()).toEqual(['first']);
  first.say({ seq: 11, at, type: 'job.changed', job: aJob({ title: 'changed', version: 2 }) });
  await vi.waitFor(() => expect(titles()).toEqual(['changed']));
});

test('web_5: a lost connection shows, is tried again after the last event seen, and shows that it is back', async () => {
  connection?.start();
  const first = await socket(1);
  first.say({ seq: 17, at, type: 'job.changed', job: aJob({ title: 'seen', version: 2 }) });
  await vi.waitFor(() => expect(titles()).toEqual(['seen']));
  first.close();
  expect(useLiveStatus.getState().status.phase).toBe('lost');
  const second = await socket(2);
  expect(second.url.searchParams.get('after')).toBe('17');
  expect(useLiveStatus.getState().status).toEqual({ phase: 'live', recovered: true });
});

test('loads afresh when what was missed is no longer kept', async () => {
  connection?.start();
  const first = await socket(1);
  jobs = [aJob({ number: 2, title: 'other' })];
  feedSeq = 90;
  first.say({ type: 'reset', seq: 90 });
  first.say({ seq: 91, at, type: 'job.created', job: aJob({ number: 3, title: 'newest' }) });
  await vi.waitFor(() => expect(titles()).toEqual(['other', 'newest']));
});

test('adds a note once to an open list, whoever tells first', async () => {
  const note: Note = { id: 'n-1', job: 'j-1', author: ana, body: 'hello', created_at: at };
  cache.setQueryData(keys.notes('j-1'), [note]);
  connection?.start();
  const first = await socket(1);
  first.say({ seq: 11, at, type: 'note.added', note });
  first.say({ seq: 12, at, type: 'note.added', note: { ...note, id: 'n-2' } });
  await vi.waitFor(() => expect(cache.getQueryData<Note[]>(keys.notes('j-1'))?.map(({ id }) => id)).toEqual(['n-1', 'n-2']));
});

test('CAN-1: the list of canvases follows: made, renamed, deleted; an older state does not come back', async () => {
  const canvas: Canvas = {
    id: 'c-1',
    workspace: 'ws-1',
    name: 'Plan',
    created_by: ana,
    created_at: at,
    updated_at: at,
    locked: false,
    editor: null,
    version: 3,
  };
  cache.setQueryData(keys.canvases('ws-1'), [canvas]);
  connection?.start();
  const first = await socket(1);
  const names = () => cache.getQueryData<Canvas[]>(keys.canvases('ws-1'))?.map(({ name }) => name);
  first.say({ seq: 11, at, type: 'canvas.changed', canvas: { ...canvas, name: 'Old', version: 2 } });
  first.say({ seq: 12, at, type: 'canvas.changed', canvas: { ...canvas, id: 'c-2', name: 'Other', version: 1 } });
  await vi.waitFor(() => expect(names()).toEqual(['Plan', 'Other']));
  first.say({ seq: 13, at, type: 'canvas.changed', canvas: { ...canvas, name: 'Plan B', version: 4 } });
  first.say({ seq: 14, at, type: 'canvas.deleted', id: 'c-2' });
  await vi.waitFor(() => expect(names()).toEqual(['Plan B']));
});

test('asks to sign in when the session is over', async () => {
  signedIn = false;
  connection?.start();
  await vi.waitFor(() => expect(signedOut).toHaveBeenCalled());
  expect(FakeSocket.all).toHaveLength(0);
});

test('acc_5: says when the workspace is gone for this person, and tries no more', async () => {
  connection?.start();
  (await socket(1)).close();
  member = false;
  await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(2));
  // A refused upgrade closes without having opened.
  FakeSocket.all[1]?.close();
  await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce());
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(FakeSocket.all).toHaveLength(2);
});

test('drops what is no message of the feed', async () => {
  connection?.start();
  const first = await socket(1);
  first.onmessage?.({ data: 'not json' });
  first.onmessage?.({ data: '{"type":"job.changed"}' });
  first.say({ seq: 11, at, type: 'job.changed', job: aJob({ title: 'still here', version: 2 }) });
  await vi.waitFor(() => expect(titles()).toEqual(['still here']));
});

test('acc_5: another role of mine loads the jobs afresh, with what they allow now; somebody else’s does not', async () => {
  cache.setQueryData(keys.me, ana);
  connection?.start();
  const first = await socket(1);
  jobs = [aJob({ title: 'first', may: [] })];
  const may = () => Object.values(cache.getQueryData<ById<Job>>(keys.jobs('ws-1')) ?? {}).map((job) => job.may.length);
  first.say({ seq: 11, at, type: 'member.changed', user: 'u-ben' });
  first.say({ seq: 12, at, type: 'note.retracted', job: 'j-1', id: 'n-1' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(may()).toEqual([5]);
  first.say({ seq: 13, at, type: 'member.changed', user: ana.id });
  await vi.waitFor(() => expect(may()).toEqual([0]));
});

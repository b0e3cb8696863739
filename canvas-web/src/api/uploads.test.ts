import { File as NodeFile } from 'node:buffer';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { inPieces, type Progress } from './uploads';

/** A server that keeps what comes, and breaks when told to. */
let stored: { id: string; name: string; size: number; bytes: string } | undefined;
let begun = 0;
let cancelled = 0;
let broken = 0;
/** Takes the piece and loses the answer. */
let mute = 0;
const view = () => ({
  id: stored?.id,
  job: 'j-1',
  kind: 'attachment',
  name: stored?.name,
  size: stored?.size,
  offset: stored?.bytes.length,
  file: stored && stored.bytes.length === stored.size ? { id: stored.id, name: stored.name } : null,
});
const server = setupServer(
  http.get('*/api/v1/jobs/j-1/uploads', () => HttpResponse.json(stored ? [view()] : [])),
  http.post('*/api/v1/jobs/j-1/uploads', async ({ request }) => {
    const { name, size } = (await request.json()) as { name: string; size: number };
    begun += 1;
    stored = { id: `f-${begun}`, name, size, bytes: '' };
    return HttpResponse.json(view(), { status: 201 });
  }),
  http.get('*/api/v1/uploads/:id', () => (broken > 0 ? HttpResponse.error() : HttpResponse.json(view()))),
  http.put('*/api/v1/uploads/:id', async ({ request }) => {
    if (broken > 0) {
      broken -= 1;
      return HttpResponse.error();
    }
    const offset = Number(new URL(request.url).searchParams.get('offset'));
    if (!stored || offset !== stored.bytes.length) {
      const problem = { type: 'x', title: 'x', status: 409, detail: 'elsewhere', rule: 'FILE-4', current: view() };
      return HttpResponse.json(problem, { status: 409 });
    }
    stored.bytes += await request.text();
    if (mute > 0) {
      mute -= 1;
      return HttpResponse.error();
    }
    return HttpResponse.json(view());
  }),
  http.delete('*/api/v1/uploads/:id', () => {
    cancelled += 1;
    stored = undefined;
    return new HttpResponse(null, { status: 204 });
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
beforeEach(() => {
  stored = undefined;
  begun = cancelled = broken = mute = 0;
  localStorage.clear();
});
afterEach(() => vi.useRealTimers());
afterAll(() => server.close());

const words = 'abcdefghijklmnopqrstuvwxyz';
// The one of Node: its bytes get through the mocked connection.
const file = (lastModified = 1) => new NodeFile([words], 'letters.txt', { lastModified }) as unknown as File;

test('file_4: a large file goes in pieces and comes whole', async () => {
  const seen: Progress[] = [];
  const done = await inPieces('j-1', 'attachment', file(), { piece: 7, onProgress: (progress) => seen.push(progress) });
  expect(done.name).toBe('letters.txt');
  expect(stored?.bytes).toBe(words);
  expect(seen.map(({ done }) => done)).toEqual([...seen.map(({ done }) => done)].sort((a, b) => a - b));
});

test('file_4: a broken connection pauses it, and it goes on from where the server stands', async () => {
  const seen: Progress[] = [];
  broken = 1;
  const upload = inPieces('j-1', 'attachment', file(), { piece: 10, onProgress: (progress) => seen.push(progress) });
  await upload;
  expect(seen.some(({ paused }) => paused)).toBe(true);
  expect(stored?.bytes).toBe(words);
  expect(begun).toBe(1);
});

test('file_4: a piece whose answer was lost is not sent twice', async () => {
  mute = 1;
  await inPieces('j-1', 'attachment', file(), { piece: 10 });
  expect(stored?.bytes).toBe(words);
});

test('file_4: the same file chosen again goes on; another one of its name begins anew', async () => {
  stored = { id: 'f-0', name: 'letters.txt', size: 26, bytes: 'abcde' };
  localStorage.setItem('coord.upload.f-0', '1');
  await inPieces('j-1', 'attachment', file(1), {});
  expect([begun, stored.bytes]).toEqual([0, words]);
  stored = { id: 'f-0', name: 'letters.txt', size: 26, bytes: 'xxxxx' };
  localStorage.setItem('coord.upload.f-0', '1');
  await inPieces('j-1', 'attachment', file(2), {});
  expect([begun, cancelled, stored?.bytes]).toEqual([1, 1, words]);
});

test('file_4: cancelling it leaves nothing on the server', async () => {
  const abort = new AbortController();
  const upload = inPieces('j-1', 'attachment', file(), {
    piece: 5,
    signal: abort.signal,
    onProgress: ({ done }) => done > 0.3 && abort.abort(),
  });
  await expect(upload).rejects.toThrow();
  await vi.waitFor(() => expect([cancelled, stored]).toEqual([1, undefined]));
});

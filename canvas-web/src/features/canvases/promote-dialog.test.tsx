import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import type { Job } from '@/api/types';
import { commands } from '@/canvas/document';
import { anOpenDocument, create } from '@/canvas/document/testing';
import type { ObjectView } from '@/canvas/types';
import type { ById } from '@/live/feed';
import { aJob, aRunner, aWorkspace } from '@/test/samples';
import { inOrder, PromoteDialog, titleOf } from './promote-dialog';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

/** The server's part: what is asked for, and the answers in order. */
function promotions(...answers: { status: number; body: object }[]) {
  const asked: { object: string; body: unknown }[] = [];
  server.use(
    http.post('*/api/v1/canvases/c-1/ideas/:object/promote', async ({ params, request }) => {
      asked.push({ object: String(params.object), body: await request.json() });
      const { status, body } = answers[asked.length - 1] ?? { status: 500, body: {} };
      return HttpResponse.json(body, { status });
    }),
  );
  return asked;
}

function open(texts: string[], plan?: (ids: string[]) => [from: number, to: number][]) {
  const document = anOpenDocument();
  const ids = texts.map((text) => create(document, { type: 'idea', text }));
  for (const [from, to] of plan?.(ids) ?? []) {
    commands.connect(document, { from: ids[from] as string, to: ids[to] as string, kind: 'dep' });
  }
  const ideas = ids.map((id) => document.objects.get(id) as ObjectView);
  const cache = new QueryClient();
  cache.setQueryData(keys.runners('ws-1'), { 'r-1': aRunner() });
  const onBusy = vi.fn();
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={cache}>
      <PromoteDialog workspace={aWorkspace()} canvas="c-1" document={document} ideas={ideas} onBusy={onBusy} onClose={onClose} />
    </QueryClientProvider>,
  );
  return { ids, document, ideas, cache, onBusy, onClose, user: userEvent.setup() };
}

test('CAN-4: an idea becomes a job with the title and the agent that one says, and is in the cache at once', async () => {
  const asked = promotions({ status: 201, body: aJob({ number: 12 }) });
  const { ids, user, cache, onBusy, onClose } = open(['Count the pears\nAll of them']);
  const title = screen.getByLabelText('Title');
  expect(title).toHaveValue('Count the pears');
  await user.clear(title);
  await user.type(title, 'Count all pears');
  await user.selectOptions(screen.getByLabelText('Who does it'), 'scripted');
  await user.click(screen.getByRole('button', { name: 'Make job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked).toEqual([{ object: ids[0], body: { title: 'Count all pears', agent: 'scripted' } }]);
  expect(onBusy.mock.calls).toEqual([
    [[ids[0]], true],
    [[ids[0]], false],
  ]);
  expect(Object.values(cache.getQueryData<ById<Job>>(keys.jobs('ws-1')) ?? {}).map(({ number }) => number)).toEqual([12]);
});

test('CAN-4: an unchanged title is left to the server, which takes it from the idea', async () => {
  const asked = promotions({ status: 201, body: aJob() });
  const { user, onClose } = open(['Count the pears']);
  await user.click(screen.getByRole('button', { name: 'Make job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked[0]?.body).toEqual({});
});

test('CAN-4: who is second gets the job that is there already, and no error', async () => {
  promotions({ status: 200, body: aJob({ number: 7 }) });
  const { user, onClose } = open(['Count the pears']);
  await user.click(screen.getByRole('button', { name: 'Make job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(screen.queryByRole('alert')).toBeNull();
});

test('CAN-4: a refusal is told in the server’s words, and what was made stays made', async () => {
  const refused = { type: 'urn:x', title: 'Refused', status: 403, detail: 'you may not create jobs here', rule: 'ACC-1' };
  const asked = promotions({ status: 201, body: aJob() }, { status: 403, body: refused }, { status: 201, body: aJob({ number: 2 }) });
  const { ids, user, onClose } = open(['One', 'Two']);
  await user.click(screen.getByRole('button', { name: 'Make 2 jobs' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('You may not create jobs here. ACC-1');
  expect(onClose).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Make job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked.map(({ object }) => object)).toEqual([ids[0], ids[1], ids[1]]);
});

test('DEP-5: what waits for something becomes ready by itself unless one says no, and what comes first is made first', async () => {
  const asked = promotions({ status: 201, body: aJob() }, { status: 201, body: aJob({ number: 2 }) });
  const { ids, user, onClose } = open(['Second', 'First'], () => [[1, 0]]);
  expect(screen.getByRole('switch', { name: 'Ready by itself' })).toBeChecked();
  await user.click(screen.getByRole('button', { name: 'Make 2 jobs' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked).toEqual([
    { object: ids[1], body: {} },
    { object: ids[0], body: { auto_ready: true } },
  ]);
});

test('ACC-4: making it private says that the text was seen by everybody here', async () => {
  const { user } = open(['Count the pears']);
  expect(screen.queryByText(/Everybody here has already seen/)).toBeNull();
  await user.click(screen.getByRole('switch', { name: 'Private' }));
  expect(screen.getByText(/Everybody here has already seen the text/)).toBeVisible();
});

test('CAN-4: a circle of planned dependencies is put in some order, each idea once', () => {
  const { document, ideas } = open(['A', 'B', 'C'], () => [
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
  expect(new Set(inOrder(document, ideas))).toEqual(new Set(ideas));
  expect(titleOf('  \n Count  \nrest')).toBe('Count');
});

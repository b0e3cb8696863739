import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keys } from '@/api/keys';
import type { AgentRequest, Job } from '@/api/types';
import { byId } from '@/live/feed';
import { aJob, anAttempt, ana, aRequest } from '@/test/samples';
import { CanvasJobCard } from './job-card';
import { LiveJobs } from './live-jobs';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

let live: LiveJobs | undefined;
afterEach(() => live?.stop());

function show(jobs: Job[], requests: AgentRequest[] = [], brief = false) {
  const cache = new QueryClient();
  cache.setQueryData(keys.me, { ...ana, email: 'ana@x.example' });
  cache.setQueryData(keys.jobs('ws-1'), byId(jobs));
  cache.setQueryData(keys.requests('ws-1'), byId(requests));
  live = new LiveJobs(cache, 'ws-1');
  const { container } = render(
    <QueryClientProvider client={cache}>
      <CanvasJobCard jobs={live} id="j-1" brief={brief} />
    </QueryClientProvider>,
  );
  return { cache, container, user: userEvent.setup() };
}

test('CAN-5: shows number, title, state, agent, people and what holds it', () => {
  show([aJob({ state: 'ready', hold: { reason: 'dependencies_open', jobs: [3] } })]);
  for (const words of ['#1', 'Prune the trees', 'Ready', 'scripted', 'Waits for #3', 'Ana']) {
    expect(screen.getByText(words)).toBeInTheDocument();
  }
});

test('CAN-5: a job that is not this person’s to see is a private job and nothing more', () => {
  const { container } = show([]);
  expect(container).toHaveTextContent(/^\s*Private job$/);
});

test('CAN-5: follows the job as it changes, and when it becomes private to others', async () => {
  const { cache, container } = show([aJob()]);
  await act(async () => cache.setQueryData(keys.jobs('ws-1'), byId([aJob({ state: 'in_progress', activity: 'running', version: 2 })])));
  expect(await screen.findByText('In progress')).toBeInTheDocument();
  expect(screen.getByText('Working')).toBeInTheDocument();
  await act(async () => cache.setQueryData(keys.jobs('ws-1'), byId([])));
  expect(container).toHaveTextContent(/^\s*Private job$/);
});

test('CAN-5: says which tool the agent used last, harmless and only while it runs', async () => {
  const attempt = anAttempt({
    last_tool: { title: 'Edit src/\u202emain.rs', tool: 'edit', status: 'failed', at: '2026-11-20T10:00:00Z' },
  });
  const { cache, container } = show([aJob({ state: 'in_progress', activity: 'running', attempt })]);
  expect(container).toHaveTextContent('Working: Edit src/main.rs (failed)');
  await act(async () =>
    cache.setQueryData(keys.jobs('ws-1'), byId([aJob({ state: 'in_progress', activity: 'waiting_for_answer', attempt, version: 2 })])),
  );
  expect(container).not.toHaveTextContent('main.rs');
});

test('AGT-7: says that the agent is silent, and no longer when it speaks again', async () => {
  const since = new Date(Date.now() - 12.5 * 60_000).toISOString();
  const attempt = anAttempt({ last_tool: { title: 'npm test', tool: 'execute', status: 'in_progress', at: since } });
  const silent = aJob({ state: 'in_progress', activity: 'running', pause: { pause: 'silent', since }, attempt });
  const { cache, container } = show([silent]);
  expect(container).toHaveTextContent('Silent for 12 min');
  await act(async () => cache.setQueryData(keys.jobs('ws-1'), byId([{ ...silent, pause: null, version: 2 }])));
  expect(container).not.toHaveTextContent('Silent');
  expect(container).toHaveTextContent('npm test');
});

test('AGT-3: a short question is answered on the card', async () => {
  const answers: unknown[] = [];
  server.use(
    http.post('*/api/v1/requests/q-1/answer', async ({ request }) => {
      answers.push(await request.json());
      return HttpResponse.json(aRequest());
    }),
  );
  const { user } = show([aJob({ state: 'in_progress', activity: 'waiting_for_permission' })], [aRequest()]);
  expect(screen.getByText('Edit trees/pear.txt')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Allow once' }));
  await expect.poll(() => answers).toEqual([{ choice: 'c-once' }]);
});

test('AGT-3: what does not stand on the card in full is looked at before it is allowed', async () => {
  const { ask } = aRequest();
  const { user } = show([aJob({ state: 'in_progress' })], [aRequest({ ask: { ...ask, body: 'rm -rf everything' } })]);
  expect(screen.queryByRole('button', { name: 'Allow once' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Look and answer…' }));
  expect(await screen.findByText('rm -rf everything')).toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Allow once' })).toBeInTheDocument();
});

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import type { ReactNode } from 'react';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import type { Job } from '@/api/types';
import { byId } from '@/live/feed';
import { aJob, aWorkspace } from '@/test/samples';
import { HoldNote, useHeld } from './hold-note';

vi.mock('@tanstack/react-router', () => ({ Link: ({ children }: { children: ReactNode }) => <a href="/there">{children}</a> }));

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function Note({ job }: { job: Job }) {
  const held = useHeld(job);
  return held ? <HoldNote workspace={aWorkspace()} job={job} held={held} /> : <p>Nothing holds it.</p>;
}

function show(job: Job, others: Job[]) {
  const cache = new QueryClient();
  cache.setQueryData(keys.jobs('ws-1'), byId([job, ...others]));
  render(
    <QueryClientProvider client={cache}>
      <Note job={job} />
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

const waiting = (part: Partial<Job> = {}) => aJob({ number: 9, dependencies: ['j-3', 'j-4'], auto_ready: true, ...part });
const failed = aJob({ number: 3, state: 'failed', title: 'Water them' });
const running = aJob({ number: 4, state: 'in_progress' });

test('DEP-4: the hold offers to retry what failed and to remove the dependency', async () => {
  const called: string[] = [];
  server.use(
    http.post('*/api/v1/jobs/j-3/retry', () => {
      called.push('retry');
      return HttpResponse.json({ ...failed, state: 'ready', version: 2 });
    }),
    http.delete('*/api/v1/jobs/j-9/dependencies/j-3', () => {
      called.push('remove');
      return HttpResponse.json(waiting({ dependencies: ['j-4'], version: 2 }));
    }),
  );
  const user = show(waiting(), [failed, running]);
  expect(screen.getByText('It waits for #3, which failed, and #4.')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Remove dependency on #3' }));
  await user.click(screen.getByRole('button', { name: 'Retry #3' }));
  expect(called).toEqual(['remove', 'retry']);
});

test('DEP-4: who may do neither is told who could, and a refusal is shown in the server’s words', async () => {
  show(waiting({ may: ['contribute'] }), [{ ...failed, may: ['contribute'] }]);
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
  expect(screen.getByText(/Only the job’s owner, creator and leads/)).toBeVisible();
});

test('JOB-8: a refused way out says why', async () => {
  const problem = { type: 'urn:x', title: 'No', status: 409, detail: 'it is no longer failed', rule: 'JOB-5' };
  server.use(http.post('*/api/v1/jobs/j-3/retry', () => HttpResponse.json(problem, { status: 409 })));
  const user = show(waiting(), [failed]);
  await user.click(screen.getByRole('button', { name: 'Retry #3' }));
  expect(await screen.findByRole('alert')).toHaveTextContent(/it is no longer failed.*JOB-5/i);
});

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import { byId } from '@/live/feed';
import { aJob, ana, aRunner, aWorkspace } from '@/test/samples';
import { CreateJobDialog } from './create-job-dialog';

const server = setupServer(
  http.get('*/api/v1/workspaces/ws-1/folders', () => HttpResponse.json({ items: [], next: null })),
  http.get('*/api/v1/workspaces/ws-1/members', () =>
    HttpResponse.json({
      items: [{ user: ana.id, name: 'Ana', email: 'ana@x.example', role: 'owner', joined_at: '2026-01-01T00:00:00Z' }],
      next: null,
    }),
  ),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function open() {
  const cache = new QueryClient();
  cache.setQueryData(keys.jobs('ws-1'), byId([aJob({ number: 3, title: 'Sharpen the saw' })]));
  cache.setQueryData(keys.runners('ws-1'), byId([aRunner()]));
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={cache}>
      <CreateJobDialog workspace={aWorkspace()} onClose={onClose} />
    </QueryClientProvider>,
  );
  return { onClose, cache, user: userEvent.setup() };
}

function takeJobs(status = 201, answer: object = aJob({ number: 9 })) {
  const bodies: Record<string, unknown>[] = [];
  const idempotencyKeys: (string | null)[] = [];
  server.use(
    http.post('*/api/v1/workspaces/ws-1/jobs', async ({ request }) => {
      bodies.push((await request.json()) as Record<string, unknown>);
      idempotencyKeys.push(request.headers.get('idempotency-key'));
      return HttpResponse.json(answer, { status });
    }),
  );
  return { bodies, idempotencyKeys };
}

test('creates an agentic job from all four tabs', async () => {
  const { bodies, idempotencyKeys } = takeJobs();
  const { user, onClose, cache } = open();
  await user.type(screen.getByLabelText('Title'), 'Prune the trees');
  await user.type(screen.getByLabelText(/^Description/), 'Gently.');
  await user.type(screen.getByLabelText(/^Domains/), 'garden,');
  await user.click(screen.getByRole('tab', { name: 'Agent' }));
  await user.clear(screen.getByLabelText('Agent'));
  await user.type(screen.getByLabelText('Agent'), 'scripted');
  await user.type(screen.getByLabelText('Repository'), 'https://x.example/garden.git');
  await user.selectOptions(screen.getByLabelText('Mode'), 'plan');
  await user.click(screen.getByRole('tab', { name: 'Options' }));
  await user.selectOptions(screen.getByLabelText('Add a dependency'), 'j-3');
  await user.click(screen.getByRole('button', { name: 'Create job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(bodies).toHaveLength(1);
  expect(bodies[0]).toMatchObject({
    title: 'Prune the trees',
    description: 'Gently.',
    domains: ['garden'],
    agent: 'scripted',
    mode: 'plan',
    tools_policy: 'require_permission',
    routing: 'mine',
    context: { type: 'repository', url: 'https://x.example/garden.git', base_branch: 'main' },
    dependencies: ['j-3'],
    expected_uploads: 0,
    state: 'backlog',
  });
  expect(idempotencyKeys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(Object.keys(cache.getQueryData(keys.jobs('ws-1')) ?? {})).toContain('j-9');
});

test('a job for people carries nothing of an agent', async () => {
  const { bodies } = takeJobs();
  const { user, onClose } = open();
  await user.type(screen.getByLabelText('Title'), 'Call the gardener');
  await user.click(screen.getByRole('tab', { name: 'Agent' }));
  await user.click(screen.getByLabelText('People do it'));
  await user.click(screen.getByLabelText('Make it ready at once'));
  await user.click(screen.getByRole('button', { name: 'Create job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(bodies[0]).toMatchObject({ title: 'Call the gardener', state: 'ready' });
  for (const field of ['agent', 'mode', 'tools_policy', 'routing', 'context']) {
    expect(bodies[0]).not.toHaveProperty(field);
  }
});

test('shows the tab of what is missing, and sends nothing', async () => {
  const { bodies } = takeJobs();
  const { user } = open();
  await user.type(screen.getByLabelText('Title'), 'Prune');
  await user.click(screen.getByRole('button', { name: 'Create job' }));
  expect(await screen.findByText('Enter the address of the repository.')).toBeVisible();
  expect(bodies).toHaveLength(0);
});

test('shows the refusal with its rule, and keeps what was typed', async () => {
  takeJobs(422, { type: 'urn:x', title: 'Invalid', status: 422, detail: 'That would be a circle: #3 waits for #9.', rule: 'DEP-1' });
  const { user, onClose } = open();
  await user.type(screen.getByLabelText('Title'), 'Prune');
  await user.click(screen.getByRole('tab', { name: 'Agent' }));
  await user.click(screen.getByLabelText('A folder of its own'));
  await user.click(screen.getByRole('button', { name: 'Create job' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('That would be a circle: #3 waits for #9. DEP-1');
  expect(onClose).not.toHaveBeenCalled();
  await user.click(screen.getByRole('tab', { name: 'Details' }));
  expect(screen.getByLabelText('Title')).toHaveValue('Prune');
});

test('file_1: tells how many files will follow, then uploads them', async () => {
  const { bodies } = takeJobs();
  const uploads: string[] = [];
  server.use(
    http.post('*/api/v1/jobs/j-9/attachments', ({ request }) => {
      uploads.push(request.headers.get('content-type') ?? '');
      return HttpResponse.json({ id: `f-${uploads.length}` }, { status: 201 });
    }),
  );
  const { user, onClose } = open();
  await user.type(screen.getByLabelText('Title'), 'Count the apples');
  await user.upload(screen.getByLabelText('Attachments', { selector: 'input' }), [new File(['1'], 'a.csv'), new File(['2'], 'b.csv')]);
  await user.click(screen.getByRole('tab', { name: 'Agent' }));
  await user.click(screen.getByLabelText('A folder of its own'));
  await user.click(screen.getByRole('button', { name: 'Create job' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(bodies[0]).toMatchObject({ expected_uploads: 2, context: { type: 'local' } });
  expect(uploads).toHaveLength(2);
  expect(uploads[0]).toContain('multipart/form-data');
});

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import type { ReactNode } from 'react';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import type { Job, RunnerView, Workspace } from '@/api/types';
import { byId } from '@/live/feed';
import { aJob, anAttempt, aRunner, aWorkspace, ben } from '@/test/samples';
import { notTaken, worksOn } from './listed';
import { RunnersPage } from './runners-page';

const { search, navigate } = vi.hoisted(() => ({ search: {} as { whose?: string; runner?: string }, navigate: vi.fn() }));
vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="/there">{children}</a>,
  useParams: () => ({ slug: 'orchard' }),
  useSearch: () => search,
  useNavigate: () => navigate,
}));

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function show(at: typeof search, runners: RunnerView[], part: Partial<Workspace> = {}, jobs: Job[] = []) {
  Object.assign(search, { whose: undefined, runner: undefined }, at);
  const cache = new QueryClient();
  cache.setQueryData(keys.me, { id: 'u-ana', name: 'Ana', email: 'ana@example.org', created_at: '2026-11-20T10:00:00Z' });
  cache.setQueryData(keys.workspaces, [aWorkspace(part)]);
  cache.setQueryData(keys.runners('ws-1'), byId(runners));
  cache.setQueryData(keys.jobs('ws-1'), byId(jobs));
  render(
    <QueryClientProvider client={cache}>
      <RunnersPage />
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

const mine = aRunner({ concurrency: 2, running: 1, lifetime_jobs: 12, status: 'active', platform: 'linux-x86_64', version: '0.1.0' });
const bens = aRunner({ id: 'r-2', name: 'tower', owner: ben, shared: true, status: 'offline', last_seen_at: '2020-01-01T00:00:00Z' });

test('RUN-4: each runner shows status, agents, platform, version, jobs now and ever, and when it was last heard of', () => {
  show({}, [mine, bens]);
  expect(screen.getByRole('tab', { name: /^My ?1$/ })).toBeVisible();
  expect(screen.queryByText('tower')).not.toBeInTheDocument();
  const row = screen.getByRole('row', { name: /box/ });
  const cells = within(row)
    .getAllByRole('cell')
    .map((cell) => cell.textContent);
  expect(cells.slice(0, 8)).toEqual(['boxyours', 'Working', 'scriptedcodex', 'linux-x86_64', '0.1.0', '1 of 2', '12', 'never connected']);
});

test('RUN-3: others’ runners are listed under All, where admins may disable them and nothing else', async () => {
  const called: string[] = [];
  server.use(
    http.put('*/api/v1/workspaces/ws-1/runners/r-2/disabled', () => {
      called.push('disable');
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const user = show({ whose: 'all' }, [mine, bens], { role: 'admin' });
  expect(screen.getAllByRole('row').map((row) => row.textContent?.slice(0, 5))).toEqual(['Runne', 'boxyo', 'tower']);
  await user.click(screen.getByRole('button', { name: 'Actions for tower' }));
  expect((await screen.findAllByRole('menuitem')).map((item) => item.textContent)).toEqual(['Disable in this workspace', 'Copy its id']);
  await user.click(screen.getByRole('menuitem', { name: 'Disable in this workspace' }));
  expect(called).toEqual(['disable']);
});

test('RUN-3: a member has no say over the runners of others', () => {
  show({ whose: 'all' }, [mine, bens], { role: 'member' });
  expect(screen.getByRole('button', { name: 'Actions for box' })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Actions for tower' })).not.toBeInTheDocument();
});

test('RUN-1: who has no runner is told the three commands, for each platform', async () => {
  const user = show({}, [bens]);
  expect(screen.getByText('You have no runner yet')).toBeVisible();
  expect(screen.getByLabelText('1. Install')).toHaveValue('cargo install --locked --path runner');
  expect(screen.getByLabelText('2. Sign in')).toHaveValue(`coord-runner login --server ${location.origin}`);
  expect(screen.getByLabelText('3. Run')).toHaveValue('coord-runner run');
  await user.click(screen.getByRole('radio', { name: 'macOS' }));
  expect(screen.getByText('xcode-select --install')).toBeVisible();
});

test('JOB-9: a runner’s own page says what it works on and why it does not take what waits', async () => {
  server.use(
    http.get('*/api/v1/workspaces/ws-1/runners/r-1', () =>
      HttpResponse.json({
        runner: mine,
        workspaces: [{ id: 'ws-1', name: 'Orchard', slug: 'orchard', disabled: false }],
        recent: [
          {
            attempt: 'a-9',
            attempt_number: 2,
            job: 'j-9',
            number: 9,
            title: 'Graft',
            agent: 'codex',
            started_at: '2026-11-20T10:00:00Z',
            ended_at: '2026-11-20T10:02:00Z',
            outcome: 'failed',
            failure: 'git',
          },
        ],
        serves: { workspaces: [], people: ['ana@example.org'], repositories: [], local_repositories: false },
      }),
    ),
  );
  const works = aJob({ number: 3, state: 'in_progress', attempt: anAttempt({ runner: 'r-1' }) });
  const hold = { reason: 'runners_busy' as const, jobs: [3], runners: [{ runner: 'r-1', name: 'box', why: 'busy' as const }] };
  const waits = aJob({ number: 4, state: 'ready', title: 'Dig', hold });
  show({ runner: 'r-1' }, [mine], {}, [works, waits]);
  const panel = screen.getByRole('complementary', { name: 'Runner box' });
  expect(within(panel).getByText('#3 Prune the trees')).toBeVisible();
  expect(within(panel).getByText('box works on as much as it takes at once.')).toBeVisible();
  expect(
    await within(panel).findByText(
      /Failed · The repository or its branch could not be used. Check its address .* · attempt 2 · codex · 2 min/,
    ),
  ).toBeVisible();
  expect(within(panel).getByText('ana@example.org')).toBeVisible();
  expect(within(panel).getByText('Orchard')).toBeVisible();
});

test('JOB-9: obstacles are found under every hold that lists runners', () => {
  const jobs = byId([
    aJob({ number: 1, state: 'ready', hold: { reason: 'no_runner', runners: [{ runner: 'r-1', name: 'box', why: 'policy' }] } }),
    aJob({ number: 2, state: 'ready', hold: { reason: 'queued', position: 1 } }),
    aJob({ number: 3, state: 'in_progress', attempt: anAttempt({ runner: 'r-2' }) }),
  ]);
  expect(notTaken(jobs, 'r-1').map(({ job, why }) => [job.number, why])).toEqual([[1, 'policy']]);
  expect(notTaken(jobs, 'r-2')).toEqual([]);
  expect(worksOn(jobs, 'r-2').map((job) => job.number)).toEqual([3]);
});

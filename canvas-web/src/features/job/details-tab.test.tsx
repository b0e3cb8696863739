import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { useJobs } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Job, PatchJob } from '@/api/types';
import { rightsOf } from '@/shared/lib/rights';
import { aJob, ana, aWorkspace, ben } from '@/test/samples';
import { DetailsTab } from './details-tab';

let stored: Job;
const patches: PatchJob[] = [];
const server = setupServer(
  http.patch('*/api/v1/jobs/j-1', async ({ request }) => {
    const { if_version, ...patch } = (await request.json()) as PatchJob;
    if (if_version !== stored.version) {
      const problem = {
        type: 'urn:coord:problem:stale',
        title: 'x',
        status: 409,
        detail: 'it has changed',
        rule: 'JOB-7',
        current: stored,
      };
      return HttpResponse.json(problem, { status: 409 });
    }
    patches.push(patch);
    stored = { ...stored, ...patch, owner: stored.owner, version: stored.version + 1 } as Job;
    return HttpResponse.json(stored);
  }),
  http.get('*/api/v1/workspaces/ws-1/members', () =>
    HttpResponse.json({
      items: [ana, ben].map(({ id, name }) => ({ user: id, name, role: 'member', joined_at: '2026-11-20T10:00:00Z' })),
      next: null,
    }),
  ),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => {
  patches.length = 0;
});
afterAll(() => server.close());

function Shown() {
  const job = useJobs('ws-1')?.['j-1'];
  return job ? <DetailsTab workspace={aWorkspace()} job={job} rights={rightsOf(job)} team={[]} /> : null;
}

function show(job: Job) {
  stored = job;
  const cache = new QueryClient();
  cache.setQueryData(keys.jobs('ws-1'), { [job.id]: job });
  cache.setQueryData(keys.runners('ws-1'), {});
  const page = () => (
    <QueryClientProvider client={cache}>
      <Shown />
    </QueryClientProvider>
  );
  const { unmount } = render(page());
  return {
    user: userEvent.setup(),
    cache,
    again: () => {
      unmount();
      render(page());
    },
  };
}

/** Somebody else's change, that this page has not heard of. */
const meanwhile = (part: Partial<Job>) => {
  stored = { ...stored, ...part, version: stored.version + 1 };
};

test('job_7: a conflict shows theirs and mine, saves what nobody else touched, and keeps what one chooses', async () => {
  const { user } = show(aJob({ title: 'Prune', description: 'old words' }));
  await user.click(screen.getByRole('button', { name: 'Edit title and description' }));
  await user.clear(screen.getByRole('textbox', { name: 'Title' }));
  await user.type(screen.getByRole('textbox', { name: 'Title' }), 'Prune gently');
  await user.clear(screen.getByRole('textbox', { name: 'Description' }));
  await user.type(screen.getByRole('textbox', { name: 'Description' }), 'my words');
  meanwhile({ description: 'their words' });
  await user.click(screen.getByRole('button', { name: 'Save' }));
  const alert = await screen.findByRole('alert', { name: 'Changed at the same time' });
  expect(patches).toEqual([{ title: 'Prune gently' }]);
  expect(within(alert).getByRole('radio', { name: 'Theirs' })).toHaveAccessibleDescription('their words');
  expect(within(alert).getByRole('radio', { name: 'Yours' })).toHaveAccessibleDescription('my words');
  await user.click(within(alert).getByRole('radio', { name: 'Theirs' }));
  expect(within(alert).getByRole('button', { name: 'Keep theirs' })).toBeInTheDocument();
  await user.click(within(alert).getByRole('radio', { name: 'Yours' }));
  await user.click(within(alert).getByRole('button', { name: 'Save mine' }));
  await expect.poll(() => patches).toEqual([{ title: 'Prune gently' }, { description: 'my words' }]);
  expect(screen.queryByRole('alert')).toBeNull();
  expect(stored).toMatchObject({ title: 'Prune gently', description: 'my words' });
});

test('web_5: what is being typed survives that the panel closes, and says that somebody changed it meanwhile', async () => {
  const { user, cache, again } = show(aJob({ title: 'Water', description: 'one' }));
  await user.click(screen.getByRole('button', { name: 'Edit title and description' }));
  await user.type(screen.getByRole('textbox', { name: 'Description' }), ' and two');
  again();
  expect(screen.getByRole('textbox', { name: 'Description' })).toHaveValue('one and two');
  cache.setQueryData(keys.jobs('ws-1'), { 'j-1': aJob({ title: 'Water', description: 'three', version: 2 }) });
  expect(await screen.findByText(/Somebody changed the description meanwhile/)).toBeInTheDocument();
  expect(screen.getByRole('textbox', { name: 'Description' })).toHaveValue('one and two');
  await user.click(screen.getByRole('button', { name: 'Discard' }));
  expect(screen.getByText('three')).toBeInTheDocument();
});

test('job_7: a line that somebody types in is not swept away by a change of somebody else', async () => {
  const { user, cache } = show(aJob({ folder: 'Trees' }));
  const folder = () => screen.getByRole('textbox', { name: 'Folder' });
  await user.type(folder(), '/Old');
  meanwhile({ folder: 'Woods' });
  cache.setQueryData(keys.jobs('ws-1'), { 'j-1': stored });
  expect(folder()).toHaveValue('Trees/Old');
  await user.tab();
  const alert = await screen.findByRole('alert', { name: 'Changed at the same time' });
  expect(within(alert).getByRole('radio', { name: 'Theirs' })).toHaveAccessibleDescription('Woods');
  expect(within(alert).getByRole('radio', { name: 'Yours' })).toHaveAccessibleDescription('Trees/Old');
});

test('acc_3: who may not edit reads who may, and the switches say it too', async () => {
  show(aJob({ may: ['contribute'] }));
  expect(screen.queryByRole('button', { name: 'Edit title and description' })).toBeNull();
  expect(screen.queryByRole('combobox', { name: 'Priority' })).toBeNull();
  expect((await screen.findAllByText(/Only the job’s owner, creator and leads/)).length).toBeGreaterThan(1);
  expect(screen.getByRole('switch', { name: 'Private' })).toHaveAttribute('aria-disabled', 'true');
});

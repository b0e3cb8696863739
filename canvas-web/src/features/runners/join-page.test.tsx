import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import type { ReactNode } from 'react';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import { asCode, isWhole } from './code';
import { JoinPage } from './join-page';

const { search, navigate } = vi.hoisted(() => ({ search: { code: undefined as string | undefined }, navigate: vi.fn() }));
vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="/there">{children}</a>,
  useSearch: () => search,
  useNavigate: () => navigate,
}));

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const asked = {
  code: 'BCDF-GHJK',
  machine: 'ana’s laptop',
  platform: 'linux-x86_64',
  version: '0.1.0',
  address: '10.0.0.7',
  same_address: false,
  created_at: '2026-11-20T10:00:00Z',
  expires_at: new Date(Date.now() + 9 * 60_000).toISOString(),
};

function show(code: string | undefined) {
  search.code = code;
  const cache = new QueryClient();
  cache.setQueryData(keys.me, { id: 'u-ana', name: 'Ana', email: 'ana@example.org', created_at: asked.created_at });
  cache.setQueryData(keys.workspaces, []);
  render(
    <QueryClientProvider client={cache}>
      <JoinPage />
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

test('RUN-1: a code is read as it is typed', async () => {
  expect(asCode('bcdfg hjk')).toBe('BCDF-GHJK');
  expect(asCode('b1c-dAf')).toBe('BCDF');
  expect(isWhole(asCode('bcdfghj'))).toBe(false);
  const user = show(undefined);
  await user.type(screen.getByLabelText('Code'), 'bcdfghjk');
  await user.click(screen.getByRole('button', { name: 'Continue' }));
  expect(navigate).toHaveBeenCalledWith({ search: { code: 'BCDF-GHJK' } });
});

test('RUN-1: the page says who asks, and nobody approves without saying that the machine is theirs', async () => {
  const sent: unknown[] = [];
  server.use(
    http.get('*/api/v1/runner_codes/BCDF-GHJK', () => HttpResponse.json(asked)),
    http.post('*/api/v1/runner_codes/BCDF-GHJK/approve', async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json({ runner: 'r-1' });
    }),
  );
  const user = show('BCDF-GHJK');
  expect(await screen.findByText('BCDF-GHJK')).toBeVisible();
  expect(screen.getByText(/another address than yours/)).toBeVisible();
  expect(screen.getByText(/Approve only what you started yourself/)).toBeVisible();
  const name = screen.getByLabelText('Name of the runner');
  expect(name).toHaveValue('ana’s laptop');
  await user.type(name, '{Enter}');
  await user.click(screen.getByRole('button', { name: 'Approve' }));
  expect(sent).toEqual([]);
  await user.click(screen.getByRole('checkbox'));
  await user.clear(name);
  await user.type(name, ' laptop ');
  await user.click(screen.getByRole('button', { name: 'Approve' }));
  expect(await screen.findByRole('heading', { name: 'laptop is approved' })).toBeVisible();
  expect(sent).toEqual([{ name: 'laptop', shared: false }]);
});

test('RUN-1: a code can be refused, and one that has ended says so', async () => {
  let refused = 0;
  server.use(
    http.get('*/api/v1/runner_codes/BCDF-GHJK', () => HttpResponse.json(asked)),
    http.post('*/api/v1/runner_codes/BCDF-GHJK/refuse', () => {
      refused += 1;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const user = show('BCDF-GHJK');
  await user.click(await screen.findByRole('button', { name: 'Refuse' }));
  expect(await screen.findByRole('heading', { name: 'Refused' })).toBeVisible();
  expect(refused).toBe(1);

  const problem = { type: 'urn:coord:problem:not-found', title: 'No', status: 404, detail: 'there is no such thing' };
  server.use(http.get('*/api/v1/runner_codes/BCDF-GHJL', () => HttpResponse.json(problem, { status: 404 })));
  show('BCDF-GHJL');
  expect(await screen.findByRole('heading', { name: 'This code does not hold' })).toBeVisible();
});

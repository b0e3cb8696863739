import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '@/api/keys';
import type { Role } from '@/api/types';
import { ana, aWorkspace, ben } from '@/test/samples';
import { SettingsPage } from './settings-page';

const at = '2026-11-20T10:00:00Z';

function open(role: Role) {
  const cache = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const workspace = aWorkspace({ role });
  cache.setQueryData(keys.workspaces, [workspace]);
  cache.setQueryData(keys.me, { ...ana, email: 'ana@example.org', created_at: at });
  const member = (person: typeof ana, as: Role) => ({
    user: person.id,
    name: person.name,
    email: `${person.id}@x.y`,
    role: as,
    joined_at: at,
  });
  cache.setQueryData(keys.members(workspace.id), [member(ana, role), member(ben, 'member')]);
  const root = createRootRoute();
  const shell = createRoute({ getParentRoute: () => root, path: '/w/$slug' });
  const page = createRoute({ getParentRoute: () => shell, path: 'settings', component: SettingsPage });
  const audit = createRoute({ getParentRoute: () => shell, path: 'audit', component: () => null });
  const router = createRouter({
    routeTree: root.addChildren([shell.addChildren([page, audit])]),
    history: createMemoryHistory({ initialEntries: ['/w/orchard/settings'] }),
  });
  render(
    <QueryClientProvider client={cache}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return workspace;
}

test('ACC-2: handing over needs the workspace’s name typed, and is one call', async () => {
  const user = userEvent.setup();
  const calls: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    calls.push(`${request.method} ${new URL(request.url).pathname} ${await request.clone().text()}`);
    const body = request.url.includes('/members/')
      ? { user: ben.id, name: ben.name, email: 'ben@x.y', role: 'owner', joined_at: at }
      : { items: [], next: null };
    return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
  });
  const workspace = open('owner');
  await user.selectOptions(await screen.findByLabelText('Hand the workspace over'), ben.id);
  await user.click(screen.getByRole('button', { name: 'Hand over…' }));
  const confirm = await screen.findByRole('button', { name: 'Hand over' });
  expect(confirm).toBeDisabled();
  await user.type(screen.getByLabelText(`Type “${workspace.name}” to go on`), 'orchard');
  expect(confirm).toBeDisabled();
  await user.clear(screen.getByLabelText(`Type “${workspace.name}” to go on`));
  await user.type(screen.getByLabelText(`Type “${workspace.name}” to go on`), 'Orchard');
  await user.click(confirm);
  await waitFor(() => expect(calls[0]).toBe(`PATCH /api/v1/workspaces/${workspace.id}/members/${ben.id} {"role":"owner"}`));
});

test('ACC-3: who may not change the settings sees them without a way to save', async () => {
  open('member');
  expect(await screen.findByLabelText('Name')).toBeDisabled();
  expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
  expect(screen.queryByText('Danger zone')).toBeNull();
  expect(screen.queryByRole('link', { name: 'Audit log' })).toBeNull();
});

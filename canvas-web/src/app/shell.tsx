import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useParams, useRouterState } from '@tanstack/react-router';
import { CircleHelp, Columns3, Frame, LogOut, Monitor, Moon, Plus, Server, Sun, Users } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { api } from '@/api/calls';
import { useMe, useOpenRequests, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Canvas, User, Workspace } from '@/api/types';
import { forgetCopies, forgetCopy, unsavedEdits } from '@/canvas/sync/copies';
import { LiveConnection } from '@/live/connection';
import { cx } from '@/shared/lib/cx';
import { rememberWorkspace } from '@/shared/lib/last-workspace';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { type ThemeChoice, useTheme } from '@/shared/lib/theme';
import { useUi } from '@/shared/lib/ui-store';
import { usePhone } from '@/shared/lib/use-media';
import { Avatar, Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Menu, MenuGroup, MenuItem, MenuLine } from '@/shared/ui/menu';
import { toast, toastProblem } from '@/shared/ui/toast';
import { ConnectionBanner } from './connection-banner';
import { toSignIn } from './router';
import { ShortcutSheet } from './shortcut-sheet';
import { WorkspaceSwitcher } from './workspace-switcher';

const CreateJobDialog = lazy(() => import('@/features/create/create-job-dialog').then((m) => ({ default: m.CreateJobDialog })));

const pages = [
  { to: '/w/$slug', label: 'Board', icon: Columns3 },
  { to: '/w/$slug/canvases', label: 'Canvases', icon: Frame },
  { to: '/w/$slug/runners', label: 'Runners', icon: Server },
  { to: '/w/$slug/members', label: 'Members', icon: Users },
] as const;

export function WorkspaceShell() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  if (!workspace) {
    return <Loading />;
  }
  return <Shell key={workspace.id} workspace={workspace} />;
}

function Shell({ workspace }: { workspace: Workspace }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const phone = usePhone();
  const { creating, helping } = useUi();
  const mayCreate = workspace.role !== 'viewer';

  useEffect(() => {
    rememberWorkspace(workspace.slug);
  }, [workspace.slug]);
  useEffect(() => {
    const gone = () => {
      const me = cache.getQueryData<User>(keys.me);
      for (const { id } of (me && cache.getQueryData<Canvas[]>(keys.canvases(workspace.id))) ?? []) {
        forgetCopy(me?.id ?? '', id);
      }
      cache.removeQueries({ queryKey: ['ws', workspace.id] });
      cache.removeQueries({ queryKey: ['job'] });
      cache.removeQueries({ queryKey: keys.workspaces });
      toast(`${workspace.name} is no longer open to you`);
      void navigate({ to: '/' });
    };
    const connection = new LiveConnection(workspace.id, cache, toSignIn, gone);
    connection.start();
    return () => connection.stop();
  }, [workspace.id, workspace.name, cache, navigate]);
  useTitle(workspace);
  useShortcuts({
    c: () => mayCreate && useUi.setState({ creating: true }),
    '?': () => useUi.setState({ helping: true }),
  });

  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-60 focus:rounded-lg focus:bg-accent focus:px-3 focus:py-1.5 focus:text-accent-ink"
      >
        Skip to content
      </a>
      <ConnectionBanner />
      <div className="flex min-h-0 flex-1">
        {!phone && <SideNav workspace={workspace} mayCreate={mayCreate} />}
        <div className="flex min-w-0 flex-1 flex-col">
          {phone && <PhoneTop workspace={workspace} />}
          <main id="main" className="min-h-0 flex-1" tabIndex={-1}>
            <Outlet />
          </main>
          {phone && <PhoneTabs workspace={workspace} mayCreate={mayCreate} />}
        </div>
      </div>
      <Suspense>
        {creating && mayCreate && <CreateJobDialog workspace={workspace} onClose={() => useUi.setState({ creating: false })} />}
      </Suspense>
      {helping && <ShortcutSheet onClose={() => useUi.setState({ helping: false })} />}
    </div>
  );
}

/** The number of open requests stands in the tab's title, so that it is seen from elsewhere. */
function useTitle(workspace: Workspace) {
  const waiting = useOpenRequests(workspace.id).length;
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${workspace.name} · Coord`;
    return () => {
      document.title = 'Coord';
    };
  }, [waiting, workspace.name]);
}

function SideNav({ workspace, mayCreate }: { workspace: Workspace; mayCreate: boolean }) {
  const waiting = useOpenRequests(workspace.id).length;
  return (
    <aside className="flex w-52 shrink-0 flex-col border-r bg-bg px-2.5 py-2.5">
      <WorkspaceSwitcher workspace={workspace} />
      {mayCreate && (
        <Button
          look="primary"
          className="mt-2.5 w-full"
          icon={<Plus className="size-4" aria-hidden />}
          onClick={() => useUi.setState({ creating: true })}
        >
          New job
        </Button>
      )}
      <nav aria-label="Workspace" className="mt-3 flex flex-col gap-0.5">
        {pages.map(({ to, label, icon: Icon }) => (
          <NavLink key={to} to={to} workspace={workspace} className="flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-sm">
            <Icon className="size-4" aria-hidden />
            <span className="flex-1">{label}</span>
            {label === 'Board' && waiting > 0 && <Count value={waiting} />}
          </NavLink>
        ))}
      </nav>
      <div className="flex-1" />
      <button
        type="button"
        onClick={() => useUi.setState({ helping: true })}
        className="flex h-8 items-center gap-2.5 rounded-lg px-2.5 text-ink-3 text-sm hover:bg-hover hover:text-ink"
      >
        <CircleHelp className="size-4" aria-hidden /> Shortcuts
      </button>
      <AccountMenu />
    </aside>
  );
}

const Count = ({ value }: { value: number }) => (
  <span className="rounded-full bg-progress-soft px-1.5 font-semibold text-2xs text-progress">
    {value}
    <span className="sr-only"> open {value === 1 ? 'request' : 'requests'}</span>
  </span>
);

function NavLink({
  to,
  workspace,
  className,
  children,
}: {
  to: (typeof pages)[number]['to'];
  workspace: Workspace;
  className: string;
  children: ReactNode;
}) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const base = `/w/${workspace.slug}`;
  const active =
    to === '/w/$slug'
      ? path === base || path === `${base}/` || path.startsWith(`${base}/jobs`)
      : `${path}/`.startsWith(`${to.replace('$slug', workspace.slug)}/`);
  return (
    <Link
      to={to}
      params={{ slug: workspace.slug }}
      aria-current={active ? 'page' : undefined}
      className={cx(className, active ? 'bg-hover font-medium text-ink' : 'text-ink-2 hover:bg-hover hover:text-ink')}
    >
      {children}
    </Link>
  );
}

function PhoneTop({ workspace }: { workspace: Workspace }) {
  return (
    <header className="flex items-center gap-2 border-b px-3 py-1.5">
      <div className="min-w-0 flex-1">
        <WorkspaceSwitcher workspace={workspace} />
      </div>
      <AccountMenu small />
    </header>
  );
}

function PhoneTabs({ workspace, mayCreate }: { workspace: Workspace; mayCreate: boolean }) {
  const waiting = useOpenRequests(workspace.id).length;
  return (
    <nav aria-label="Workspace" className="flex border-t bg-surface pb-[env(safe-area-inset-bottom)]">
      {pages.map(({ to, label, icon: Icon }) => (
        <NavLink key={to} to={to} workspace={workspace} className="relative flex flex-1 flex-col items-center gap-0.5 py-1.5 text-2xs">
          <Icon className="size-5" aria-hidden />
          {label}
          {label === 'Board' && waiting > 0 && (
            <span className="absolute top-0.5 left-1/2 ml-1.5">
              <Count value={waiting} />
            </span>
          )}
        </NavLink>
      ))}
      {mayCreate && (
        <button
          type="button"
          className="flex flex-1 flex-col items-center gap-0.5 py-1.5 text-2xs text-accent"
          onClick={() => useUi.setState({ creating: true })}
        >
          <Plus className="size-5" aria-hidden />
          New job
        </button>
      )}
    </nav>
  );
}

const themes: { value: ThemeChoice; label: string; icon: ReactNode }[] = [
  { value: 'system', label: 'Like the system', icon: <Monitor /> },
  { value: 'light', label: 'Light', icon: <Sun /> },
  { value: 'dark', label: 'Dark', icon: <Moon /> },
];

function AccountMenu({ small }: { small?: boolean }) {
  const me = useMe();
  const { choice, choose } = useTheme();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const signOut = async () => {
    // Signing out removes what this browser keeps of canvases.
    if (unsavedEdits() > 0 && !window.confirm('Your last edits on the canvas are not saved yet and would be lost. Sign out?')) {
      return;
    }
    try {
      await api.logout();
    } catch (error) {
      toastProblem('You are still signed in', error);
      return;
    }
    cache.clear();
    if (me) {
      await forgetCopies(me.id);
    }
    await navigate({ to: '/login', search: {} });
  };
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className={cx('flex items-center gap-2.5 rounded-lg text-left hover:bg-hover', small ? 'p-1.5' : 'px-2 py-1.5')}
        >
          <span className="sr-only">Account of {small && me?.name}</span>
          <Avatar name={me?.name ?? '?'} className="size-6 text-2xs" />
          {!small && (
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium text-sm">{me?.name}</span>
            </span>
          )}
        </button>
      }
    >
      <p className="max-w-60 truncate px-2 pt-1 pb-1.5 text-ink-3 text-xs">{me?.email}</p>
      <MenuGroup label="Theme">
        {themes.map((theme) => (
          <MenuItem key={theme.value} icon={theme.icon} checked={choice === theme.value} onSelect={() => choose(theme.value)}>
            {theme.label}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={<LogOut />} onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}

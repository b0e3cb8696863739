import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { useMe, useOpenRequests, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Canvas, User, Workspace } from '@/api/types';
import { forgetCopy } from '@/canvas/sync/copies';
import { LiveConnection } from '@/live/connection';
import { rememberWorkspace } from '@/shared/lib/last-workspace';
import { useNotifyChoice } from '@/shared/lib/notify-choice';
import { keyOfPage } from '@/shared/lib/shortcut-list';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { useUi } from '@/shared/lib/ui-store';
import { usePhone } from '@/shared/lib/use-media';
import { Loading } from '@/shared/ui/bits';
import { toast } from '@/shared/ui/toast';
import { ConnectionBanner } from './connection-banner';
import { useForgetGone } from './forget-gone';
import { PhoneTabs, PhoneTop, SideNav } from './navigation';
import { pages } from './pages';
import { Commands } from './palette/commands';
import { toSignIn } from './router';
import { ShortcutSheet } from './shortcut-sheet';

const CreateJobDialog = lazy(() => import('@/features/create/create-job-dialog').then((m) => ({ default: m.CreateJobDialog })));
const InboxNotices = lazy(() => import('@/features/inbox/inbox-notices').then((m) => ({ default: m.InboxNotices })));

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
  const notify = useNotifyChoice(({ on }) => on);
  const mayCreate = workspace.role !== 'viewer';
  useForgetGone(useMe()?.id);

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
  useShortcuts(
    Object.fromEntries(
      pages.map(({ to, label }) => [keyOfPage(label) ?? label, () => void navigate({ to, params: { slug: workspace.slug } })]),
    ),
  );
  useShortcuts({
    c: () => mayCreate && useUi.setState({ creating: true }),
    '?': () => useUi.setState({ helping: true }),
  });

  return (
    <div className="flex h-dvh flex-col overflow-clip">
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
      <Suspense>{notify && <InboxNotices slug={workspace.slug} />}</Suspense>
      <Commands workspace={workspace} />
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

import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { CircleHelp, Ellipsis, Plus, Search } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import { useOpenRequests } from '@/api/hooks';
import { useInboxCount } from '@/api/inbox';
import type { Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { openPalette } from '@/shared/lib/palette';
import { useUi } from '@/shared/lib/ui-store';
import { Button, IconButton } from '@/shared/ui/button';
import { Menu, MenuItem } from '@/shared/ui/menu';
import { AccountMenu } from './account-menu';
import { isAt, type Page, pages } from './pages';
import { WorkspaceSwitcher } from './workspace-switcher';

interface Props {
  workspace: Workspace;
  mayCreate: boolean;
}

const newJob = () => useUi.setState({ creating: true });

export function SideNav({ workspace, mayCreate }: Props) {
  return (
    <aside className="flex w-52 shrink-0 flex-col border-r bg-bg px-2.5 py-2.5">
      <WorkspaceSwitcher workspace={workspace} />
      {mayCreate && (
        <Button look="primary" className="mt-2.5 w-full shrink-0" icon={<Plus className="size-4" aria-hidden />} onClick={newJob}>
          New job
        </Button>
      )}
      <nav aria-label="Workspace" className="mt-3 flex min-h-0 flex-1 flex-col gap-0.5 overflow-y-auto">
        {pages.map((page, at) => (
          <Fragment key={page.to}>
            {at > 0 && page.group !== pages[at - 1]?.group && <div className="my-1.5 border-t" />}
            <PageLink page={page} workspace={workspace} className="flex h-8 shrink-0 items-center gap-2.5 rounded-lg px-2.5 text-sm">
              <page.icon className="size-4" aria-hidden />
              <span className="flex-1">{page.label}</span>
              <Waiting page={page} workspace={workspace} />
            </PageLink>
          </Fragment>
        ))}
      </nav>
      <button
        type="button"
        onClick={() => useUi.setState({ helping: true })}
        className="flex h-8 shrink-0 items-center gap-2.5 rounded-lg px-2.5 text-ink-3 text-sm hover:bg-hover hover:text-ink"
      >
        <CircleHelp className="size-4" aria-hidden /> Shortcuts
      </button>
      <AccountMenu />
    </aside>
  );
}

/** What waits for somebody, as a number beside the page where it is answered. */
function Waiting({ page, workspace }: { page: Page; workspace: Workspace }) {
  const requests = useOpenRequests(workspace.id).length;
  const inbox = useInboxCount()?.total ?? 0;
  const waiting = page.label === 'Board' ? requests : page.label === 'Inbox' ? inbox : 0;
  const words = page.label === 'Board' ? (waiting === 1 ? 'open request' : 'open requests') : waiting === 1 ? 'thing waits' : 'things wait';
  return waiting > 0 ? (
    <span className="rounded-full bg-progress-soft px-1.5 font-semibold text-2xs text-progress">
      {waiting}
      <span className="sr-only"> {words}</span>
    </span>
  ) : null;
}

const usePath = () => useRouterState({ select: (state) => state.location.pathname });

function PageLink({ page, workspace, className, children }: { page: Page; workspace: Workspace; className: string; children: ReactNode }) {
  const active = isAt(page, workspace.slug, usePath());
  return (
    <Link
      to={page.to}
      params={{ slug: workspace.slug }}
      aria-current={active ? 'page' : undefined}
      className={cx(className, active ? 'bg-hover font-medium text-ink' : 'text-ink-2 hover:bg-hover hover:text-ink')}
    >
      {children}
    </Link>
  );
}

export function PhoneTop({ workspace }: { workspace: Workspace }) {
  return (
    <header className="flex items-center gap-2 border-b px-3 py-1.5">
      <div className="min-w-0 flex-1">
        <WorkspaceSwitcher workspace={workspace} />
      </div>
      <IconButton label="Commands and search" onClick={openPalette}>
        <Search className="size-5" aria-hidden />
      </IconButton>
      <AccountMenu small />
    </header>
  );
}

const tab = 'relative flex min-w-0 flex-1 flex-col items-center gap-0.5 py-1.5 text-2xs';

export function PhoneTabs({ workspace, mayCreate }: Props) {
  const path = usePath();
  const navigate = useNavigate();
  const more = pages.filter((page) => !page.phone);
  const inside = more.find((page) => isAt(page, workspace.slug, path));
  return (
    <nav aria-label="Workspace" className="flex border-t bg-surface pb-[env(safe-area-inset-bottom)]">
      {pages
        .filter((page) => page.phone)
        .map((page) => (
          <PageLink key={page.to} page={page} workspace={workspace} className={tab}>
            <page.icon className="size-5" aria-hidden />
            {page.label}
            <span className="absolute top-0.5 left-1/2 ml-1.5">
              <Waiting page={page} workspace={workspace} />
            </span>
          </PageLink>
        ))}
      {mayCreate && (
        <button type="button" className={cx(tab, 'text-accent')} onClick={newJob}>
          <Plus className="size-5" aria-hidden />
          New job
        </button>
      )}
      <Menu
        trigger={
          <button type="button" className={cx(tab, inside ? 'bg-hover font-medium text-ink' : 'text-ink-2')}>
            <Ellipsis className="size-5" aria-hidden />
            <span className="max-w-full truncate">{inside?.label ?? 'More'}</span>
          </button>
        }
      >
        {more.map((page) => (
          <MenuItem
            key={page.to}
            icon={<page.icon />}
            checked={page === inside}
            onSelect={() => void navigate({ to: page.to, params: { slug: workspace.slug } })}
          >
            {page.label}
          </MenuItem>
        ))}
      </Menu>
    </nav>
  );
}

import { Link } from '@tanstack/react-router';
import { ArrowLeft, BriefcaseBusiness, Ellipsis, Link2, ListTree, Redo2, Undo2 } from 'lucide-react';
import { type ReactNode, useSyncExternalStore } from 'react';
import type { Canvas, Workspace } from '@/api/types';
import type { UndoStack } from '@/canvas/document/undo';
import type { CanvasSession } from '@/canvas/sync/session';
import { cx } from '@/shared/lib/cx';
import { IconButton } from '@/shared/ui/button';
import { Menu } from '@/shared/ui/menu';
import { CanvasName } from './canvas-name';
import { LockMenu } from './lock-menu';
import { PeopleHere } from './people-here';
import { SyncPill } from './sync-pill';

interface Props {
  workspace: Workspace;
  canvas: Canvas;
  session: CanvasSession;
  undo: UndoStack;
  readOnly: boolean;
  jobsOpen: boolean;
  outline: boolean;
  onJobs: () => void;
  onOutline: () => void;
  onFollow: (client: number | null) => void;
  onShare: () => void;
  menu: ReactNode;
}

export function TopBar({
  workspace,
  canvas,
  session,
  undo,
  readOnly,
  jobsOpen,
  outline,
  onJobs,
  onOutline,
  onFollow,
  onShare,
  menu,
}: Props) {
  return (
    <header className="z-20 flex h-11 shrink-0 items-center gap-1 border-b bg-surface px-2">
      <Link
        to="/w/$slug/canvases"
        params={{ slug: workspace.slug }}
        aria-label="All canvases"
        title="All canvases"
        className="inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-ink-2 hover:bg-hover hover:text-ink"
      >
        <ArrowLeft className="size-4" aria-hidden />
      </Link>
      <CanvasName canvas={canvas} mayEdit={workspace.role !== 'viewer'} />
      <SyncPill session={session} />
      <span className="flex-1" />
      {!readOnly && <Steps undo={undo} />}
      <PeopleHere presence={session.presence} onFollow={onFollow} />
      <LockMenu workspace={workspace} canvas={canvas} />
      <Toggle label="Jobs" on={jobsOpen} onPress={onJobs} icon={<BriefcaseBusiness className="size-4" aria-hidden />} />
      <Toggle label="Outline" on={outline} onPress={onOutline} icon={<ListTree className="size-4" aria-hidden />} />
      <IconButton label="Copy a link" className="max-md:hidden" onClick={onShare}>
        <Link2 className="size-4" aria-hidden />
      </IconButton>
      <Menu
        trigger={
          <IconButton label="More about this canvas">
            <Ellipsis className="size-4" aria-hidden />
          </IconButton>
        }
      >
        {menu}
      </Menu>
    </header>
  );
}

function Steps({ undo }: { undo: UndoStack }) {
  const possible = useSyncExternalStore(undo.subscribe, undo.state);
  return (
    <span className="flex max-md:hidden">
      <IconButton label="Undo (Ctrl+Z)" disabled={!possible.undo} onClick={() => undo.undo()}>
        <Undo2 className="size-4" aria-hidden />
      </IconButton>
      <IconButton label="Redo (Ctrl+Shift+Z)" disabled={!possible.redo} onClick={() => undo.redo()}>
        <Redo2 className="size-4" aria-hidden />
      </IconButton>
    </span>
  );
}

const Toggle = ({ label, on, icon, onPress }: { label: string; on: boolean; icon: ReactNode; onPress: () => void }) => (
  <button
    type="button"
    aria-pressed={on}
    title={label}
    onClick={onPress}
    className={cx(
      'inline-flex h-8 shrink-0 items-center gap-1.5 rounded-lg px-2 text-sm',
      on ? 'bg-accent-soft text-ink [&>svg]:text-accent' : 'text-ink-2 hover:bg-hover hover:text-ink',
    )}
  >
    {icon}
    <span className="max-lg:sr-only">{label}</span>
  </button>
);

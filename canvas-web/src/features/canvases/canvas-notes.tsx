import { Eye, Lock, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useSyncStatus } from '@/canvas/sync/hooks';
import type { CanvasSession } from '@/canvas/sync/session';
import { cx } from '@/shared/lib/cx';
import { Button } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';

/** Why a person may only look. */
export type Watching = 'viewer' | 'locked' | 'newer' | null;

interface Props {
  session: CanvasSession;
  watching: Watching;
  editor: string | undefined;
  onDownload: () => void;
  /** Throws the copy of this browser away and opens the server's. */
  onDiscard: () => void;
}

/** What one has to know before going on: one may only watch, or edits are not taken (CAN-9, CAN-10). */
export function CanvasNotes({ session, watching, editor, onDownload, onDiscard }: Props) {
  const status = useSyncStatus(session.provider);
  const [asking, setAsking] = useState(false);
  const stuck = status.phase === 'refused' || (status.denied && status.unsaved > 0);
  if (stuck) {
    const what =
      status.refusal === 'size'
        ? 'One of your edits is too large for the server, so it does not take the last ones.'
        : status.refusal === 'content'
          ? 'The server does not take this copy of the canvas, nor your last edits.'
          : 'You may not edit here any more, so the server does not take your last edits.';
    return (
      <>
        <Note loud icon={<TriangleAlert className="size-4 shrink-0" aria-hidden />}>
          <span className="min-w-0 flex-1">
            {what} {status.reason && <span className="opacity-80">({status.reason})</span>} They are still in this browser
            {session.local === null ? ', as long as this page is open' : ''}.
          </span>
          <Button small onClick={onDownload}>
            Download my copy
          </Button>
          <Button small onClick={() => setAsking(true)}>
            Go on without it…
          </Button>
          {status.phase === 'refused' && (
            <Button small onClick={session.provider.retryNow}>
              Try again
            </Button>
          )}
        </Note>
        <Confirm
          open={asking}
          onClose={() => setAsking(false)}
          title="Go on with what is on the server?"
          action="Throw mine away"
          onConfirm={onDiscard}
        >
          {status.unsaved === 1 ? 'Your last edit is' : `Your last ${status.unsaved} edits are`} gone then, unless you download your copy
          first.
        </Confirm>
      </>
    );
  }
  switch (watching) {
    case 'newer':
      return (
        <Note icon={<Eye className="size-4 shrink-0" aria-hidden />}>
          <span>This canvas was changed by a newer version of Coord. You can look at it.</span>
          <Button small onClick={() => location.reload()}>
            Reload
          </Button>
        </Note>
      );
    case 'viewer':
      return <Note icon={<Eye className="size-4 shrink-0" aria-hidden />}>You are watching. Viewers cannot change a canvas.</Note>;
    case 'locked':
      return (
        <Note icon={<Lock className="size-4 shrink-0" aria-hidden />}>
          {editor ? `${editor} edits alone now. You are watching.` : 'The canvas is locked. You are watching.'}
        </Note>
      );
    case null:
      return null;
  }
}

const Note = ({ loud, icon, children }: { loud?: boolean; icon: ReactNode; children: ReactNode }) => (
  <div
    role={loud ? 'alert' : 'status'}
    className={cx(
      'flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b px-4 py-1.5 text-sm',
      loud ? 'bg-failed-soft text-failed' : 'bg-sunken text-ink-2',
    )}
  >
    {icon}
    {children}
  </div>
);

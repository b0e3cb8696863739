import { CloudAlert, CloudCheck, CloudOff, LoaderCircle } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSyncStatus } from '@/canvas/sync/hooks';
import type { SyncStatus } from '@/canvas/sync/provider';
import type { CanvasSession } from '@/canvas/sync/session';
import { cx } from '@/shared/lib/cx';

const edits = (count: number) => (count === 1 ? '1 edit' : `${count} edits`);

/** The state of the edits in a few words, and what it means in a sentence. */
export function syncWords(status: SyncStatus, kept: boolean): { short: string; long: string; look: 'good' | 'busy' | 'warn' | 'bad' } {
  const { phase, unsaved, late, denied } = status;
  const safe = kept ? 'They are kept in this browser and sent as soon as possible.' : 'Keep this page open, or they are lost.';
  if (phase === 'refused' || (denied && unsaved > 0)) {
    return { short: `${edits(unsaved)} not taken`, long: 'The server does not take what was changed here.', look: 'bad' };
  }
  if (phase === 'offline') {
    return unsaved > 0
      ? { short: `Offline, ${edits(unsaved)} not saved`, long: `There is no connection. ${safe}`, look: 'warn' }
      : { short: 'Offline', long: 'There is no connection. You can go on; what you change is sent on return.', look: 'warn' };
  }
  if (unsaved > 0 && late) {
    return { short: `${edits(unsaved)} not saved yet`, long: `The server has not confirmed them. ${safe}`, look: 'warn' };
  }
  if (phase === 'connecting') {
    return { short: 'Connecting', long: 'The latest state is on its way.', look: 'busy' };
  }
  return unsaved > 0
    ? { short: 'Saving', long: `${edits(unsaved)} on the way to the server.`, look: 'busy' }
    : { short: 'Saved', long: 'Everything is saved on the server.', look: 'good' };
}

const looks = {
  good: { icon: CloudCheck, className: 'text-ink-3' },
  busy: { icon: LoaderCircle, className: 'text-ink-3 [&>svg]:animate-spin' },
  warn: { icon: CloudOff, className: 'bg-progress-soft text-progress font-medium' },
  bad: { icon: CloudAlert, className: 'bg-failed-soft text-failed font-medium' },
} as const;

/** Says whether what one did is saved (CAN-8). */
export function SyncPill({ session }: { session: CanvasSession }) {
  const status = useSyncStatus(session.provider);
  const { short, long, look } = syncWords(status, session.local !== null);
  const shown = useCalm(look === 'busy' ? undefined : short, short);
  const { icon: Icon, className } = looks[look];
  const retry = status.phase === 'offline';
  const body = (
    <>
      <Icon className="size-4 shrink-0" aria-hidden />
      <span className={cx('truncate', look === 'good' || look === 'busy' ? 'max-lg:sr-only' : 'max-md:sr-only')}>{short}</span>
      <span className="sr-only" role="status">
        {shown}
      </span>
    </>
  );
  const classes = cx('inline-flex h-7 min-w-0 items-center gap-1.5 rounded-full px-2 text-xs', className);
  return retry ? (
    <button type="button" className={classes} title={`${long} Press to try again now.`} onClick={session.provider.retryNow}>
      {body}
    </button>
  ) : (
    <span className={classes} title={long}>
      {body}
    </span>
  );
}

/** Screen readers hear of a state that stays, not of each save in between. */
function useCalm(settled: string | undefined, now: string): string {
  const [words, setWords] = useState(now);
  useEffect(() => {
    if (settled === undefined) {
      return;
    }
    const timer = setTimeout(() => setWords(settled), 1000);
    return () => clearTimeout(timer);
  }, [settled]);
  return words;
}

import { Link } from '@tanstack/react-router';
import { Bot } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import type { ActivityEntry, JobState } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { useNow } from '@/shared/lib/now';
import { agoWords, plainWords } from '@/shared/lib/words';
import { Avatar, StateIcon } from '@/shared/ui/bits';
import { lineOf } from './words';

const link = 'font-medium text-ink hover:underline hover:underline-offset-2';

/** Where on the job it is seen. */
function tabOf(entry: ActivityEntry) {
  switch (entry.kind) {
    case 'notes':
      return 'notes' as const;
    case 'files':
      return 'files' as const;
    case 'requests':
      return 'log' as const;
    default:
      return undefined;
  }
}

function piecesOf(entry: ActivityEntry, slug: string): Record<string, ReactNode> {
  const job = (of: ActivityEntry['job']) =>
    of &&
    (entry.gone ? (
      <s className="text-ink-3">
        #{of.number} {stripAnsi(of.title)}
      </s>
    ) : (
      <Link to="/w/$slug/jobs/$number" params={{ slug, number: of.number }} search={{ tab: tabOf(entry) }} className={link}>
        <span className="text-ink-3 tabular-nums">#{of.number}</span> {stripAnsi(of.title)}
      </Link>
    ));
  return {
    job: job(entry.job),
    other: job(entry.other),
    user: <span className="font-medium text-ink">{entry.user?.name}</span>,
    file: <span className="font-medium text-ink">{stripAnsi(entry.file ?? '')}</span>,
    canvas:
      entry.canvas &&
      (entry.gone ? (
        <s className="text-ink-3">{stripAnsi(entry.canvas.name)}</s>
      ) : (
        <Link to="/w/$slug/canvases/$canvas" params={{ slug, canvas: entry.canvas.id }} className={link}>
          {stripAnsi(entry.canvas.name)}
        </Link>
      )),
  };
}

/** One thing that happened: who, what, to what, when. */
export function EntryRow({ entry, slug }: { entry: ActivityEntry; slug: string }) {
  const now = useNow();
  const { by, words } = lineOf(entry);
  const pieces = piecesOf(entry, slug);
  return (
    <div className="flex items-start gap-3 px-1 py-2">
      <span className="flex h-5.5 shrink-0 items-center">
        {by ? (
          <Avatar name={by} className="size-6" />
        ) : entry.to ? (
          <span className="flex size-6 items-center justify-center">
            <StateIcon state={entry.to as JobState} />
          </span>
        ) : (
          <span className="flex size-6 items-center justify-center text-ink-3">
            <Bot className="size-4" aria-hidden />
          </span>
        )}
      </span>
      <div className="min-w-0 flex-1">
        <p className="wrap-break-word text-ink-2 text-sm leading-5.5">
          {by && <span className="font-medium text-ink">{by} </span>}
          {words.split(/(\{\w+\})/).map((piece, at) => (
            <Fragment key={at}>{piece.startsWith('{') ? pieces[piece.slice(1, -1)] : piece}</Fragment>
          ))}
        </p>
        {entry.text && <p className="wrap-break-word mt-0.5 line-clamp-2 text-ink-3 text-sm">{plainWords(stripAnsi(entry.text))}</p>}
      </div>
      <time className="shrink-0 text-ink-3 text-xs leading-5.5" dateTime={entry.at} title={new Date(entry.at).toLocaleString()}>
        {agoWords(entry.at, now)}
      </time>
    </div>
  );
}

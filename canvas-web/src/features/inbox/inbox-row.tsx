import { Link } from '@tanstack/react-router';
import { Archive, AtSign, Check, CircleX, Eye, GitMerge, MessageCircleQuestionMark, Undo2 } from 'lucide-react';
import type { AgentRequest, Answer, InboxItem, InboxKind } from '@/api/types';
import { RequestCard } from '@/features/requests/request-card';
import { stripAnsi } from '@/shared/lib/ansi';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Chip } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { detailWords, needWords, placeOf } from './words';

const looks: Record<InboxKind, { icon: typeof Eye; look: string }> = {
  request: { icon: MessageCircleQuestionMark, look: 'bg-progress-soft text-progress' },
  review: { icon: Eye, look: 'bg-review-soft text-review' },
  merge: { icon: GitMerge, look: 'bg-failed-soft text-failed' },
  mention: { icon: AtSign, look: 'bg-accent-soft text-accent' },
  failed: { icon: CircleX, look: 'bg-failed-soft text-failed' },
};

interface Props {
  item: InboxItem;
  /** Whether the list holds several workspaces. */
  showWorkspace: boolean;
  onOpen: (item: InboxItem) => void;
  onDone: (item: InboxItem, done: boolean) => void;
  onAnswer: (request: string, answer: Answer) => Promise<AgentRequest>;
}

export function InboxRow({ item, showWorkspace, onOpen, onDone, onAnswer }: Props) {
  const now = useNow();
  const { icon: Icon, look } = looks[item.kind];
  const detail = item.kind === 'request' ? '' : stripAnsi(detailWords(item));
  const aside = item.done_at != null;
  return (
    <li data-item={item.id} className="flex flex-col gap-2 px-3 py-2.5 focus-within:bg-hover md:px-4">
      <div className="flex items-start gap-3">
        <span className={cx('mt-0.5 flex size-7 shrink-0 items-center justify-center rounded-lg', look)}>
          <Icon className="size-4" aria-hidden />
        </span>
        <div className="min-w-0 flex-1">
          <Link
            {...placeOf(item)}
            data-row
            className="wrap-break-word font-medium hover:underline hover:underline-offset-2"
            onClick={() => onOpen(item)}
          >
            <span className="text-ink-3 tabular-nums">#{item.job.number}</span> {stripAnsi(item.job.title)}
          </Link>
          <p className="flex flex-wrap items-center gap-x-1.5 text-ink-2 text-sm">
            {(item.kind !== 'request' || aside) && (
              <>
                <span>{needWords(item)}</span>
                <time className="text-ink-3 text-xs" dateTime={item.at} title={new Date(item.at).toLocaleString()}>
                  {agoWords(item.at, now)}
                </time>
              </>
            )}
            {showWorkspace && <Chip>{item.workspace.name}</Chip>}
          </p>
          {detail !== '' && <p className="wrap-break-word mt-0.5 line-clamp-3 text-ink-2 text-sm">{detail}</p>}
        </div>
        <IconButton
          small
          label={
            aside
              ? `Put #${item.job.number} back`
              : item.kind === 'mention'
                ? `Mark #${item.job.number} as read (E)`
                : `Put #${item.job.number} aside (E)`
          }
          className="max-md:size-10"
          onClick={() => onDone(item, !aside)}
        >
          {aside ? (
            <Undo2 className="size-4" aria-hidden />
          ) : item.kind === 'mention' ? (
            <Check className="size-4" aria-hidden />
          ) : (
            <Archive className="size-4" aria-hidden />
          )}
        </IconButton>
      </div>
      {item.kind === 'request' && !aside && (
        <div className="md:pl-10">
          <RequestCard request={item.request} mayAnswer onAnswer={onAnswer} />
        </div>
      )}
    </li>
  );
}

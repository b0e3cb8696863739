/** Small pieces that every feature shows: states, people, problems, empty places. */
import {
  Ban,
  ChevronDown,
  ChevronsDown,
  ChevronsUp,
  ChevronUp,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CirclePlay,
  CircleX,
  Eye,
  LoaderCircle,
  Star,
} from 'lucide-react';
import type { ComponentType, ReactNode } from 'react';
import { explain } from '@/api/problem';
import type { JobState, Priority } from '@/api/types';
import { cx } from '../lib/cx';
import { priorityWords, stateWords } from '../lib/words';
import { Button } from './button';

type Icon = ComponentType<{ className?: string; 'aria-hidden'?: boolean }>;

const stateLooks: Record<JobState, { icon: Icon; text: string; soft: string }> = {
  backlog: { icon: CircleDashed, text: 'text-neutral', soft: 'bg-neutral-soft text-neutral' },
  ready: { icon: CirclePlay, text: 'text-ready', soft: 'bg-ready-soft text-ready' },
  in_progress: { icon: LoaderCircle, text: 'text-progress', soft: 'bg-progress-soft text-progress' },
  awaiting_review: { icon: Eye, text: 'text-review', soft: 'bg-review-soft text-review' },
  done: { icon: CircleCheck, text: 'text-done', soft: 'bg-done-soft text-done' },
  failed: { icon: CircleX, text: 'text-failed', soft: 'bg-failed-soft text-failed' },
  canceled: { icon: Ban, text: 'text-neutral', soft: 'bg-neutral-soft text-neutral' },
};

export function StateIcon({ state, className }: { state: JobState; className?: string }) {
  const look = stateLooks[state];
  return <look.icon className={cx('size-4 shrink-0', look.text, className)} aria-hidden />;
}

export function StateBadge({ state }: { state: JobState }) {
  const look = stateLooks[state];
  return (
    <span className={cx('inline-flex items-center gap-1 whitespace-nowrap rounded-full px-2 py-0.5 font-medium text-xs', look.soft)}>
      <look.icon className="size-3.5" aria-hidden />
      {stateWords[state]}
    </span>
  );
}

const priorityLooks: Record<Priority, { icon: Icon; text: string }> = {
  vip: { icon: Star, text: 'text-failed' },
  high: { icon: ChevronsUp, text: 'text-progress' },
  medium: { icon: ChevronUp, text: 'text-ink-3' },
  low: { icon: ChevronDown, text: 'text-ink-3' },
  no_rush: { icon: ChevronsDown, text: 'text-ink-3' },
};

export function PriorityMark({ priority, words }: { priority: Priority; words?: boolean }) {
  const look = priorityLooks[priority];
  return (
    <span className={cx('inline-flex items-center gap-0.5', look.text)} title={`Priority: ${priorityWords[priority]}`}>
      <look.icon className="size-3.5" aria-hidden />
      <span className={words ? undefined : 'sr-only'}>{priorityWords[priority]}</span>
    </span>
  );
}

const hues = [
  'bg-ready-soft text-ready',
  'bg-review-soft text-review',
  'bg-done-soft text-done',
  'bg-progress-soft text-progress',
  'bg-neutral-soft text-neutral',
];

export function Avatar({ name, className }: { name: string; className?: string }) {
  const initials = name
    .trim()
    .split(/\s+/)
    .map((word) => [...word][0] ?? '')
    .filter((_, at, all) => at === 0 || at === all.length - 1)
    .join('')
    .toUpperCase();
  const hue = hues[[...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % hues.length];
  return (
    <span
      title={name}
      aria-hidden
      className={cx(
        'inline-flex size-5 shrink-0 select-none items-center justify-center rounded-full font-semibold text-[0.5625rem]',
        hue,
        className,
      )}
    >
      {initials || '?'}
    </span>
  );
}

export const Chip = ({ children, className, title }: { children: ReactNode; className?: string; title?: string }) => (
  <span
    title={title}
    className={cx(
      'inline-flex max-w-full items-center gap-1 truncate rounded-md border border-line bg-sunken px-1.5 text-2xs text-ink-2 leading-4.5',
      className,
    )}
  >
    {children}
  </span>
);

export const Kbd = ({ children }: { children: ReactNode }) => (
  <kbd className="inline-flex min-w-5 items-center justify-center rounded border border-line-strong border-b-2 bg-surface px-1 font-sans text-2xs text-ink-2 leading-4">
    {children}
  </kbd>
);

export function Empty({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-sm flex-col items-center gap-2 px-6 py-10 text-center">
      {icon && (
        <div className="mb-1 flex size-10 items-center justify-center rounded-xl border border-line bg-surface text-ink-3 [&>svg]:size-5">
          {icon}
        </div>
      )}
      <p className="font-semibold">{title}</p>
      {children && <div className="text-pretty text-sm text-ink-2">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** A refusal or failure where it happened, in the server's words. */
export function ProblemNote({
  title,
  error,
  onRetry,
  className,
}: {
  title?: string;
  error: unknown;
  onRetry?: () => void;
  className?: string;
}) {
  const { detail, rule } = explain(error);
  return (
    <div
      role="alert"
      className={cx('flex items-start gap-2 rounded-lg border border-failed/30 bg-failed-soft px-3 py-2 text-sm', className)}
    >
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-failed" aria-hidden />
      <div className="wrap-break-word min-w-0 flex-1">
        {title && <p className="font-medium">{title} </p>}
        <p>
          {detail}{' '}
          {rule && (
            <span className="ml-0.5 whitespace-nowrap rounded border border-failed/30 px-1 font-mono text-2xs text-failed">{rule}</span>
          )}
        </p>
      </div>
      {onRetry && (
        <Button small onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export const Loading = ({ label = 'Loading' }: { label?: string }) => (
  <div role="status" className="flex items-center justify-center gap-2 p-8 text-ink-3 text-sm">
    <LoaderCircle className="size-4 animate-spin" aria-hidden />
    {label}…
  </div>
);

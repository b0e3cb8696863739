import {
  BookOpen,
  Brain,
  Check,
  ChevronRight,
  CircleAlert,
  CircleHelp,
  Clock3,
  FilePen,
  FolderInput,
  Globe,
  ListChecks,
  LoaderCircle,
  type LucideIcon,
  Repeat,
  Search,
  SquareTerminal,
  Trash2,
  TriangleAlert,
  Wrench,
  X,
} from 'lucide-react';
import { memo, type ReactNode, useDeferredValue } from 'react';
import type { Answer, Ask, PlanStep, ToolKind, ToolStatus } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { cx } from '@/shared/lib/cx';
import { usageWords } from '@/shared/lib/words';
import { Ansi } from '@/shared/ui/ansi';
import { Avatar } from '@/shared/ui/bits';
import { Markdown } from '@/shared/ui/markdown';
import { PatchText } from '@/shared/ui/patch-text';
import type { Row, Tool } from './assemble';

interface Props {
  row: Row;
  open: boolean;
  onToggle: (key: string) => void;
  onLink: (seq: number) => void;
  marked: boolean;
  found: boolean;
  /** The last row of a log that still grows. */
  live: boolean;
}

export const LogRow = memo(function LogRow({ row, open, onToggle, onLink, marked, found, live }: Props) {
  return (
    <div className={cx('group flex gap-2 px-3 py-1', marked ? 'bg-accent-soft' : found && 'bg-progress-soft')}>
      <div className="min-w-0 flex-1">
        <Body row={row} open={open} toggle={() => onToggle(row.key)} live={live} />
      </div>
      <a
        href={`#${row.seq}`}
        title={new Date(row.at).toLocaleString()}
        aria-label={`Link to entry ${row.seq}`}
        onClick={(event) => {
          event.preventDefault();
          onLink(row.seq);
        }}
        className="select-none self-start text-2xs text-ink-3 tabular-nums opacity-0 hover:underline focus-visible:opacity-100 group-hover:opacity-100 max-md:hidden"
      >
        {row.seq}
      </a>
    </div>
  );
});

function Body({ row, open, toggle, live }: { row: Row; open: boolean; toggle: () => void; live: boolean }) {
  switch (row.kind) {
    case 'text':
      return live ? <GrowingText text={row.text} /> : <Markdown text={row.text} />;
    case 'thought':
      return (
        <Fold
          open={open}
          toggle={toggle}
          icon={<Brain className="size-3.5" aria-hidden />}
          title={<span className="text-ink-3 italic">{firstLine(stripAnsi(row.text)) || 'Thinking'}</span>}
          quiet
        >
          <div className="text-ink-2 italic">
            <Markdown text={row.text} />
          </div>
        </Fold>
      );
    case 'output':
      return <Ansi text={row.text} className="rounded-lg border bg-sunken px-2.5 py-1.5" />;
    case 'system':
      return <SystemLine text={stripAnsi(row.text)} level={row.level} />;
    case 'message':
      return (
        <div className="flex gap-2 rounded-xl bg-accent-soft px-3 py-2">
          <Avatar name={row.from} className="mt-0.5" />
          <div className="min-w-0">
            <p className="font-medium text-sm">{row.from} to the agent</p>
            <p className="wrap-break-word whitespace-pre-wrap text-sm">{row.text}</p>
          </div>
        </div>
      );
    case 'tool':
      return <ToolRow call={row.call} open={open} toggle={toggle} />;
    case 'plan':
      return row.again ? (
        <Fold
          open={open}
          toggle={toggle}
          icon={<ListChecks className="size-3.5" aria-hidden />}
          title={<PlanProgress steps={row.steps} />}
          quiet
        >
          <PlanSteps steps={row.steps} />
        </Fold>
      ) : (
        <div className="rounded-lg border px-3 py-2">
          <p className="mb-1 flex items-center gap-1.5 font-medium text-ink-2 text-xs">
            <ListChecks className="size-3.5" aria-hidden /> Plan
          </p>
          <PlanSteps steps={row.steps} />
        </div>
      );
    case 'request':
      return <RequestRow ask={row.ask} answer={row.answer} />;
    case 'answer':
      return (
        <p className="text-ink-2 text-sm">
          {row.by} answered: {row.answer.body ?? row.answer.choice}
        </p>
      );
    case 'usage':
      return <p className="text-2xs text-ink-3">{usageWords(row.usage)}</p>;
  }
}

/** Markdown that is still being written is laid out when there is time for it. */
function GrowingText({ text }: { text: string }) {
  return <Markdown text={useDeferredValue(text)} />;
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0]?.slice(0, 140) ?? '';

function Fold({
  open,
  toggle,
  icon,
  title,
  quiet,
  end,
  children,
}: {
  open: boolean;
  toggle: () => void;
  icon: ReactNode;
  title: ReactNode;
  quiet?: boolean;
  end?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={cx('overflow-hidden', !quiet && 'rounded-lg border bg-surface')}>
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        disabled={!children}
        className={cx(
          'flex w-full items-center gap-2 text-left text-sm',
          quiet ? 'rounded-md py-0.5 hover:bg-hover' : 'px-2.5 py-1 enabled:hover:bg-hover',
        )}
      >
        <ChevronRight
          className={cx('size-3.5 shrink-0 text-ink-3 transition-transform', open && 'rotate-90', !children && 'invisible')}
          aria-hidden
        />
        <span className="shrink-0 text-ink-3">{icon}</span>
        <span className="min-w-0 flex-1 truncate">{title}</span>
        {end}
      </button>
      {open && children && <div className={quiet ? 'pt-1 pb-1 pl-5.5' : 'flex flex-col gap-2 border-t px-2.5 py-2'}>{children}</div>}
    </div>
  );
}

const toolIcons: Record<ToolKind, LucideIcon> = {
  read: BookOpen,
  edit: FilePen,
  delete: Trash2,
  move: FolderInput,
  search: Search,
  execute: SquareTerminal,
  think: Brain,
  fetch: Globe,
  switch_mode: Repeat,
  other: Wrench,
};

const statusLooks: Record<ToolStatus, { icon: LucideIcon; words: string; look: string }> = {
  pending: { icon: Clock3, words: 'Waiting', look: 'text-ink-3' },
  in_progress: { icon: LoaderCircle, words: 'Running', look: 'text-progress animate-spin' },
  completed: { icon: Check, words: 'Done', look: 'text-done' },
  failed: { icon: X, words: 'Failed', look: 'text-failed' },
};

function ToolRow({ call, open, toggle }: { call: Tool; open: boolean; toggle: () => void }) {
  const Icon = toolIcons[call.tool];
  const status = statusLooks[call.status];
  const otherPaths = call.paths.filter((path) => !call.title.includes(path));
  const changes = call.diffs.reduce(
    (sum, { diff }) => {
      for (const line of diff.split('\n')) {
        if (line.startsWith('+') && !line.startsWith('+++')) sum.added += 1;
        if (line.startsWith('-') && !line.startsWith('---')) sum.removed += 1;
      }
      return sum;
    },
    { added: 0, removed: 0 },
  );
  const hasMore = call.content !== '' || call.output !== '' || call.diffs.length > 0 || otherPaths.length > 0;
  return (
    <Fold
      open={open}
      toggle={toggle}
      icon={<Icon className="size-3.5" aria-hidden />}
      title={<span className="font-mono text-xs">{stripAnsi(call.title)}</span>}
      end={
        <>
          {call.diffs.length > 0 && (
            <span className="shrink-0 font-mono text-2xs">
              <span className="text-done">+{changes.added}</span> <span className="text-failed">−{changes.removed}</span>
            </span>
          )}
          <span className={cx('shrink-0 text-2xs', call.status === 'failed' ? 'text-failed' : 'sr-only')}>{status.words}</span>
          <status.icon className={cx('size-3.5 shrink-0', status.look)} aria-hidden />
        </>
      }
    >
      {hasMore && (
        <>
          {otherPaths.length > 0 && <p className="break-all font-mono text-ink-2 text-xs">{otherPaths.join(', ')}</p>}
          {call.diffs.map((diff) => (
            <PatchText key={diff.path} patch={diff.diff} title={diff.path} />
          ))}
          {call.content !== '' && (
            <div className="max-h-96 overflow-y-auto text-sm">
              <Markdown text={call.content} />
            </div>
          )}
          {call.output !== '' && <Ansi text={call.output} className="max-h-96 overflow-y-auto rounded-lg bg-sunken px-2.5 py-1.5" />}
        </>
      )}
    </Fold>
  );
}

function SystemLine({ text, level }: { text: string; level: 'info' | 'warning' | 'error' }) {
  if (level === 'info') {
    return <p className="wrap-break-word text-ink-3 text-xs">{text}</p>;
  }
  const Icon = level === 'error' ? CircleAlert : TriangleAlert;
  return (
    <p className={cx('wrap-break-word flex items-start gap-1.5 text-xs', level === 'error' ? 'text-failed' : 'text-progress')}>
      <Icon className="mt-px size-3.5 shrink-0" aria-hidden />
      <span className="sr-only">{level === 'error' ? 'Error: ' : 'Warning: '}</span>
      {text}
    </p>
  );
}

function PlanProgress({ steps }: { steps: readonly PlanStep[] }) {
  const done = steps.filter((step) => step.status === 'completed').length;
  const now = steps.find((step) => step.status === 'in_progress');
  return (
    <span className="text-ink-2 text-xs">
      Plan: {done} of {steps.length} done{now ? ` · ${now.text}` : ''}
    </span>
  );
}

const stepWords = { pending: 'To do', in_progress: 'Now', completed: 'Done' } as const;

function PlanSteps({ steps }: { steps: readonly PlanStep[] }) {
  return (
    <ol className="flex flex-col gap-0.5">
      {steps.map((step, at) => (
        <li key={at} className="flex items-start gap-2 text-sm">
          {step.status === 'completed' ? (
            <Check className="mt-0.5 size-4 shrink-0 text-done" aria-hidden />
          ) : (
            <span
              className={cx(
                'mt-1 ml-0.5 size-3 shrink-0 rounded-full border-2',
                step.status === 'in_progress' ? 'border-progress' : 'border-line-strong',
              )}
              aria-hidden
            />
          )}
          <span className="sr-only">{stepWords[step.status]}: </span>
          <span className={step.status === 'completed' ? 'text-ink-3' : step.status === 'in_progress' ? 'font-medium' : undefined}>
            {step.text}
          </span>
        </li>
      ))}
    </ol>
  );
}

const kindWords = { permission: 'asks for permission', question: 'asks', plan: 'wants its plan accepted' } as const;

function RequestRow({ ask, answer }: { ask: Ask; answer?: { answer: Answer; by: string } }) {
  const label = answer && ask.choices.find((choice) => choice.id === answer.answer.choice)?.label;
  return (
    <div className={cx('rounded-lg border px-3 py-2', !answer && 'border-progress/50 bg-progress-soft')}>
      <p className="flex items-center gap-1.5 text-ink-3 text-xs">
        <CircleHelp className={cx('size-3.5', !answer && 'text-progress')} aria-hidden /> The agent {kindWords[ask.kind]}
      </p>
      <p className="wrap-break-word mt-0.5 max-h-40 overflow-y-auto font-medium text-sm">{stripAnsi(ask.title)}</p>
      {answer ? (
        <p className="wrap-break-word mt-1 whitespace-pre-wrap text-sm">
          <span className="font-medium">{answer.by === 'policy' ? 'Answered by the job’s policy' : answer.by}:</span>{' '}
          {[label, answer.answer.body].filter(Boolean).join(' — ')}
        </p>
      ) : (
        <p className="mt-1 text-progress text-sm">Not answered yet</p>
      )}
    </div>
  );
}

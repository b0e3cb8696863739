import { Popover } from '@base-ui/react/popover';
import { Bot, Lock, MessageCircleQuestion, TriangleAlert } from 'lucide-react';
import { memo, type ReactNode, useState } from 'react';
import { api } from '@/api/calls';
import type { AgentRequest, Job } from '@/api/types';
import { choiceOf, RequestCard } from '@/features/requests/request-card';
import { stripAnsi } from '@/shared/lib/ansi';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { rightsOf } from '@/shared/lib/rights';
import { agoWords, durationWords, plainWords, waitsForPeople } from '@/shared/lib/words';
import { Avatar, Chip, PriorityMark, StateBadge, StateIcon } from '@/shared/ui/bits';
import { Doing } from '@/shared/ui/doing';
import { HoldLine, mayBeHeld } from '@/shared/ui/hold-line';
import { toastProblem } from '@/shared/ui/toast';
import { type LiveJobs, useLiveJob, useLiveRequest } from './live-jobs';

/** A question no longer than this is read at a glance, so it can be answered in place. */
const GLANCE = 90;

interface Props {
  jobs: LiveJobs;
  id: string;
  /** Looked at from further away: state and title only, in larger letters. */
  brief: boolean;
}

/** A job on a canvas: as much of it as this person may see, and current (CAN-5). */
export const CanvasJobCard = memo(function CanvasJobCard({ jobs, id, brief }: Props) {
  const job = useLiveJob(jobs, id);
  const request = useLiveRequest(jobs, id);
  if (!job) {
    return (
      <div className="flex h-full items-center justify-center gap-2 rounded-xl border border-dashed bg-surface text-ink-3 text-sm">
        <Lock className="size-4" aria-hidden /> Private job
      </div>
    );
  }
  if (brief) {
    return (
      <div className={cx('flex h-full flex-col gap-1.5 rounded-xl border-2 bg-surface px-3 py-2.5', request && 'border-progress')}>
        <div className="flex shrink-0 items-center gap-2 font-medium text-base text-ink-3">
          <StateIcon state={job.state} className="size-5" />#{job.number}
          {request && <MessageCircleQuestion className="ml-auto size-5 text-progress" aria-label="The agent asks" />}
        </div>
        <p className="wrap-break-word line-clamp-3 font-semibold text-lg leading-tight">{job.title}</p>
      </div>
    );
  }
  return (
    <div
      className={cx(
        'flex h-full flex-col rounded-xl border bg-surface px-3 py-2.5 shadow-card',
        request ? 'border-progress/60' : job.state === 'failed' && 'border-failed/40',
      )}
    >
      <div className="flex h-5 shrink-0 items-center gap-1.5 text-ink-3 text-xs">
        <StateBadge state={job.state} />
        <span className="tabular-nums">#{job.number}</span>
        {job.private && <Lock className="size-3" aria-label="Private" />}
        <span className="flex-1" />
        {job.priority !== 'medium' && <PriorityMark priority={job.priority} />}
      </div>
      <p className="wrap-break-word mt-1.5 line-clamp-2 shrink-0 font-medium text-sm leading-snug">{job.title}</p>
      <div className="min-h-0 flex-1 overflow-hidden">{request ? <Asks request={request} /> : <Status job={job} />}</div>
      {request ? <Answers job={job} request={request} /> : <People job={job} />}
    </div>
  );
});

function People({ job }: { job: Job }) {
  const { person } = job.attempt ?? {};
  const people = person && person.id !== job.owner.id ? [person, job.owner] : [job.owner];
  return (
    <div className="mt-1 flex shrink-0 items-center gap-1">
      {job.kind === 'agentic' && (
        <Chip title={`Agent: ${job.agent}`}>
          <Bot className="size-3 shrink-0" aria-hidden />
          <span className="truncate">{job.agent === 'any' ? 'any agent' : job.agent}</span>
        </Chip>
      )}
      {job.domains[0] && <Chip>{job.domains[0]}</Chip>}
      <span className="flex-1" />
      <span className="flex -space-x-1">
        {people.map(({ id, name }) => (
          <Avatar key={id} name={name} className="ring-2 ring-surface" />
        ))}
      </span>
      <span className="sr-only">{people.map(({ name }) => name).join(', ')}</span>
    </div>
  );
}

const Line = ({ icon, className, children }: { icon?: ReactNode; className?: string; children: ReactNode }) => (
  <p className={cx('mt-1 flex items-center gap-1.5 text-xs', className ?? 'text-ink-2')}>
    {icon}
    <span className="line-clamp-2">{children}</span>
  </p>
);

/** What it waits for, what it is doing, or what came out. */
function Status({ job }: { job: Job }) {
  const now = useNow();
  const { activity, attempt, state } = job;
  if (mayBeHeld(job)) {
    return <HoldLine job={job} />;
  }
  if (activity) {
    const trouble = activity === 'merge_blocked' || activity === 'checks_failed';
    const since = attempt && !attempt.ended_at ? ` · ${durationWords(Math.max(0, now - Date.parse(attempt.started_at)))}` : '';
    return (
      <Line
        className={waitsForPeople(activity) ? 'font-medium text-progress' : trouble ? 'font-medium text-failed' : 'text-ink-2'}
        icon={
          trouble ? (
            <TriangleAlert className="size-3.5 shrink-0" aria-hidden />
          ) : (
            <span className="mx-1 size-1.5 shrink-0 animate-pulse-slow rounded-full bg-progress" aria-hidden />
          )
        }
      >
        <Doing job={job} />
        {since}
      </Line>
    );
  }
  if (state === 'awaiting_review' && attempt?.branch) {
    const { files_changed, insertions, deletions } = attempt.branch;
    return (
      <Line>
        {files_changed} {files_changed === 1 ? 'file' : 'files'} <span className="text-done">+{insertions}</span>{' '}
        <span className="text-failed">−{deletions}</span>
      </Line>
    );
  }
  if ((state === 'failed' || state === 'awaiting_review') && attempt?.summary) {
    return <Line>{plainWords(attempt.summary)}</Line>;
  }
  if (state === 'done' || state === 'canceled') {
    return <Line className="text-ink-3">{agoWords(job.updated_at, now)}</Line>;
  }
  return null;
}

function Asks({ request }: { request: AgentRequest }) {
  return (
    <Line className="font-medium text-progress" icon={<MessageCircleQuestion className="size-3.5 shrink-0" aria-hidden />}>
      {stripAnsi(request.ask.title)}
    </Line>
  );
}

/** Whether all that is asked stands on the card, so that a key or a press may answer it. */
export const isShort = ({ ask }: AgentRequest) =>
  ask.kind === 'permission' && !ask.diff && ask.body.trim() === '' && ask.title.length <= GLANCE;

/** Answers a permission by the choice of that kind. */
export function answerBy(request: AgentRequest, kind: 'allow_once' | 'deny') {
  const choice = choiceOf(request.ask.choices, kind);
  if (choice && request.ask.kind === 'permission') {
    api.answer(request.id, { choice: choice.id }).catch((error: unknown) => toastProblem('Your answer was not taken', error));
  }
}

const small = 'h-6 rounded-md border px-2 font-medium text-xs';

function Answers({ job, request }: { job: Job; request: AgentRequest }) {
  const [open, setOpen] = useState(false);
  const mayAnswer = rightsOf(job).work;
  const direct = mayAnswer && isShort(request);
  return (
    <div data-own-pointer className="mt-1 flex shrink-0 items-center gap-1.5">
      {direct && choiceOf(request.ask.choices, 'allow_once') && (
        <button
          type="button"
          title="Allow once (A)"
          className={cx(small, 'border-transparent bg-accent text-accent-ink hover:bg-accent-hover')}
          onClick={() => answerBy(request, 'allow_once')}
        >
          Allow once
        </button>
      )}
      {direct && choiceOf(request.ask.choices, 'deny') && (
        <button
          type="button"
          title="Deny (D)"
          className={cx(small, 'border-line-strong text-failed hover:bg-failed-soft')}
          onClick={() => answerBy(request, 'deny')}
        >
          Deny
        </button>
      )}
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger className={cx(small, 'border-line-strong hover:bg-hover')}>
          {direct ? 'More…' : mayAnswer ? 'Look and answer…' : 'Look…'}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Positioner sideOffset={6} className="z-50">
            <Popover.Popup className="popup w-md max-w-[calc(100vw-2rem)] border-0 p-0" aria-label={`Request of #${job.number}`}>
              <RequestCard request={request} mayAnswer={mayAnswer} />
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}

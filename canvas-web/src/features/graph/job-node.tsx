import { Link } from '@tanstack/react-router';
import { Handle, type Node, type NodeProps, Position, useStore } from '@xyflow/react';
import { Lock } from 'lucide-react';
import { memo } from 'react';
import type { Job, JobState } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { activityWords, stateWords } from '@/shared/lib/words';
import { StateIcon } from '@/shared/ui/bits';
import { READABLE } from './size';

export type JobNodeType = Node<{ job: Job; slug: string }, 'job'>;

const looks: Record<JobState, string> = {
  backlog: 'border-l-neutral bg-surface',
  ready: 'border-l-ready bg-ready-soft',
  in_progress: 'border-l-progress bg-progress-soft',
  awaiting_review: 'border-l-review bg-review-soft',
  done: 'border-l-done bg-done-soft',
  failed: 'border-l-failed bg-failed-soft',
  canceled: 'border-l-neutral border-dashed bg-sunken',
};

/** From further away the colour is all that is seen of a state. */
const far: Record<JobState, string> = {
  backlog: 'bg-neutral',
  ready: 'bg-ready',
  in_progress: 'bg-progress',
  awaiting_review: 'bg-review',
  done: 'bg-done',
  failed: 'bg-failed',
  canceled: 'bg-ink-3',
};

const handle = 'size-3! rounded-full! border-2! border-surface! bg-line-strong! hover:bg-accent! z-10';

/** A job in the graph. From its right edge one draws to what waits for it, from its left to what it waits for. */
export const JobNode = memo(function JobNode({ data: { job, slug }, isConnectable }: NodeProps<JobNodeType>) {
  const near = useStore((store) => store.transform[2] >= READABLE);
  return (
    <div
      className={cx(
        'relative flex h-full flex-col rounded-xl px-2.5 py-1.5',
        near ? cx('border border-l-4 shadow-card', looks[job.state]) : cx('text-surface', far[job.state]),
      )}
    >
      <Handle type="target" position={Position.Left} isConnectable={isConnectable} className={cx(handle, !near && 'invisible')} />
      {near ? (
        <>
          <div className="flex items-center gap-1.5 text-ink-2 text-xs">
            <StateIcon state={job.state} className="size-3.5" />
            <span className="tabular-nums">#{job.number}</span>
            <span className="min-w-0 flex-1 truncate">{job.activity ? activityWords[job.activity] : stateWords[job.state]}</span>
            {job.private && <Lock className="size-3 shrink-0" aria-label="Private" />}
          </div>
          <JobLink job={job} slug={slug} className="line-clamp-2 font-medium text-sm leading-snug">
            {job.title}
          </JobLink>
        </>
      ) : (
        // Hundreds may be in view: as little as can be painted.
        <JobLink job={job} slug={slug} className="m-auto font-semibold text-4xl tabular-nums">
          #{job.number}
        </JobLink>
      )}
      <Handle type="source" position={Position.Right} isConnectable={isConnectable} className={cx(handle, !near && 'invisible')} />
    </div>
  );
});

function JobLink({ job, slug, className, children }: { job: Job; slug: string; className: string; children: React.ReactNode }) {
  return (
    <Link
      from="/w/$slug/graph"
      to="/w/$slug/graph"
      params={{ slug }}
      search={(before) => ({ ...before, job: job.number, tab: undefined, attempt: undefined })}
      draggable={false}
      title={job.title}
      aria-label={`#${job.number} ${job.title}, ${stateWords[job.state]}`}
      className={cx(
        'wrap-break-word after:absolute after:inset-0 after:rounded-xl focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-ring',
        className,
      )}
    >
      {children}
    </Link>
  );
}

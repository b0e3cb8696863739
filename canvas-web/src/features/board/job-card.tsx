import { draggable } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { Link } from '@tanstack/react-router';
import { Bot, Lock, MessageCircleQuestion, MoveRight, TriangleAlert } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import { useJobCommands } from '@/api/commands';
import type { Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { moveTargets, rightsOf } from '@/shared/lib/rights';
import { agoWords, plainWords, stateWords, waitsForPeople } from '@/shared/lib/words';
import { Avatar, Chip, PriorityMark, StateIcon } from '@/shared/ui/bits';
import { Doing } from '@/shared/ui/doing';
import { HoldLine, mayBeHeld } from '@/shared/ui/hold-line';
import { Menu, MenuGroup, MenuItem } from '@/shared/ui/menu';

interface Props {
  workspace: Workspace;
  job: Job;
  asking: number;
  onFocus?: (job: string) => void;
}

export const JobCard = memo(function JobCard({ workspace, job, asking, onFocus }: Props) {
  const element = useRef<HTMLElement>(null);
  const [dragging, setDragging] = useState(false);
  const targets = rightsOf(job).work ? moveTargets(job) : [];
  const key = targets.join();

  useEffect(() => {
    if (!element.current || key === '') {
      return;
    }
    return draggable({
      element: element.current,
      getInitialData: () => ({ job: job.id, from: job.state, targets: key.split(',') }),
      onDragStart: () => setDragging(true),
      onDrop: () => setDragging(false),
    });
  }, [job.id, job.state, key]);

  return (
    <article
      ref={element}
      data-job={job.id}
      className={cx(
        'group relative rounded-xl border bg-surface px-3 py-2.5 shadow-card transition-[border-color,opacity] hover:border-line-strong',
        dragging && 'opacity-40',
        asking > 0 && 'border-progress/50',
      )}
    >
      <div className="flex h-5 items-center gap-1.5 text-ink-3 text-xs">
        <span className="tabular-nums">#{job.number}</span>
        {job.priority !== 'medium' && <PriorityMark priority={job.priority} words />}
        {job.private && <Lock className="size-3" aria-label="Private" />}
        <span className="flex-1" />
        {asking > 0 && (
          <span className="inline-flex items-center gap-1 rounded-full bg-progress-soft px-1.5 font-semibold text-2xs text-progress">
            <MessageCircleQuestion className="size-3" aria-hidden />
            {asking}
            <span className="sr-only"> open {asking === 1 ? 'request' : 'requests'}</span>
          </span>
        )}
        {targets.length > 0 && <MoveMenu workspace={workspace} job={job} />}
      </div>
      <Link
        to="/w/$slug/jobs/$number"
        params={{ slug: workspace.slug, number: job.number }}
        search={(before) => ({ ...before, tab: undefined, attempt: undefined })}
        onFocus={() => onFocus?.(job.id)}
        draggable={false}
        className="mt-0.5 line-clamp-3 wrap-break-word font-medium text-sm leading-snug after:absolute after:inset-0 after:rounded-xl focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-ring"
      >
        {job.title}
      </Link>
      <StatusLine job={job} />
      <div className="mt-2 flex items-end gap-1">
        <div className="flex min-w-0 flex-1 flex-wrap gap-1">
          {job.kind === 'agentic' && (
            <Chip title={`Agent: ${job.agent}`}>
              <Bot className="size-3 shrink-0" aria-hidden />
              <span className="truncate">{job.agent === 'any' ? 'any agent' : job.agent}</span>
            </Chip>
          )}
          {job.domains.slice(0, 2).map((domain) => (
            <Chip key={domain}>
              <span className="truncate">{domain}</span>
            </Chip>
          ))}
          {job.domains.length > 2 && <Chip title={job.domains.slice(2).join(', ')}>+{job.domains.length - 2}</Chip>}
        </div>
        <Avatar name={job.attempt?.person?.name ?? job.owner.name} />
        <span className="sr-only">{job.owner.name}</span>
      </div>
    </article>
  );
});

function StatusLine({ job }: { job: Job }) {
  const now = useNow();
  if (mayBeHeld(job)) {
    return <HoldLine job={job} />;
  }
  if (job.activity) {
    const asks = waitsForPeople(job.activity);
    const blocked = job.activity === 'merge_blocked' || job.activity === 'checks_failed';
    return (
      <p
        className={cx(
          'mt-1 flex items-center gap-1.5 text-xs',
          asks ? 'font-medium text-progress' : blocked ? 'font-medium text-failed' : 'text-ink-2',
        )}
      >
        {asks ? (
          <MessageCircleQuestion className="size-3.5 shrink-0" aria-hidden />
        ) : blocked ? (
          <TriangleAlert className="size-3.5 shrink-0" aria-hidden />
        ) : (
          <span className="mx-1 size-1.5 shrink-0 animate-pulse-slow rounded-full bg-progress" aria-hidden />
        )}
        <span className="line-clamp-2">
          <Doing job={job} />
        </span>
      </p>
    );
  }
  if ((job.state === 'failed' || job.state === 'awaiting_review') && job.attempt?.summary) {
    return <p className="mt-1 line-clamp-2 text-ink-2 text-xs">{plainWords(job.attempt.summary)}</p>;
  }
  if (job.state === 'done' || job.state === 'canceled') {
    return <p className="mt-1 text-ink-3 text-xs">{agoWords(job.updated_at, now)}</p>;
  }
  return null;
}

/** The keyboard's and the phone's twin of dragging. */
function MoveMenu({ workspace, job }: { workspace: Workspace; job: Job }) {
  const { move } = useJobCommands(workspace.id);
  return (
    <Menu
      trigger={
        <button
          type="button"
          data-move
          aria-label={`Move #${job.number} to…`}
          title="Move to…"
          className="relative z-10 -mr-1 rounded-md p-0.5 opacity-0 hover:bg-hover hover:text-ink focus-visible:opacity-100 group-focus-within:opacity-100 group-hover:opacity-100 data-popup-open:opacity-100 max-md:opacity-100"
        >
          <MoveRight className="size-4" aria-hidden />
        </button>
      }
    >
      <MenuGroup label="Move to">
        {moveTargets(job).map((state) => (
          <MenuItem key={state} icon={<StateIcon state={state} />} onSelect={() => void move(job, state)}>
            {stateWords[state]}
          </MenuItem>
        ))}
      </MenuGroup>
    </Menu>
  );
}

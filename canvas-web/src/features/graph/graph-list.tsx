import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronRight } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { waitsOf, waitsWords } from '@/shared/lib/waits';
import { jobList, stateWords } from '@/shared/lib/words';
import { StateBadge } from '@/shared/ui/bits';
import { DependencyEditor } from '@/shared/ui/dependency-editor';
import { inOrder } from './model';

/** The graph as a list: what comes first stands first, each job with what it waits for and what needs it, to be changed in place. */
export function GraphList({ workspace, all, jobs }: { workspace: Workspace; all: Readonly<Record<string, Job>>; jobs: readonly Job[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string>();
  const order = useMemo(() => inOrder(jobs), [jobs]);
  const rows = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 64,
    getItemKey: (index) => order[index]?.id ?? index,
    gap: 8,
    overscan: 8,
    paddingEnd: 16,
  });
  return (
    <div ref={scroller} className="h-full overflow-y-auto px-3 md:px-4">
      <ul className="relative mx-auto max-w-3xl" style={{ height: rows.getTotalSize() }} aria-label="Jobs and what they wait for">
        {rows.getVirtualItems().map((row) => {
          const job = order[row.index];
          return (
            job && (
              <li
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                aria-setsize={order.length}
                aria-posinset={row.index + 1}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <Row
                  workspace={workspace}
                  all={all}
                  job={job}
                  open={open === job.id}
                  onToggle={() => setOpen(open === job.id ? undefined : job.id)}
                />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

const numbered = (ids: readonly string[], all: Readonly<Record<string, Job>>) =>
  jobList(ids.flatMap((id) => all[id]?.number ?? []).sort((a, b) => a - b));

function Row({
  workspace,
  all,
  job,
  open,
  onToggle,
}: {
  workspace: Workspace;
  all: Readonly<Record<string, Job>>;
  job: Job;
  open: boolean;
  onToggle: () => void;
}) {
  const waits = waitsOf(job, all);
  const before = numbered(job.dependencies, all);
  const after = numbered(job.dependents, all);
  const stuck = waits && waits.stuck.length > 0;
  return (
    <article aria-label={`#${job.number} ${job.title}`} className="rounded-xl border bg-surface shadow-card">
      <div className="flex items-start gap-2 px-3 py-2">
        <div className="min-w-0 flex-1">
          <p className="flex items-center gap-2">
            <span className="text-ink-3 text-xs tabular-nums">#{job.number}</span>
            <Link
              from="/w/$slug/graph"
              to="/w/$slug/graph"
              params={{ slug: workspace.slug }}
              search={(before) => ({ ...before, job: job.number, tab: undefined, attempt: undefined })}
              className="min-w-0 truncate font-medium text-sm hover:underline"
            >
              {job.title}
            </Link>
            <span className="flex-1" />
            <StateBadge state={job.state} />
          </p>
          <p className={cx('mt-0.5 text-xs', stuck ? 'font-medium text-failed' : 'text-ink-2')}>
            {[stuck ? waitsWords(job, waits).short : before && `Waits for ${before}`, after && `Needed by ${after}`]
              .filter(Boolean)
              .join(' · ') || 'Waits for nothing, and nothing waits for it'}
          </p>
        </div>
        <button
          type="button"
          aria-expanded={open}
          aria-label={`Dependencies of #${job.number}, ${stateWords[job.state]}`}
          onClick={onToggle}
          className="-mr-1 rounded-md p-1 text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ChevronRight className={cx('size-4 transition-transform', open && 'rotate-90')} aria-hidden />
        </button>
      </div>
      {open && (
        <div className="border-t px-3 py-3">
          <DependencyEditor workspace={workspace} job={job} jobs={all} />
        </div>
      )}
    </article>
  );
}

import { dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Plus } from 'lucide-react';
import { memo, useEffect, useRef, useState } from 'react';
import type { Job, JobState, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { stateWords } from '@/shared/lib/words';
import { StateIcon } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { QuickAdd } from '@/shared/ui/quick-add';
import { JobCard } from './job-card';

const teaching: Record<JobState, string> = {
  backlog: 'New jobs start here. Plan them, then make them ready.',
  ready: 'Ready jobs wait here for a runner, or for somebody to start them.',
  in_progress: 'Jobs being worked on. Open one to watch the agent live.',
  awaiting_review: 'Results wait here for somebody to look at them.',
  done: 'Accepted work ends up here.',
  failed: 'Nothing failed. If something does, you can retry it from here.',
  canceled: 'Nothing was given up.',
};

interface Props {
  workspace: Workspace;
  state: JobState;
  jobs: readonly Job[];
  asking: ReadonlyMap<string, number>;
  focused?: string;
  onFocus?: (job: string) => void;
  /** Without a heading of its own, as on a phone. */
  bare?: boolean;
}

/** Where new jobs may begin (JOB-2). */
const begins: readonly JobState[] = ['backlog', 'ready'];

export const Column = memo(function Column({ workspace, state, jobs, asking, focused, onFocus, bare }: Props) {
  const [adding, setAdding] = useState(false);
  const mayAdd = workspace.role !== 'viewer' && begins.includes(state);
  const scroller = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<'no' | 'yes' | 'refused'>('no');
  const rows = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 96,
    getItemKey: (index) => jobs[index]?.id ?? index,
    gap: 8,
    overscan: 6,
    paddingEnd: 8,
  });

  useEffect(() => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    return dropTargetForElements({
      element,
      getData: () => ({ state }),
      canDrop: ({ source }) => typeof source.data.job === 'string',
      onDragEnter: ({ source }) =>
        setOver((source.data.targets as JobState[]).includes(state) ? 'yes' : source.data.from === state ? 'no' : 'refused'),
      onDragLeave: () => setOver('no'),
      onDrop: () => setOver('no'),
    });
  }, [state]);

  const at = focused ? jobs.findIndex((job) => job.id === focused) : -1;
  const here = at >= 0;
  const latestAt = useRef(at);
  latestAt.current = at;
  // Only a newly focused card moves the focus, not a card that moved within its column.
  useEffect(() => {
    if (!here || !focused) {
      return;
    }
    rows.scrollToIndex(latestAt.current, { align: 'auto' });
    const frame = requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-job="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [focused, here, rows.scrollToIndex]);

  return (
    <section
      aria-label={`${stateWords[state]}, ${jobs.length} jobs`}
      className={cx('flex min-w-0 flex-1 flex-col', !bare && 'min-w-47 max-w-100')}
    >
      {!bare && (
        <h2 className="flex items-center gap-1.5 px-1.5 pb-1.5 font-medium text-sm">
          <StateIcon state={state} />
          {stateWords[state]}
          <span className="font-normal text-ink-3 text-xs tabular-nums">{jobs.length}</span>
          <span className="flex-1" />
          {mayAdd && (
            <IconButton small label={`Add jobs to ${stateWords[state]}`} className="-my-1" onClick={() => setAdding(true)}>
              <Plus className="size-4" aria-hidden />
            </IconButton>
          )}
        </h2>
      )}
      {adding && (
        <div className="px-1 pb-2">
          <QuickAdd
            ws={workspace.id}
            label={`New job in ${stateWords[state]}`}
            draft={`board-${workspace.id}-${state}`}
            more={state === 'ready' ? { state } : {}}
            onClose={() => setAdding(false)}
          />
        </div>
      )}
      <div
        ref={scroller}
        className={cx(
          'min-h-0 flex-1 overflow-y-auto rounded-xl border p-2 transition-colors',
          over === 'yes'
            ? 'border-accent bg-accent-soft'
            : over === 'refused'
              ? 'border-line-strong border-dashed bg-sunken'
              : 'border-transparent bg-sunken',
        )}
      >
        {jobs.length === 0 ? (
          <p className="px-2 py-3 text-balance text-center text-ink-3 text-xs">{teaching[state]}</p>
        ) : (
          <ul className="relative" style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map((row) => {
              const job = jobs[row.index];
              return (
                job && (
                  <li
                    key={row.key}
                    ref={rows.measureElement}
                    data-index={row.index}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${row.start}px)` }}
                  >
                    <JobCard workspace={workspace} job={job} asking={asking.get(job.id) ?? 0} onFocus={onFocus} />
                  </li>
                )
              );
            })}
          </ul>
        )}
      </div>
    </section>
  );
});

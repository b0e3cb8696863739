import { draggable } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { Crosshair, MapPin, Plus, Search, X } from 'lucide-react';
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useJobs } from '@/api/hooks';
import type { Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { boardStates, stateWords } from '@/shared/lib/words';
import { Loading, StateIcon } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Segmented } from '@/shared/ui/forms';
import { usePlaced } from './desk-hooks';
import { DRAGGED } from './places';
import type { Desk } from './use-desk';

/** More rows than these only slow the list down; the search finds the others. */
const MOST = 200;

interface Props {
  workspace: Workspace;
  desk: Desk;
  readOnly: boolean;
  onPlace: (job: string) => void;
  onFind: (job: string) => void;
  onNew: () => void;
  onClose: () => void;
}

/** The jobs of the workspace, to be put on the canvas. Being there never changes a job (CAN-4). */
export function JobsPanel({ workspace, desk, readOnly, onPlace, onFind, onNew, onClose }: Props) {
  const jobs = useJobs(workspace.id);
  const placed = usePlaced(desk);
  const [wanted, setWanted] = useState('');
  const [show, setShow] = useState<'open' | 'all'>('open');
  const query = useDeferredValue(wanted.trim().toLocaleLowerCase());
  const found = useMemo(() => findJobs(Object.values(jobs ?? {}), query, show === 'all'), [jobs, query, show]);
  return (
    <aside
      aria-label="Jobs"
      className="z-20 flex w-72 shrink-0 flex-col border-r bg-surface max-md:absolute max-md:inset-0 max-md:w-full max-md:border-0"
    >
      <header className="flex items-center gap-1 px-3 pt-2.5 pb-1.5">
        <h2 className="flex-1 font-semibold text-sm">Jobs</h2>
        {!readOnly && (
          <Button small icon={<Plus className="size-3.5" aria-hidden />} onClick={onNew}>
            New job here
          </Button>
        )}
        <IconButton label="Close the jobs" small className="-mr-1" onClick={onClose}>
          <X className="size-4" aria-hidden />
        </IconButton>
      </header>
      <div className="flex flex-col gap-2 px-3 pb-2">
        <label className="relative block">
          <span className="sr-only">Search jobs</span>
          <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
          <input
            type="search"
            className="field py-1 pl-8"
            placeholder="Title or number"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        </label>
        <div className="flex items-center justify-between gap-2">
          <Segmented
            small
            label="Which jobs"
            value={show}
            options={[
              { value: 'open', label: 'Open' },
              { value: 'all', label: 'All' },
            ]}
            onChange={setShow}
          />
          {!readOnly && <span className="text-2xs text-ink-3 max-md:hidden">Drag one onto the canvas</span>}
        </div>
      </div>
      {jobs === undefined ? (
        <Loading />
      ) : (
        <ul className="min-h-0 flex-1 overflow-y-auto px-1.5 pb-3">
          {found.slice(0, MOST).map((job) => (
            <Row key={job.id} job={job} here={placed.has(job.id)} readOnly={readOnly} onPlace={onPlace} onFind={onFind} />
          ))}
          {found.length === 0 && <li className="px-2 py-4 text-ink-3 text-sm">{query === '' ? 'No open jobs.' : 'No job like that.'}</li>}
          {found.length > MOST && <li className="px-2 py-2 text-ink-3 text-xs">And {found.length - MOST} more. Search to find them.</li>}
        </ul>
      )}
    </aside>
  );
}

/** Open jobs by their place on the Board, newest first; a number finds its job whatever its state. */
export function findJobs(jobs: readonly Job[], query: string, all: boolean): Job[] {
  const number = /^#?\d+$/.test(query) ? query.replace('#', '') : undefined;
  const at = (job: Job) => boardStates.indexOf(job.state);
  return jobs
    .filter((job) =>
      number !== undefined
        ? String(job.number).startsWith(number)
        : (all || (job.state !== 'done' && job.state !== 'canceled')) && job.title.toLocaleLowerCase().includes(query),
    )
    .sort((a, b) => at(a) - at(b) || b.number - a.number);
}

const Row = memo(function Row({
  job,
  here,
  readOnly,
  onPlace,
  onFind,
}: {
  job: Job;
  here: boolean;
  readOnly: boolean;
  onPlace: (job: string) => void;
  onFind: (job: string) => void;
}) {
  const element = useRef<HTMLLIElement>(null);
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    if (!element.current || readOnly) {
      return;
    }
    return draggable({
      element: element.current,
      getInitialData: () => ({ kind: DRAGGED, job: job.id }),
      onDragStart: () => setDragging(true),
      onDrop: () => setDragging(false),
    });
  }, [job.id, readOnly]);
  return (
    <li
      ref={element}
      className={cx(
        'group flex items-center gap-2 rounded-lg px-2 py-1.5 text-sm hover:bg-hover',
        !readOnly && 'cursor-grab',
        dragging && 'opacity-40',
      )}
    >
      <StateIcon state={job.state} />
      <span className="sr-only">{stateWords[job.state]}</span>
      <span className="min-w-0 flex-1">
        <span className="line-clamp-2 leading-snug">
          <span className="text-ink-3 tabular-nums">#{job.number}</span> {job.title}
        </span>
      </span>
      {here ? (
        <IconButton small label={`Show #${job.number} on the canvas`} onClick={() => onFind(job.id)}>
          <Crosshair className="size-4 text-accent" aria-hidden />
        </IconButton>
      ) : (
        !readOnly && (
          <IconButton
            small
            label={`Put #${job.number} on the canvas`}
            className="opacity-0 focus-visible:opacity-100 group-hover:opacity-100 max-md:opacity-100"
            onClick={() => onPlace(job.id)}
          >
            <MapPin className="size-4" aria-hidden />
          </IconButton>
        )
      )}
    </li>
  );
});

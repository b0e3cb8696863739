import { monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { CirclePlay, Lightbulb, Plus } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useJobCommands } from '@/api/commands';
import { useJobs, useOpenRequests, useWorkspace } from '@/api/hooks';
import type { Job, JobState, Workspace } from '@/api/types';
import { useLiveStatus } from '@/live/connection';
import { cx } from '@/shared/lib/cx';
import { moveTargets } from '@/shared/lib/rights';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { useUi } from '@/shared/lib/ui-store';
import { usePhone } from '@/shared/lib/use-media';
import { boardStates, stateWords } from '@/shared/lib/words';
import { Empty, Kbd, Loading, ProblemNote, StateIcon } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { toastProblem } from '@/shared/ui/toast';
import { BoardBar } from './board-bar';
import { Column } from './column';
import { type Columns, columnsOf } from './filter';
import { joinedLanes, lanesOf } from './lanes';

const LaneBoard = lazy(() => import('./lane-board').then((m) => ({ default: m.LaneBoard })));

export function BoardPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Board workspace={workspace} /> : <Loading />;
}

function Board({ workspace }: { workspace: Workspace }) {
  const filter = useSearch({ from: '/w/$slug/board' });
  const jobs = useJobs(workspace.id);
  const requests = useOpenRequests(workspace.id);
  const { status, retryNow } = useLiveStatus();
  const phone = usePhone();
  const all = useMemo(() => Object.values(jobs ?? {}), [jobs]);
  const former = useRef<Columns>(undefined);
  const columns = useMemo(() => {
    former.current = columnsOf(all, filter, former.current);
    return former.current;
  }, [all, filter]);
  const asking = useMemo(() => {
    const counts = new Map<string, number>();
    for (const request of requests) {
      counts.set(request.job, (counts.get(request.job) ?? 0) + 1);
    }
    return counts;
  }, [requests]);
  const states = useMemo<JobState[]>(() => (filter.canceled ? [...boardStates, 'canceled'] : boardStates), [filter.canceled]);
  const lanes = useMemo(
    () => (filter.lanes && !phone ? lanesOf(columns, states, filter.lanes) : undefined),
    [columns, states, filter.lanes, phone],
  );
  const hidden = useMemo(() => all.length - Object.values(columns).reduce((count, jobs) => count + jobs.length, 0), [all, columns]);
  const [focused, setFocused] = useState<string>();
  // With lanes the keyboard goes down a column lane by lane.
  const walked = useMemo(() => (lanes ? joinedLanes(lanes) : columns), [lanes, columns]);
  useBoardKeys(states, walked, focused, setFocused);
  useCardMoves(workspace.id, jobs);

  let body: React.ReactNode;
  if (jobs === undefined) {
    body =
      status.phase === 'failed' ? (
        <ProblemNote className="m-4" title="The Board could not be loaded" error={status.error} onRetry={retryNow} />
      ) : (
        <Loading label="Loading the Board" />
      );
  } else if (all.length === 0) {
    body = <FirstSteps mayCreate={workspace.role !== 'viewer'} />;
  } else if (phone) {
    body = <PhoneBoard workspace={workspace} states={states} columns={columns} asking={asking} />;
  } else if (lanes) {
    body = (
      <Suspense fallback={<Loading />}>
        <LaneBoard workspace={workspace} states={states} lanes={lanes} asking={asking} focused={focused} onFocus={setFocused} />
      </Suspense>
    );
  } else {
    body = (
      <div className="flex min-h-0 flex-1 gap-2.5 overflow-x-auto px-4 pb-3">
        {states.map((state) => (
          <Column
            key={state}
            workspace={workspace}
            state={state}
            jobs={columns[state]}
            asking={asking}
            focused={focused}
            onFocus={setFocused}
          />
        ))}
      </div>
    );
  }
  return (
    <div className="relative flex h-full flex-col">
      <h1 className="sr-only">Board of {workspace.name}</h1>
      <BoardBar workspace={workspace} filter={filter} jobs={all} hidden={hidden} requests={requests} />
      {body}
      <Outlet />
    </div>
  );
}

function useCardMoves(ws: string, jobs: Readonly<Record<string, Job>> | undefined) {
  const { move, command } = useJobCommands(ws);
  const latest = useRef(jobs);
  useEffect(() => {
    latest.current = jobs;
  });
  useEffect(
    () =>
      monitorForElements({
        canMonitor: ({ source }) => typeof source.data.job === 'string',
        onDrop: ({ source, location }) => {
          const job = latest.current?.[String(source.data.job)];
          const state = location.current.dropTargets[0]?.data.state as JobState | undefined;
          if (!job || !state || state === job.state) {
            return;
          }
          if (moveTargets(job).includes(state)) {
            void move(job, state);
          } else {
            // Which rule says no is the server's to tell (JOB-8).
            command(job, 'move', { state }).catch((error: unknown) => toastProblem(`#${job.number} was not moved`, error));
          }
        },
      }),
    [move, command],
  );
}

function useBoardKeys(states: JobState[], columns: Columns, focused: string | undefined, focus: (id: string) => void) {
  const step = (dx: number, dy: number) => {
    const column = states.findIndex((state) => columns[state].some((job) => job.id === focused));
    if (column < 0) {
      const first = states.map((state) => columns[state][0]).find((job) => job !== undefined);
      if (first) focus(first.id);
      return;
    }
    const row = columns[states[column] as JobState].findIndex((job) => job.id === focused);
    if (dx === 0) {
      const next = columns[states[column] as JobState][row + dy];
      if (next) focus(next.id);
      return;
    }
    for (let at = column + dx; at >= 0 && at < states.length; at += dx) {
      const there = columns[states[at] as JobState];
      const next = there[Math.min(row, there.length - 1)];
      if (next) {
        focus(next.id);
        return;
      }
    }
  };
  useShortcuts({
    '/': () => document.getElementById('board-search')?.focus(),
    j: () => step(0, 1),
    arrowdown: () => step(0, 1),
    k: () => step(0, -1),
    arrowup: () => step(0, -1),
    arrowleft: () => step(-1, 0),
    arrowright: () => step(1, 0),
    h: () => step(-1, 0),
    l: () => step(1, 0),
    m: () => document.querySelector<HTMLElement>(`[data-job="${CSS.escape(focused ?? '')}"] [data-move]`)?.click(),
  });
}

function PhoneBoard({
  workspace,
  states,
  columns,
  asking,
}: {
  workspace: Workspace;
  states: JobState[];
  columns: Columns;
  asking: ReadonlyMap<string, number>;
}) {
  const [chosen, setChosen] = useState<JobState>(
    () =>
      states.find((state) => state === 'in_progress' && columns[state].length > 0) ??
      states.find((state) => columns[state].length > 0) ??
      'backlog',
  );
  return (
    <>
      <div role="tablist" aria-label="Columns" className="flex shrink-0 gap-1 overflow-x-auto px-3 pb-2">
        {states.map((state) => (
          <button
            key={state}
            type="button"
            role="tab"
            aria-selected={state === chosen}
            onClick={() => setChosen(state)}
            className={cx(
              'inline-flex shrink-0 items-center gap-1.5 rounded-full border px-2.5 py-1 text-sm',
              state === chosen ? 'border-line-strong bg-surface font-medium' : 'border-transparent text-ink-2',
            )}
          >
            <StateIcon state={state} className="size-3.5" />
            {stateWords[state]} <span className="text-ink-3 tabular-nums">{columns[state].length}</span>
          </button>
        ))}
      </div>
      <div className="flex min-h-0 flex-1 px-3 pb-2">
        <Column key={chosen} workspace={workspace} state={chosen} jobs={columns[chosen]} asking={asking} bare />
      </div>
    </>
  );
}

function FirstSteps({ mayCreate }: { mayCreate: boolean }) {
  const { slug } = useParams({ from: '/w/$slug' });
  const navigate = useNavigate();
  if (!mayCreate) {
    return (
      <Empty icon={<Lightbulb />} title="No jobs yet">
        Jobs appear here as soon as somebody makes one.
      </Empty>
    );
  }
  return (
    <Empty
      icon={<CirclePlay />}
      title="Nothing on the Board yet"
      action={
        <div className="flex flex-wrap justify-center gap-2">
          <Button look="primary" icon={<Plus className="size-4" aria-hidden />} onClick={() => useUi.setState({ creating: true })}>
            Create a job
          </Button>
          <Button onClick={() => void navigate({ to: '/w/$slug/runners', params: { slug } })}>Set up a runner</Button>
        </div>
      }
    >
      <p>
        A job is one piece of work. Give it to an agent, and a runner on one of your machines works on it while you watch, answer its
        questions and review the result. Or keep it for people and move it along yourself.
      </p>
      <p className="mt-2 text-ink-3">
        Press <Kbd>C</Kbd> anywhere to create one.
      </p>
    </Empty>
  );
}

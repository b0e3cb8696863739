import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { api } from '@/api/calls';
import { useKeepJob } from '@/api/hooks';
import type { Job, Workspace } from '@/api/types';
import { stateWords } from '@/shared/lib/words';
import { whyNotAdd, whyNotRemove } from '../lib/waits';
import { ProblemNote, StateIcon } from './bits';
import { IconButton } from './button';
import { JobSearch } from './job-search';

/** `job` waits for `on`. */
export interface Edge {
  job: Job;
  on: Job;
}

/** Adding and removing dependencies; what is under way and what was refused. */
export function useDependencyEdits(ws: string) {
  const keep = useKeepJob(ws);
  const [busy, setBusy] = useState<string>();
  const [problem, setProblem] = useState<{ title: string; error: unknown }>();
  const change = useCallback(
    async ({ job, on }: Edge, call: Promise<Job>, title: string) => {
      setBusy(`${job.id} ${on.id}`);
      setProblem(undefined);
      try {
        keep(await call);
      } catch (error) {
        setProblem({ title, error });
      } finally {
        setBusy(undefined);
      }
    },
    [keep],
  );
  const add = useCallback(
    (edge: Edge) =>
      change(edge, api.addDependency(edge.job.id, edge.on.id), `#${edge.job.number} was not made to wait for #${edge.on.number}`),
    [change],
  );
  const remove = useCallback(
    (edge: Edge) => change(edge, api.removeDependency(edge.job.id, edge.on.id), `#${edge.job.number} still waits for #${edge.on.number}`),
    [change],
  );
  return { busy, problem, dismiss: () => setProblem(undefined), add, remove };
}

/** What a job waits for and what waits for it, to be changed by search and button (DEP-1, DEP-3, DEP-6). */
export function DependencyEditor({
  workspace,
  job,
  jobs,
  children,
}: {
  workspace: Workspace;
  job: Job;
  jobs: Readonly<Record<string, Job>>;
  /** Below what it waits for. */
  children?: ReactNode;
}) {
  const { busy, problem, add, remove } = useDependencyEdits(workspace.id);
  const candidates = useMemo(() => Object.values(jobs).filter((each) => each.id !== job.id), [jobs, job.id]);
  const before = candidates.filter((each) => !job.dependencies.includes(each.id) && each.state !== 'canceled');
  const after = candidates.filter((each) => !job.dependents.includes(each.id) && whyNotAdd(each) === undefined);
  const notAdd = whyNotAdd(job);
  const row = (other: Job | undefined, id: string, edge: Edge | undefined) => (
    <li key={id} className="flex min-h-7 items-center gap-1.5 text-sm">
      {other ? (
        <>
          <StateIcon state={other.state} />
          <Link
            to="/w/$slug/jobs/$number"
            params={{ slug: workspace.slug, number: other.number }}
            className="min-w-0 flex-1 truncate hover:underline"
          >
            #{other.number} {other.title}
            <span className="sr-only">, {stateWords[other.state]}</span>
          </Link>
        </>
      ) : (
        <span className="min-w-0 flex-1 text-ink-3">A job you cannot see</span>
      )}
      {edge && whyNotRemove(edge.job) === undefined && (
        <IconButton
          small
          label={`Remove: #${edge.job.number} waits for #${edge.on.number}`}
          disabled={busy === `${edge.job.id} ${edge.on.id}`}
          onClick={() => void remove(edge)}
        >
          <X className="size-4" aria-hidden />
        </IconButton>
      )}
    </li>
  );
  const list = (ids: readonly string[], edge: (other: Job) => Edge, none: string) =>
    ids.length === 0 ? (
      <p className="text-ink-3 text-sm">{none}</p>
    ) : (
      <ul className="flex flex-col">
        {[...ids]
          .sort((a, b) => (jobs[a]?.number ?? 0) - (jobs[b]?.number ?? 0))
          .map((id) => row(jobs[id], id, jobs[id] && edge(jobs[id])))}
      </ul>
    );
  return (
    <div className="grid gap-4 md:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-1.5">
        <p className="font-medium text-ink-2 text-sm">Waits for</p>
        {list(job.dependencies, (on) => ({ job, on }), 'Nothing')}
        {notAdd === undefined ? (
          <JobSearch label="Add a job it waits for" jobs={before} onPick={(on) => void add({ job, on })} />
        ) : (
          <p className="text-ink-3 text-xs">{(job.dependencies.length > 0 && whyNotRemove(job)) || notAdd}</p>
        )}
        {children}
      </div>
      <div className="flex min-w-0 flex-col gap-1.5">
        <p className="font-medium text-ink-2 text-sm">Needed by</p>
        {list(job.dependents, (other) => ({ job: other, on: job }), 'Nothing')}
        {after.length > 0 && (
          <JobSearch label="Add a job that waits for it" jobs={after} onPick={(other) => void add({ job: other, on: job })} />
        )}
      </div>
      {problem && <ProblemNote className="md:col-span-2" title={problem.title} error={problem.error} />}
    </div>
  );
}

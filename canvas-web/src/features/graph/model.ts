/** Which jobs the dependency graph shows, as it stands in the address, and what leads from which to which. */
import type { Job, JobState } from '@/api/types';
import type { JobTab } from '@/features/job/job-panel';

export interface GraphSearch {
  q?: string;
  state?: JobState;
  folder?: string;
  /** Beside the chains that are not finished: every open job, or finished chains too. */
  show?: 'open' | 'all';
  as?: 'graph' | 'list';
  /** Number of the job beside it. */
  job?: number;
  tab?: JobTab;
  attempt?: number;
}

const states: readonly JobState[] = ['backlog', 'ready', 'in_progress', 'awaiting_review', 'done', 'failed', 'canceled'];

const text = (value: unknown): string | undefined => {
  const words = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  return words.trim() === '' ? undefined : words;
};

const tabs: readonly JobTab[] = ['details', 'log', 'changes', 'notes', 'files', 'attempts'];
const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

export function parseGraphSearch(search: Record<string, unknown>): GraphSearch {
  return {
    q: text(search.q),
    state: states.find((state) => state === search.state),
    folder: text(search.folder),
    show: search.show === 'open' || search.show === 'all' ? search.show : undefined,
    job: positive(search.job),
    tab: tabs.find((tab) => tab === search.tab),
    attempt: positive(search.attempt),
    as: search.as === 'graph' || search.as === 'list' ? search.as : undefined,
  };
}

export const isFiltered = ({ q, state, folder }: GraphSearch): boolean => Boolean(q || state || folder);

const isOver = (job: Job) => job.state === 'done' || job.state === 'canceled';

export interface Link {
  /** What has to be done first. */
  from: string;
  /** What waits for it. */
  to: string;
}

/** The dependencies among these jobs. */
export function linksAmong(jobs: readonly Job[]): Link[] {
  const here = new Set(jobs.map((job) => job.id));
  return jobs.flatMap((job) => job.dependencies.filter((on) => here.has(on)).map((on) => ({ from: on, to: job.id })));
}

/** Groups of jobs that are connected, however indirectly. */
export function chains(ids: readonly string[], links: readonly Link[]): string[][] {
  const neighbours = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of links) {
    neighbours.get(from)?.push(to);
    neighbours.get(to)?.push(from);
  }
  const seen = new Set<string>();
  return ids.flatMap((start) => {
    if (seen.has(start)) {
      return [];
    }
    seen.add(start);
    const chain = [start];
    for (const id of chain) {
      for (const next of neighbours.get(id) ?? []) {
        if (!seen.has(next)) {
          seen.add(next);
          chain.push(next);
        }
      }
    }
    return [chain];
  });
}

/** The jobs to show, by number. */
export function shownJobs(jobs: Readonly<Record<string, Job>>, search: GraphSearch): Job[] {
  const all = Object.values(jobs).sort((a, b) => a.number - b.number);
  const ids = all.map((job) => job.id);
  const words = search.q?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const matches = (job: Job) => {
    const named = `#${job.number} ${job.title}`.toLowerCase();
    return (
      (!search.state || job.state === search.state) &&
      (!search.folder || job.folder === search.folder) &&
      words.every((word) => named.includes(word))
    );
  };
  return chains(ids, linksAmong(all))
    .flatMap((chain) => {
      const members = chain.flatMap((id) => jobs[id] ?? []);
      const open = members.some((job) => !isOver(job));
      return (members.length > 1 ? open || search.show === 'all' : open && search.show === 'open') ? members : [];
    })
    .filter(matches)
    .sort((a, b) => a.number - b.number);
}

/** The jobs in an order in which what comes first stands first; by number where that leaves a choice. */
export function inOrder(jobs: readonly Job[]): Job[] {
  const here = new Map(jobs.map((job) => [job.id, job]));
  const done = new Set<string>();
  const order: Job[] = [];
  // On a stack of its own: chains can be longer than what calls may nest.
  for (const start of [...jobs].sort((a, b) => a.number - b.number)) {
    const stack = [start];
    while (stack.length > 0) {
      const job = stack[stack.length - 1] as Job;
      const before = job.dependencies.map((id) => here.get(id)).find((other) => other && !done.has(other.id) && !stack.includes(other));
      if (before) {
        stack.push(before);
        continue;
      }
      stack.pop();
      if (!done.has(job.id)) {
        done.add(job.id);
        order.push(job);
      }
    }
  }
  return order;
}

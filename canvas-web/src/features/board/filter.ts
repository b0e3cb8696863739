/** What the Board shows and how, as it stands in the address. */
import type { Job, JobState, Priority } from '@/api/types';
import { isFiltered, type JobFilter, matches } from '@/shared/lib/job-filter';
import { priorities } from '@/shared/lib/words';

export const laneKinds = ['priority', 'person', 'agent', 'folder'] as const;
export type LaneKind = (typeof laneKinds)[number];

export interface BoardFilter extends JobFilter {
  canceled?: boolean;
  lanes?: LaneKind;
}

/** More values than this of one kind are no filter that somebody made by hand. */
const MOST = 50;

const text = (value: unknown): string | undefined => {
  const words = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  return words.trim() === '' ? undefined : words;
};

/** One value or several; the same filter always reads the same. */
const several = (value: unknown): string[] | undefined => {
  const all = (Array.isArray(value) ? value : [value]).map(text).filter((each) => each !== undefined);
  return all.length === 0 ? undefined : [...new Set(all)].slice(0, MOST);
};

export function parseFilter(search: Record<string, unknown>): BoardFilter {
  const urgencies = several(search.priority)?.filter((each): each is Priority => (priorities as string[]).includes(each));
  return {
    q: text(search.q),
    agent: several(search.agent),
    domain: several(search.domain),
    person: several(search.person),
    priority: urgencies?.length ? urgencies : undefined,
    canceled: search.canceled === true ? true : undefined,
    lanes: laneKinds.find((kind) => kind === search.lanes),
  };
}

export { isFiltered, matches };

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const urgency: Record<Priority, number> = { vip: 0, high: 1, medium: 2, low: 3, no_rush: 4 };
const newestFirst = (a: Job, b: Job) => byText(b.updated_at, a.updated_at) || b.number - a.number;
const urgentFirst = (a: Job, b: Job) => urgency[a.priority] - urgency[b.priority] || a.number - b.number;

const orders: Record<JobState, (a: Job, b: Job) => number> = {
  // Of equal urgency, as the Backlog has them.
  backlog: (a, b) => urgency[a.priority] - urgency[b.priority] || byText(a.position, b.position) || a.number - b.number,
  ready: urgentFirst,
  in_progress: (a, b) => byText(a.attempt?.started_at ?? a.updated_at, b.attempt?.started_at ?? b.updated_at) || a.number - b.number,
  awaiting_review: urgentFirst,
  done: newestFirst,
  failed: newestFirst,
  canceled: newestFirst,
};

export type Columns = Readonly<Record<JobState, readonly Job[]>>;

const sameItems = (a: readonly Job[], b: readonly Job[]) => a.length === b.length && a.every((job, at) => job === b[at]);

/** The cards of each column in their order. A column in which nothing changed stays the one it was, so that it is not drawn again. */
export function columnsOf(jobs: readonly Job[], filter: BoardFilter, before?: Columns): Columns {
  const columns: Record<JobState, Job[]> = {
    backlog: [],
    ready: [],
    in_progress: [],
    awaiting_review: [],
    done: [],
    failed: [],
    canceled: [],
  };
  for (const job of jobs) {
    if (matches(job, filter)) {
      columns[job.state].push(job);
    }
  }
  const kept: Record<JobState, readonly Job[]> = columns;
  for (const state of Object.keys(columns) as JobState[]) {
    columns[state].sort(orders[state]);
    const former = before?.[state];
    if (former && sameItems(former, columns[state])) {
      kept[state] = former;
    }
  }
  return kept;
}

/** What the Board shows, as it stands in the address. */
import type { Job, JobState, Priority } from '@/api/types';

export interface BoardFilter {
  q?: string;
  agent?: string;
  domain?: string;
  person?: string;
  canceled?: boolean;
}

const text = (value: unknown): string | undefined => {
  const words = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  return words.trim() === '' ? undefined : words;
};

export function parseFilter(search: Record<string, unknown>): BoardFilter {
  return {
    q: text(search.q),
    agent: text(search.agent),
    domain: text(search.domain),
    person: text(search.person),
    canceled: search.canceled === true ? true : undefined,
  };
}

export const isFiltered = (filter: BoardFilter): boolean => Boolean(filter.q || filter.agent || filter.domain || filter.person);

/** Every word must be found in title, description, number, agent, domains or people. */
export function matches(job: Job, filter: BoardFilter): boolean {
  if (filter.agent && job.agent !== filter.agent && !(filter.agent === 'people' && job.kind === 'user')) return false;
  if (filter.domain && !job.domains.includes(filter.domain)) return false;
  if (filter.person && job.owner.id !== filter.person && job.creator.id !== filter.person) return false;
  if (!filter.q) return true;
  const haystack =
    `#${job.number} ${job.title} ${job.agent ?? ''} ${job.domains.join(' ')} ${job.owner.name} ${job.creator.name} ${job.description}`.toLowerCase();
  return filter.q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}

const urgency: Record<Priority, number> = { vip: 0, high: 1, medium: 2, low: 3, no_rush: 4 };
const newestFirst = (a: Job, b: Job) => b.updated_at.localeCompare(a.updated_at) || b.number - a.number;
const urgentFirst = (a: Job, b: Job) => urgency[a.priority] - urgency[b.priority] || a.number - b.number;

const orders: Record<JobState, (a: Job, b: Job) => number> = {
  backlog: urgentFirst,
  ready: urgentFirst,
  in_progress: (a, b) =>
    (a.attempt?.started_at ?? a.updated_at).localeCompare(b.attempt?.started_at ?? b.updated_at) || a.number - b.number,
  awaiting_review: urgentFirst,
  done: newestFirst,
  failed: newestFirst,
  canceled: newestFirst,
};

/** The cards of each column in their order. */
export function columnsOf(jobs: readonly Job[], filter: BoardFilter): Record<JobState, Job[]> {
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
  for (const state of Object.keys(columns) as JobState[]) {
    columns[state].sort(orders[state]);
  }
  return columns;
}

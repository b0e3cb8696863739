/** What the Backlog shows, as it stands in the address. */
import type { Job, JobState } from '@/api/types';
import { matches } from '@/shared/lib/job-filter';

export const shows = ['staged', 'open', 'all'] as const;
export type Shows = (typeof shows)[number];

export interface BacklogSearch {
  q?: string;
  show?: Shows;
}

export const parseBacklog = (search: Record<string, unknown>): BacklogSearch => ({
  q: (typeof search.q === 'string' || typeof search.q === 'number') && String(search.q).trim() ? String(search.q) : undefined,
  show: shows.find((each) => each === search.show && each !== 'staged'),
});

const over: readonly JobState[] = ['done', 'canceled'];

export function shownJobs(jobs: readonly Job[], { q, show = 'staged' }: BacklogSearch): Job[] {
  return jobs.filter(
    (job) => (show === 'all' || (show === 'open' ? !over.includes(job.state) : job.state === 'backlog')) && matches(job, { q }),
  );
}

import type { Job } from '@/api/types';
import type { ById } from '@/live/feed';

export interface JobCounts {
  /** Neither done nor canceled. */
  open: number;
  /** In progress. */
  running: number;
}

/** Jobs per owner, of those the reader may see: the server sends no others (ACC-4). */
export function jobCounts(jobs: ById<Job>): Record<string, JobCounts> {
  const counts: Record<string, JobCounts> = {};
  for (const job of Object.values(jobs)) {
    if (job.state === 'done' || job.state === 'canceled') {
      continue;
    }
    counts[job.owner.id] ??= { open: 0, running: 0 };
    const count = counts[job.owner.id];
    if (count) {
      count.open += 1;
      count.running += job.state === 'in_progress' ? 1 : 0;
    }
  }
  return counts;
}

/** `3 open jobs, 1 in progress`. */
export function countWords(count: JobCounts | undefined): string | undefined {
  if (!count) {
    return undefined;
  }
  const open = `${count.open} open ${count.open === 1 ? 'job' : 'jobs'}`;
  return count.running > 0 ? `${open}, ${count.running} in progress` : open;
}

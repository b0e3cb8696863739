/** One act on many jobs: each is tried, what was refused is told by job and rule, the rest is done. */
import { ApiProblem, explain } from '@/api/problem';
import type { Job } from '@/api/types';

export interface Refused {
  job: Job;
  detail: string;
  rule: string | undefined;
}

export interface BulkRun {
  /** What is done, as in `Made ready`. */
  words: string;
  total: number;
  done: number;
  refused: readonly Refused[];
  running: boolean;
}

/** Calls under way at once. */
const AT_ONCE = 6;

interface Options {
  /** One after another, for acts that build on one another. */
  inTurn?: boolean;
  onProgress: (run: BulkRun) => void;
}

export async function runBulk(
  words: string,
  jobs: readonly Job[],
  act: (job: Job, at: number) => Promise<unknown>,
  { inTurn = false, onProgress }: Options,
): Promise<BulkRun> {
  let run: BulkRun = { words, total: jobs.length, done: 0, refused: [], running: true };
  const say = (part: Partial<BulkRun>) => {
    run = { ...run, ...part };
    onProgress(run);
  };
  say({});
  let next = 0;
  let ended = false;
  const worker = async () => {
    while (next < jobs.length && !ended) {
      const at = next;
      next += 1;
      const job = jobs[at] as Job;
      try {
        await act(job, at);
        say({ done: run.done + 1 });
      } catch (error) {
        // The session is over or the server is away: the rest would fail alike.
        ended ||= error instanceof ApiProblem && (error.status === 0 || error.status === 401);
        const { detail, rule } = explain(error);
        say({ refused: [...run.refused, { job, detail, rule }] });
      }
    }
  };
  await Promise.all(Array.from({ length: inTurn ? 1 : Math.min(AT_ONCE, jobs.length) }, worker));
  const left = jobs.slice(next).map((job) => ({ job, detail: 'Not tried, since the one before could not be sent.', rule: undefined }));
  const order = new Map(jobs.map((job, at) => [job.id, at]));
  say({
    running: false,
    refused: [...run.refused, ...left].sort((a, b) => (order.get(a.job.id) ?? 0) - (order.get(b.job.id) ?? 0)),
  });
  return run;
}

/** `12 made ready`, `10 of 12 made ready`. */
export function outcomeWords({ words, total, done, running, refused }: BulkRun): string {
  if (running) {
    return `${done + refused.length} of ${total} tried`;
  }
  return done === total ? `${total} ${total === 1 ? 'job' : 'jobs'} ${words}` : `${done} of ${total} jobs ${words}`;
}

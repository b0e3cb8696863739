/** What a job waits for among the other jobs, and the words for it (DEP-2 to DEP-5). */
import type { Job } from '@/api/types';
import { rightsOf, whoMay } from './rights';
import { type HoldWords, jobList } from './words';

export interface Waits {
  /** Not done yet, in the order of their numbers. */
  open: Job[];
  /** Failed or canceled ones: nothing goes on by itself before somebody does something about them. */
  stuck: Job[];
  /** There are others that one may not see. */
  hidden: boolean;
}

/** What holds a job that is Staged or Ready; nothing when its dependencies are done. */
export function waitsOf(job: Job, jobs: Readonly<Record<string, Job>>): Waits | undefined {
  if (job.state !== 'backlog' && job.state !== 'ready') {
    return undefined;
  }
  const hidden = job.hold?.reason === 'dependencies_open' && job.hold.hidden === true;
  const others = job.dependencies
    .flatMap((id) => jobs[id] ?? [])
    .filter((other) => other.state !== 'done')
    .sort((a, b) => a.number - b.number);
  const isStuck = (other: Job) => other.state === 'failed' || other.state === 'canceled';
  const waits = { open: others.filter((other) => !isStuck(other)), stuck: others.filter(isStuck), hidden };
  return others.length === 0 && !hidden ? undefined : waits;
}

const fate = (job: Job) => (job.state === 'failed' ? 'failed' : 'was canceled');
const numbers = (jobs: readonly Job[]) => jobs.map((job) => job.number);

/** `#1, which failed, #4 and a private job`. */
function named({ open, stuck, hidden }: Waits): string {
  const parts = [
    ...stuck.slice(0, 3).map((job) => `#${job.number}, which ${fate(job)}`),
    ...(stuck.length > 3 ? [`${stuck.length - 3} more that failed or were canceled`] : []),
    ...(open.length > 0 ? [jobList(numbers(open))] : []),
    ...(hidden ? ['a private job'] : []),
  ];
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')}${stuck.length > 0 ? ',' : ''} and ${parts[parts.length - 1]}`;
}

/** Says what the job waits for, and what would let it go on. */
export function waitsWords(job: Job, waits: Waits): HoldWords {
  const { open, stuck, hidden } = waits;
  const long = `It waits for ${named(waits)}.`;
  const [first] = stuck;
  if (first) {
    const failed = stuck.filter((each) => each.state === 'failed');
    const retry = failed.length > 0 ? `Retry ${jobList(numbers(failed))}, or remove the dependency.` : '';
    return {
      short: stuck.length === 1 ? `Held: #${first.number} ${fate(first)}` : `Held: ${jobList(numbers(stuck))} failed or canceled`,
      long,
      lift: retry || 'What was canceled will not be done: remove the dependency.',
    };
  }
  const those = open.length + Number(hidden) === 1 ? 'that job is' : 'those jobs are';
  const others = [...(open.length > 0 ? [jobList(numbers(open))] : []), ...(hidden ? ['a private job'] : [])].join(' and ');
  return {
    short: `Waits for ${others}`,
    long,
    lift:
      job.state === 'ready' && job.kind === 'agentic'
        ? `It goes on by itself when ${those} done.`
        : job.state === 'backlog' && job.auto_ready
          ? `It becomes ready by itself when ${those} done.`
          : job.state === 'backlog'
            ? `It can be made ready when ${those} done.`
            : `It is its turn when ${those} done.`,
  };
}

/** Why a dependency cannot be added to the job, in words; nothing when it can. */
export function whyNotAdd(job: Job): string | undefined {
  if (!rightsOf(job).edit) {
    return whoMay.edit;
  }
  return job.state === 'backlog' ? undefined : 'A dependency can be added while the job is Staged (DEP-3).';
}

/** Why a dependency of the job cannot be removed, in words; nothing when it can. */
export function whyNotRemove(job: Job): string | undefined {
  if (!rightsOf(job).edit) {
    return whoMay.edit;
  }
  return job.state === 'backlog' || job.state === 'ready'
    ? undefined
    : 'A dependency can be removed while the job is Staged or Ready (DEP-3).';
}

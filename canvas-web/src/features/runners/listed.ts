/** Which runners are listed, and what the jobs of the workspace say of one. Pure. */
import type { Job, Obstacle, RunnerObstacle, RunnerStatus, RunnerView } from '@/api/types';
import type { ById } from '@/live/feed';

const order: RunnerStatus[] = ['active', 'idle', 'disabled', 'offline'];

/** Those at work first, then by name. */
export function listed(runners: readonly RunnerView[]): RunnerView[] {
  return [...runners].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || a.name.localeCompare(b.name));
}

/** What a runner works on now in this workspace, as far as its reader sees the jobs. */
export function worksOn(jobs: ById<Job>, runner: string): Job[] {
  return Object.values(jobs)
    .filter((job) => job.state === 'in_progress' && job.attempt?.runner === runner && !job.attempt.ended_at)
    .sort((a, b) => a.number - b.number);
}

/** Runner by runner why a job is not taken, where its hold says so. */
export function obstaclesOf(job: Job): readonly RunnerObstacle[] {
  const { hold } = job;
  return hold?.reason === 'no_runner' || hold?.reason === 'runners_busy' ? (hold.runners ?? []) : [];
}

/** The jobs that wait and are not taken by this runner, each with why. */
export function notTaken(jobs: ById<Job>, runner: string): { job: Job; why: Obstacle }[] {
  return Object.values(jobs)
    .filter((job) => job.state === 'ready')
    .flatMap((job) => obstaclesOf(job).flatMap((each) => (each.runner === runner ? [{ job, why: each.why }] : [])))
    .sort((a, b) => a.job.number - b.job.number);
}

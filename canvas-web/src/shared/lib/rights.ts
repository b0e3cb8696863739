/** What one may do with a job, as the server tells with it (ACC-3), and where it can be moved. */
import type { Job, JobAct, JobState } from '@/api/types';

export interface Rights {
  contribute: boolean;
  work: boolean;
  edit: boolean;
  team: boolean;
  administer: boolean;
}

export function rightsOf(job: Pick<Job, 'may'>): Rights {
  const may = (act: JobAct) => job.may.includes(act);
  return {
    contribute: may('contribute'),
    work: may('operate'),
    edit: may('manage'),
    team: may('manage_team'),
    administer: may('administer'),
  };
}

/** Who may do it, said where it is not offered to those who may not. */
export const whoMay: Record<keyof Rights, string> = {
  contribute: 'Only members of the workspace who do not merely watch the job can do this (ACC-3).',
  work: 'Only the job’s owner, creator, leads and editors, and the workspace’s admins can do this (ACC-3).',
  edit: 'Only the job’s owner, creator and leads, and the workspace’s admins can do this (ACC-3).',
  team: 'Only the job’s owner, creator and leads, and the workspace’s admins can do this (ACC-3).',
  administer: 'Only admins and the owner of the workspace can do this (ACC-3).',
};

const free: JobState[] = ['backlog', 'ready', 'in_progress', 'awaiting_review'];

/** Where a person may move a job by hand (JOB-5, JOB-6). */
export function moveTargets(job: Pick<Job, 'kind' | 'state'>): JobState[] {
  if (job.kind === 'user') {
    return free.includes(job.state) ? free.filter((state) => state !== job.state) : [];
  }
  if (job.state === 'backlog') {
    return ['ready'];
  }
  return job.state === 'ready' ? ['backlog'] : job.state === 'failed' ? ['ready'] : [];
}

/**
 * Which actions to offer. The server decides every one of them again (ACC-3); this only keeps buttons away that it would refuse.
 */
import type { Job, JobState, Role, TeamMember } from '@/api/types';

export interface Rights {
  contribute: boolean;
  work: boolean;
  edit: boolean;
  administer: boolean;
}

export function rightsOn(job: Job | undefined, me: string | undefined, role: Role | undefined, team: readonly TeamMember[] = []): Rights {
  const administer = role === 'owner' || role === 'admin';
  if (role === undefined || role === 'viewer') {
    return { contribute: false, work: false, edit: false, administer: false };
  }
  const own = job !== undefined && (job.owner.id === me || job.creator.id === me);
  const teamRole = team.find((member) => member.user === me)?.role;
  const edit = administer || own || teamRole === 'lead';
  const work = edit || teamRole === 'editor';
  // On a public job every member has a say; on a private one a team viewer was let in to watch.
  return { contribute: work || job?.private !== true, work, edit, administer };
}

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

import { useQueryClient } from '@tanstack/react-query';
import { api } from '@/api/calls';
import { useMembers } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Job, TeamMember, Workspace } from '@/api/types';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { Toggle } from '@/shared/ui/forms';
import { TeamEditor } from '@/shared/ui/job-fields';
import { toastProblem } from '@/shared/ui/toast';
import type { Save } from './use-job-edit';

interface Props {
  workspace: Workspace;
  job: Job;
  rights: Rights;
  team: readonly TeamMember[];
  save: Save;
}

export function TeamSection({ workspace, job, rights, team, save }: Props) {
  const members = useMembers(workspace.id).data ?? [];
  const cache = useQueryClient();
  const change = async (next: TeamMember[]) => {
    const before = cache.getQueryData<TeamMember[]>(keys.team(job.id));
    cache.setQueryData(keys.team(job.id), next);
    try {
      await api.setTeam(job.id, next);
    } catch (error) {
      cache.setQueryData(keys.team(job.id), before);
      toastProblem('The team was not changed', error);
    }
  };
  return (
    <section aria-label="Team" className="flex flex-col gap-3 border-t pt-4">
      <h3 className="font-semibold text-ink-3 text-xs">Team</h3>
      <TeamEditor value={team} members={members} readOnly={!rights.team} onChange={(next) => void change(next)} />
      {!rights.team && <p className="text-ink-3 text-xs">{whoMay.team}</p>}
      <Toggle
        checked={job.private}
        disabled={!rights.edit}
        onChange={(value) => void save({ private: value })}
        label="Private"
        hint={`Seen by its team, owner, creator and the workspace’s admins only.${rights.edit || !rights.team ? '' : ` ${whoMay.edit}`}`}
      />
    </section>
  );
}

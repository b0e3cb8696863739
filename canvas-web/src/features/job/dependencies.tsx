import { useJobs } from '@/api/hooks';
import type { Job, PatchJob, Workspace } from '@/api/types';
import type { Rights } from '@/shared/lib/rights';
import { whoMay } from '@/shared/lib/rights';
import { DependencyEditor } from '@/shared/ui/dependency-editor';
import { Toggle } from '@/shared/ui/forms';

/** What the job waits for and what waits for it, and whether it then goes on by itself (DEP-5, DEP-6). */
export function Dependencies({
  workspace,
  job,
  rights,
  save,
}: {
  workspace: Workspace;
  job: Job;
  rights: Rights;
  save: (patch: PatchJob) => Promise<boolean>;
}) {
  const jobs = useJobs(workspace.id) ?? {};
  return (
    <section aria-label="Dependencies" className="border-t pt-4">
      <h3 className="mb-2.5 font-semibold text-ink-3 text-xs">Dependencies</h3>
      <DependencyEditor workspace={workspace} job={job} jobs={jobs}>
        {job.state === 'backlog' && (
          <Toggle
            checked={job.auto_ready}
            disabled={!rights.edit}
            onChange={(auto_ready) => void save({ auto_ready })}
            label="Make it ready when those are done"
            hint={rights.edit ? undefined : whoMay.edit}
          />
        )}
      </DependencyEditor>
    </section>
  );
}

import { useKnownDomains, useMembers } from '@/api/hooks';
import type { Job, Priority } from '@/api/types';
import { priorities, priorityWords } from '@/shared/lib/words';
import { Field, Select } from '@/shared/ui/forms';
import { DomainsInput } from '@/shared/ui/job-fields';
import { CommitInput, Fact, type PropertyProps, Section } from './property-parts';

export function Properties({ workspace, job, jobs, mayEdit, why, save }: PropertyProps & { jobs: readonly Job[]; why?: string }) {
  const members = useMembers(workspace.id).data ?? [];
  const known = useKnownDomains(workspace, jobs);
  if (!mayEdit) {
    return (
      <Section title="Properties" why={why}>
        <Fact label="Priority">{priorityWords[job.priority]}</Fact>
        <Fact label="Owner">{job.owner.name}</Fact>
        <Fact label="Domains">{job.domains.join(', ') || 'None'}</Fact>
        <Fact label="Folder">{job.folder || 'None'}</Fact>
      </Section>
    );
  }
  return (
    <Section title="Properties">
      <Field label="Priority">
        {(ids) => (
          <Select {...ids} value={job.priority} onChange={(event) => void save({ priority: event.target.value as Priority })}>
            {priorities.map((priority) => (
              <option key={priority} value={priority}>
                {priorityWords[priority]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Owner">
        {(ids) => (
          <Select {...ids} value={job.owner.id} onChange={(event) => void save({ owner: event.target.value })}>
            {!members.some((member) => member.user === job.owner.id) && <option value={job.owner.id}>{job.owner.name}</option>}
            {members.map((member) => (
              <option key={member.user} value={member.user}>
                {member.name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Domains">
        {(ids) => <DomainsInput id={ids.id} value={job.domains} known={known} onChange={(domains) => void save({ domains })} />}
      </Field>
      <CommitInput label="Folder" job={job} value={job.folder ?? ''} onCommit={(folder, from) => void save({ folder }, from)} />
    </Section>
  );
}

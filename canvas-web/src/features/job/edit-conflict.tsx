import { useId, useState } from 'react';
import { useMembers, useRunners } from '@/api/hooks';
import type { Job, Member, PatchJob, RunnerView, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { modeWords, priorityWords, toolsWords } from '@/shared/lib/words';
import { Button } from '@/shared/ui/button';
import { type Conflict, type EditedField, fieldOf, type JobEdit } from './use-job-edit';

export const fieldWords: Record<EditedField, string> = {
  title: 'Title',
  description: 'Description',
  agent: 'Agent',
  model: 'Model',
  mode: 'Mode',
  tools_policy: 'Tools',
  routing: 'Runners',
  context: 'Where it works',
  priority: 'Priority',
  domains: 'Domains',
  folder: 'Folder',
  private: 'Private',
  owner: 'Owner',
  auto_ready: 'Ready by itself',
  review: 'Asks for a review',
};

const routingWords: Record<string, string> = { mine: 'My runners', team: 'Shared runners of the team', any: 'Mine or any shared runner' };

/** A field's value for a person. */
export function sayValue(
  field: EditedField,
  value: Partial<Job> | PatchJob,
  members: readonly Member[],
  runners: readonly RunnerView[],
): string {
  const yes = (flag: unknown) => (flag === true ? 'Yes' : 'No');
  switch (field) {
    case 'priority':
      return value.priority ? priorityWords[value.priority] : '';
    case 'mode':
      return value.mode ? modeWords[value.mode] : '';
    case 'tools_policy':
      return value.tools_policy ? toolsWords[value.tools_policy] : '';
    case 'domains':
      return value.domains?.join(', ') || 'None';
    case 'private':
    case 'auto_ready':
    case 'review':
      return yes(value[field]);
    case 'owner': {
      const { owner } = value;
      const id = typeof owner === 'string' ? owner : owner?.id;
      return members.find(({ user }) => user === id)?.name ?? (typeof owner === 'object' ? owner?.name : undefined) ?? 'Somebody else';
    }
    case 'context':
      return value.context?.type === 'repository' ? `${value.context.url} from ${value.context.base_branch}` : 'A folder of its own';
    case 'routing': {
      const runner = runners.find(({ id }) => value.routing === `runner:${id}`);
      return runner ? `Only ${runner.name}` : (routingWords[value.routing ?? ''] ?? 'One runner');
    }
    case 'title':
    case 'description':
    case 'agent':
    case 'model':
    case 'folder':
      return value[field] || 'None';
  }
}

/** Somebody else changed the same: both are shown, and the person chooses, field by field (JOB-7). */
export function EditConflict({ workspace, edit, conflict }: { workspace: Workspace; edit: JobEdit; conflict: Conflict }) {
  const [mine, setMine] = useState<readonly EditedField[]>(conflict.fields);
  const members = useMembers(workspace.id).data ?? [];
  const runners = Object.values(useRunners(workspace.id) ?? {});
  const pick = (field: EditedField, own: boolean) =>
    setMine((before) => [...before.filter((each) => each !== field), ...(own ? [field] : [])]);
  return (
    <section
      role="alert"
      aria-label="Changed at the same time"
      className="flex flex-col gap-3 rounded-xl border border-progress/50 bg-progress-soft px-3 py-2.5 text-sm"
    >
      <p>
        <span className="font-medium">Somebody changed this at the same time (JOB-7).</span> Nothing is lost: choose which to keep.
      </p>
      {conflict.fields.map((field) => (
        <fieldset key={field} className="grid gap-2 md:grid-cols-2">
          <legend className="mb-1 font-medium">{fieldWords[field]}</legend>
          <Choice
            label="Theirs"
            chosen={!mine.includes(field)}
            onChoose={() => pick(field, false)}
            text={sayValue(field, { ...conflict.current, owner: conflict.current.owner }, members, runners)}
          />
          <Choice
            label="Yours"
            chosen={mine.includes(field)}
            onChoose={() => pick(field, true)}
            text={sayValue(field, conflict.mine, members, runners)}
          />
        </fieldset>
      ))}
      <div className="flex flex-wrap gap-2">
        <Button small look="primary" busy={edit.busy} onClick={() => void edit.settle(mine)}>
          {mine.length === 0 ? 'Keep theirs' : mine.length === conflict.fields.length ? 'Save mine' : 'Save what I chose'}
        </Button>
      </div>
    </section>
  );
}

function Choice({ label, text, chosen, onChoose }: { label: string; text: string; chosen: boolean; onChoose: () => void }) {
  const id = useId();
  return (
    <div className={cx('rounded-lg border bg-surface px-2.5 py-1.5', chosen && 'border-accent ring-1 ring-accent')}>
      <label htmlFor={id} className="flex items-center gap-1.5 font-medium text-xs">
        <input id={id} type="radio" checked={chosen} onChange={onChoose} aria-describedby={`${id}-text`} /> {label}
      </label>
      <p id={`${id}-text`} className="wrap-break-word mt-1 max-h-40 overflow-y-auto whitespace-pre-wrap text-ink-2">
        {text}
      </p>
    </div>
  );
}

/** Whether what is being typed was changed by somebody else since one began. */
export const changedSince = (from: Partial<Job>, job: Job, field: EditedField): boolean =>
  JSON.stringify(fieldOf(from, field)) !== JSON.stringify(fieldOf(job, field));

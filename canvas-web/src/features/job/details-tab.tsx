import { useQueryClient } from '@tanstack/react-query';
import { GitMerge, Pencil } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { api } from '@/api/calls';
import { useAgentNames, useJobs, useMembers, useRunners } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Job, JobState, Mode, PatchJob, Priority, TeamMember, ToolsPolicy, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import type { Rights } from '@/shared/lib/rights';
import { agoWords, failureWords, priorities, priorityWords } from '@/shared/lib/words';
import { ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Field, Select, Toggle } from '@/shared/ui/forms';
import { DomainsInput, RoutingSelect, TeamEditor } from '@/shared/ui/job-fields';
import { Markdown } from '@/shared/ui/markdown';
import { toastProblem } from '@/shared/ui/toast';
import { Dependencies } from './dependencies';
import { JobLinks } from './job-links';
import { useJobEdit } from './use-job-edit';

interface Props {
  workspace: Workspace;
  job: Job;
  rights: Rights;
  team: readonly TeamMember[];
}

const terminal: JobState[] = ['done', 'canceled'];

export function DetailsTab({ workspace, job, rights, team }: Props) {
  const edit = useJobEdit(workspace.id, job);
  const jobs = useJobs(workspace.id);
  const all = useMemo(() => Object.values(jobs ?? {}), [jobs]);
  const mayEdit = rights.edit && !terminal.includes(job.state);
  return (
    <div className="flex flex-col gap-5 p-4">
      {edit.conflict && (
        <div role="alert" className="flex flex-col gap-2 rounded-xl border border-progress/50 bg-progress-soft px-3 py-2.5 text-sm">
          <p>
            <span className="font-medium">Somebody changed this at the same time.</span> What is shown now is theirs; yours was not saved.
          </p>
          <div className="flex gap-2">
            <Button small look="primary" busy={edit.busy} onClick={() => void edit.overwrite()}>
              Save mine instead
            </Button>
            <Button small onClick={edit.dismiss}>
              Keep theirs
            </Button>
          </div>
        </div>
      )}
      {edit.problem !== undefined && <ProblemNote title="Not saved" error={edit.problem} />}
      {job.merge_problem && (
        <div role="alert" className="flex items-start gap-2 rounded-xl border border-failed/30 bg-failed-soft px-3 py-2 text-sm">
          <GitMerge className="mt-0.5 size-4 shrink-0 text-failed" aria-hidden />
          <p className="wrap-break-word whitespace-pre-wrap">
            <span className="font-medium">The branch could not be merged.</span> {job.merge_problem}
          </p>
        </div>
      )}
      {job.state === 'failed' && job.attempt?.failure && (
        <ProblemNote title={failureWords[job.attempt.failure]} error={new Error(job.attempt.summary ?? 'The log says more.')} />
      )}
      {job.state !== 'failed' && job.attempt?.summary && (
        <section>
          <h3 className="mb-1 font-semibold text-ink-3 text-xs">Summary of attempt {job.attempt.number}</h3>
          <Markdown text={job.attempt.summary} className="rounded-xl border bg-surface px-3 py-2" />
        </section>
      )}
      <Words key={edit.settled} job={job} mayEdit={mayEdit} edit={edit} />
      <Properties workspace={workspace} job={job} jobs={all} mayEdit={mayEdit} save={edit.save} />
      {job.kind === 'agentic' && <AgentProperties workspace={workspace} job={job} mayEdit={mayEdit} save={edit.save} />}
      <Dependencies workspace={workspace} job={job} rights={rights} save={edit.save} />
      <Team workspace={workspace} job={job} rights={rights} team={team} save={edit.save} />
      <Origin job={job} jobs={all} workspace={workspace} />
    </div>
  );
}

type Save = (patch: PatchJob, from?: Job) => Promise<boolean>;

/** Title and description, edited in place. What was typed stays when saving is refused. */
function Words({ job, mayEdit, edit }: { job: Job; mayEdit: boolean; edit: { save: Save; busy: boolean } }) {
  const [from, setFrom] = useState<Job>();
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const begin = () => {
    setFrom(job);
    setTitle(job.title);
    setDescription(job.description);
  };
  const save = async () => {
    if (!from) {
      return;
    }
    const patch: PatchJob = {};
    if (title.trim() !== from.title) patch.title = title.trim();
    if (description !== from.description) patch.description = description;
    if (Object.keys(patch).length === 0 || (await edit.save(patch, from))) {
      setFrom(undefined);
    }
  };
  if (from) {
    return (
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label="Title">
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={title}
              maxLength={200}
              required
              onChange={(event) => setTitle(event.target.value)}
              autoFocus
            />
          )}
        </Field>
        <Field label="Description" hint="Markdown">
          {(ids) => (
            <textarea
              {...ids}
              className="field resize-y font-mono text-sm"
              rows={12}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={() => setFrom(undefined)}>Cancel</Button>
          <Button type="submit" look="primary" busy={edit.busy} disabled={title.trim() === ''}>
            Save
          </Button>
        </div>
      </form>
    );
  }
  return (
    <section>
      <div className="mb-1 flex items-center gap-1">
        <h3 className="font-semibold text-ink-3 text-xs">{job.kind === 'agentic' ? 'Instructions' : 'Description'}</h3>
        {mayEdit && (
          <IconButton small className="size-6" label="Edit title and description" onClick={begin}>
            <Pencil className="size-3.5" aria-hidden />
          </IconButton>
        )}
      </div>
      {job.description.trim() === '' ? (
        <p className="text-ink-3 text-sm">None{mayEdit ? ' yet' : ''}.</p>
      ) : (
        <Markdown text={job.description} />
      )}
    </section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-t pt-4">
      <h3 className="mb-2.5 font-semibold text-ink-3 text-xs">{title}</h3>
      <div className="grid gap-3 md:grid-cols-2">{children}</div>
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <p className="font-medium text-ink-2 text-sm">{label}</p>
      <p className="wrap-break-word text-sm">{children}</p>
    </div>
  );
}

interface PropertyProps {
  workspace: Workspace;
  job: Job;
  mayEdit: boolean;
  save: Save;
}

function Properties({ workspace, job, jobs, mayEdit, save }: PropertyProps & { jobs: readonly Job[] }) {
  const members = useMembers(workspace.id).data ?? [];
  const known = useMemo(() => [...new Set(jobs.flatMap((each) => each.domains))].sort(), [jobs]);
  if (!mayEdit) {
    return (
      <Section title="Properties">
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
      <CommitInput
        key={`folder:${job.folder ?? ''}`}
        label="Folder"
        value={job.folder ?? ''}
        onCommit={(folder) => void save({ folder })}
      />
    </Section>
  );
}

/** A line of text that is saved when one leaves it. */
function CommitInput({
  label,
  value,
  mono,
  list,
  onCommit,
}: {
  label: string;
  value: string;
  mono?: boolean;
  list?: readonly string[];
  onCommit: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  return (
    <Field label={label}>
      {(ids) => (
        <>
          <input
            {...ids}
            list={list ? `${ids.id}-list` : undefined}
            className={mono ? 'field font-mono text-sm' : 'field'}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onBlur={() => text.trim() !== value && onCommit(text.trim())}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                event.currentTarget.blur();
              } else if (event.key === 'Escape') {
                event.stopPropagation();
                setText(value);
              }
            }}
          />
          {list && (
            <datalist id={`${ids.id}-list`}>
              {list.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

function AgentProperties({ workspace, job, mayEdit, save }: PropertyProps) {
  const agents = useAgentNames(workspace.id);
  const runners = useRunners(workspace.id);
  const { context } = job;
  const repository = context?.type === 'repository' ? context : undefined;
  // While an agent works, and afterwards, how it was started is history.
  if (!mayEdit || job.state === 'in_progress' || job.state === 'awaiting_review') {
    return (
      <Section title="Agent">
        <Fact label="Agent">{[job.agent === 'any' ? 'Any' : job.agent, job.model].filter(Boolean).join(' · ')}</Fact>
        <Fact label="Works in">{repository ? `${repository.url} from ${repository.base_branch}` : 'A folder of its own'}</Fact>
        <Fact label="Mode">{job.mode === 'plan' ? 'Plan first' : 'Edit from the start'}</Fact>
        <Fact label="Tools">{job.tools_policy === 'approve_all' ? 'Everything allowed' : 'Asks for permission'}</Fact>
      </Section>
    );
  }
  return (
    <Section title="Agent">
      <CommitInput
        key={`agent:${job.agent}`}
        label="Agent"
        value={job.agent ?? ''}
        list={['any', ...agents]}
        onCommit={(agent) => agent !== '' && void save({ agent })}
      />
      <CommitInput key={`model:${job.model}`} label="Model" value={job.model ?? ''} onCommit={(model) => void save({ model })} />
      {repository && (
        <>
          <CommitInput
            key={`url:${repository.url}`}
            label="Repository"
            mono
            value={repository.url}
            onCommit={(url) => void save({ context: { ...repository, url } })}
          />
          <CommitInput
            key={`base:${repository.base_branch}`}
            label="Base branch"
            mono
            value={repository.base_branch}
            onCommit={(base_branch) => void save({ context: { ...repository, base_branch } })}
          />
        </>
      )}
      <Field label="Mode">
        {(ids) => (
          <Select {...ids} value={job.mode ?? 'edit'} onChange={(event) => void save({ mode: event.target.value as Mode })}>
            <option value="edit">Edit from the start</option>
            <option value="plan">Plan first, edit once accepted</option>
          </Select>
        )}
      </Field>
      <Field label="Tools">
        {(ids) => (
          <Select
            {...ids}
            value={job.tools_policy ?? 'require_permission'}
            onChange={(event) => void save({ tools_policy: event.target.value as ToolsPolicy })}
          >
            <option value="require_permission">Ask people for permission</option>
            <option value="approve_all">Allow everything</option>
          </Select>
        )}
      </Field>
      <Field label="Runners">
        {(ids) => (
          <RoutingSelect
            id={ids.id}
            value={job.routing ?? 'mine'}
            runners={Object.values(runners ?? {})}
            onChange={(routing) => void save({ routing })}
          />
        )}
      </Field>
      {context?.type === 'local' && (
        <div className="pt-6">
          <Toggle checked={job.review} onChange={(review) => void save({ review })} label="Ask for a review" />
        </div>
      )}
    </Section>
  );
}

function Team({ workspace, job, rights, team, save }: Omit<PropertyProps, 'mayEdit'> & { rights: Rights; team: readonly TeamMember[] }) {
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
    <section className="flex flex-col gap-3 border-t pt-4">
      <h3 className="font-semibold text-ink-3 text-xs">Team</h3>
      <TeamEditor value={team} members={members} readOnly={!rights.edit} onChange={(next) => void change(next)} />
      {rights.edit ? (
        <Toggle
          checked={job.private}
          onChange={(value) => void save({ private: value })}
          label="Private"
          hint="Seen by its team, owner, creator and the workspace’s admins only."
        />
      ) : (
        job.private && <p className="text-ink-2 text-sm">Private: seen by its team, owner, creator and the workspace’s admins only.</p>
      )}
    </section>
  );
}

function Origin({ job, jobs, workspace }: { job: Job; jobs: readonly Job[]; workspace: Workspace }) {
  const now = useNow();
  return (
    <footer className="border-t pt-3 text-ink-3 text-xs">
      Created by {job.creator.name}, {agoWords(job.created_at, now)} · changed {agoWords(job.updated_at, now)}
      {job.duplicate_of && (
        <span className="mt-1 flex items-center gap-1">
          Copy of <JobLinks ids={[job.duplicate_of]} jobs={jobs} slug={workspace.slug} none="" />
        </span>
      )}
    </footer>
  );
}

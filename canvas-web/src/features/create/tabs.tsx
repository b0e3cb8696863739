import { useMemo } from 'react';
import { Controller, useFormContext, useWatch } from 'react-hook-form';
import { useFolderPaths } from '@/api/folders';
import { useAgent, useAgentNames, useKnownDomains, useMembers, useRunners } from '@/api/hooks';
import type { Job, Workspace } from '@/api/types';
import { priorities, priorityWords } from '@/shared/lib/words';
import { AgentLimits } from '@/shared/ui/agent-limits';
import { ProblemNote } from '@/shared/ui/bits';
import { FilePicker } from '@/shared/ui/file-picker';
import { Field, Segmented, Select, Toggle } from '@/shared/ui/forms';
import { DependencyPicker, DomainsInput, RoutingSelect, TeamEditor } from '@/shared/ui/job-fields';
import type { JobForm } from './form';

const column = 'flex flex-col gap-4';

export function DetailsTab({
  workspace,
  jobs,
  files,
  onFiles,
}: {
  workspace: Workspace;
  jobs: readonly Job[];
  files: File[];
  onFiles: (files: File[]) => void;
}) {
  const { register, control, formState } = useFormContext<JobForm>();
  const { errors } = formState;
  const known = useKnownDomains(workspace, jobs);
  return (
    <div className={column}>
      <Field label="Title" error={errors.title?.message}>
        {(ids) => <input {...ids} {...register('title')} className="field" placeholder="What is to be done" autoFocus />}
      </Field>
      <Field label="Description" optional hint="Markdown. For an agent these are its instructions." error={errors.description?.message}>
        {(ids) => <textarea {...ids} {...register('description')} rows={7} className="field resize-y font-mono text-sm" />}
      </Field>
      <div className="grid gap-4 md:grid-cols-2">
        <Field label="Priority">
          {(ids) => (
            <Select {...ids} {...register('priority')}>
              {priorities.map((priority) => (
                <option key={priority} value={priority}>
                  {priorityWords[priority]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Domains" optional error={errors.domains?.message}>
          {(ids) => (
            <Controller
              control={control}
              name="domains"
              render={({ field }) => <DomainsInput id={ids.id} value={field.value} known={known} onChange={field.onChange} />}
            />
          )}
        </Field>
      </div>
      <FilePicker files={files} onChange={onFiles} hint="Put into the agent’s working folder. The job starts when all are uploaded." />
    </div>
  );
}

export function TeamTab({ ws }: { ws: string }) {
  const { control } = useFormContext<JobForm>();
  const members = useMembers(ws);
  return (
    <div className={column}>
      <div>
        <p className="font-medium text-ink-2 text-sm">Team</p>
        <p className="mb-2 text-ink-3 text-xs">
          You own the job. Others get a part in it here; everybody in the workspace sees it unless it is private.
        </p>
        {members.isError && <ProblemNote error={members.error} onRetry={() => void members.refetch()} />}
        <Controller
          control={control}
          name="team"
          render={({ field }) => <TeamEditor value={field.value} members={members.data ?? []} onChange={field.onChange} />}
        />
      </div>
      <Controller
        control={control}
        name="private"
        render={({ field }) => (
          <Toggle
            checked={field.value}
            onChange={field.onChange}
            label="Private"
            hint="Seen by its team, owner, creator and the workspace’s admins only."
          />
        )}
      />
    </div>
  );
}

export function AgentTab({ ws, jobs }: { ws: string; jobs: readonly Job[] }) {
  const { register, control, formState } = useFormContext<JobForm>();
  const { errors } = formState;
  const [worker, place, chosen] = useWatch({ control, name: ['worker', 'place', 'agent'] });
  const agent = useAgent(ws, chosen);
  const agents = useAgentNames(ws);
  const runners = useRunners(ws);
  const repositories = useMemo(
    () => [...new Set(jobs.flatMap((job) => (job.context?.type === 'repository' ? [job.context.url] : [])))],
    [jobs],
  );
  return (
    <div className={column}>
      <Controller
        control={control}
        name="worker"
        render={({ field }) => (
          <Segmented
            label="Who does it"
            value={field.value}
            onChange={field.onChange}
            options={[
              { value: 'agent', label: 'An agent does it' },
              { value: 'people', label: 'People do it' },
            ]}
          />
        )}
      />
      {worker === 'people' ? (
        <p className="text-ink-2 text-sm">
          A job for people moves freely on the Board: drag it, or use “Move to…”, and complete it when it is done.
        </p>
      ) : (
        <>
          <div className="grid gap-4 md:grid-cols-2">
            <Field
              label="Agent"
              error={errors.agent?.message}
              hint={
                agents.length === 0
                  ? 'No runner has told its agents yet. You can still name one.'
                  : 'A name from the runner’s configuration, or any.'
              }
            >
              {(ids) => (
                <>
                  <input {...ids} {...register('agent')} list="create-agents" className="field" />
                  <datalist id="create-agents">
                    {['any', ...agents].map((agent) => (
                      <option key={agent} value={agent} />
                    ))}
                  </datalist>
                  <AgentLimits agents={agent ? [agent] : []} />
                </>
              )}
            </Field>
            <Field label="Model" optional>
              {(ids) => <input {...ids} {...register('model')} className="field" placeholder="The agent’s own choice" />}
            </Field>
          </div>
          <div className="flex flex-col gap-1">
            <p className="font-medium text-ink-2 text-sm">Where it works</p>
            <Controller
              control={control}
              name="place"
              render={({ field }) => (
                <Segmented
                  label="Where it works"
                  value={field.value}
                  onChange={field.onChange}
                  options={[
                    { value: 'repository', label: 'A git repository' },
                    { value: 'local', label: 'A folder of its own' },
                  ]}
                />
              )}
            />
            <p className="text-ink-3 text-xs">
              {place === 'repository'
                ? 'It works on a branch of its own; you review the diff, and approving merges it.'
                : 'It works in an empty folder on the runner’s machine; files it leaves in the output folder become deliverables.'}
            </p>
          </div>
          {place === 'repository' && (
            <div className="grid gap-4 md:grid-cols-[2fr_1fr]">
              <Field label="Repository" error={errors.url?.message} hint="As the runner’s machine reaches it.">
                {(ids) => (
                  <>
                    <input
                      {...ids}
                      {...register('url')}
                      list="create-repositories"
                      className="field font-mono text-sm"
                      placeholder="https://…/project.git"
                    />
                    <datalist id="create-repositories">
                      {repositories.map((url) => (
                        <option key={url} value={url} />
                      ))}
                    </datalist>
                  </>
                )}
              </Field>
              <Field label="Base branch" error={errors.base_branch?.message}>
                {(ids) => <input {...ids} {...register('base_branch')} className="field font-mono text-sm" />}
              </Field>
            </div>
          )}
          <div className="grid gap-4 md:grid-cols-2">
            <Field label="Mode">
              {(ids) => (
                <Select {...ids} {...register('mode')}>
                  <option value="edit">Edit from the start</option>
                  <option value="plan">Plan first, edit once accepted</option>
                </Select>
              )}
            </Field>
            <Field label="Tools">
              {(ids) => (
                <Select {...ids} {...register('tools_policy')}>
                  <option value="require_permission">Ask people for permission</option>
                  <option value="approve_all">Allow everything</option>
                </Select>
              )}
            </Field>
          </div>
          <Field label="Runners" error={errors.routing?.message}>
            {(ids) => (
              <Controller
                control={control}
                name="routing"
                render={({ field }) => (
                  <RoutingSelect id={ids.id} value={field.value} onChange={field.onChange} runners={Object.values(runners ?? {})} />
                )}
              />
            )}
          </Field>
        </>
      )}
    </div>
  );
}

export function OptionsTab({ ws, jobs }: { ws: string; jobs: readonly Job[] }) {
  const { register, control, formState } = useFormContext<JobForm>();
  const { errors } = formState;
  const [worker, place] = useWatch({ control, name: ['worker', 'place'] });
  const folders = useFolderPaths(ws);
  return (
    <div className={column}>
      <Field label="Waits for" optional error={errors.dependencies?.message} hint="It becomes ready only when these jobs are done.">
        {(ids) => (
          <Controller
            control={control}
            name="dependencies"
            render={({ field }) => (
              <DependencyPicker
                id={ids.id}
                value={field.value}
                jobs={jobs}
                onAdd={(job) => field.onChange([...field.value, job])}
                onRemove={(job) => field.onChange(field.value.filter((each) => each !== job))}
              />
            )}
          />
        )}
      </Field>
      <Controller
        control={control}
        name="auto_ready"
        render={({ field }) => (
          <Toggle
            checked={field.value}
            onChange={field.onChange}
            label="Make it ready when those are done"
            hint="So a chain of jobs runs by itself."
          />
        )}
      />
      {worker === 'agent' && place === 'local' && (
        <Controller
          control={control}
          name="review"
          render={({ field }) => (
            <Toggle
              checked={field.value}
              onChange={field.onChange}
              label="Ask for a review"
              hint="Otherwise a job in a folder of its own is done when the agent is."
            />
          )}
        />
      )}
      <Field label="Folder" optional error={errors.folder?.message} hint="Keeps staged jobs together. Garden/Beds is one in another.">
        {(ids) => (
          <>
            <input {...ids} {...register('folder')} list="create-folders" className="field" />
            <datalist id="create-folders">
              {folders.map((folder) => (
                <option key={folder} value={folder} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    </div>
  );
}

import { useAgentNames, useRunners } from '@/api/hooks';
import type { JobState, Mode, ToolsPolicy } from '@/api/types';
import { modeWords, stateWords, toolsWords } from '@/shared/lib/words';
import { Field, Select, Toggle } from '@/shared/ui/forms';
import { RoutingSelect } from '@/shared/ui/job-fields';
import { CommitInput, Fact, type PropertyProps, Section } from './property-parts';

/** While an agent works, and afterwards, how it was started is history (JOB-5). */
const settable: JobState[] = ['backlog', 'ready', 'failed'];

export function AgentProperties({ workspace, job, mayEdit, why, save }: PropertyProps & { why?: string }) {
  const agents = useAgentNames(workspace.id);
  const runners = useRunners(workspace.id);
  const { context } = job;
  const repository = context?.type === 'repository' ? context : undefined;
  if (!mayEdit || !settable.includes(job.state)) {
    return (
      <Section title="Agent" why={mayEdit ? `How it is run cannot change while the job is in ${stateWords[job.state]} (JOB-5).` : why}>
        <Fact label="Agent">{[job.agent === 'any' ? 'Any' : job.agent, job.model].filter(Boolean).join(' · ')}</Fact>
        <Fact label="Works in">{repository ? `${repository.url} from ${repository.base_branch}` : 'A folder of its own'}</Fact>
        <Fact label="Mode">{modeWords[job.mode ?? 'edit']}</Fact>
        <Fact label="Tools">{toolsWords[job.tools_policy ?? 'require_permission']}</Fact>
      </Section>
    );
  }
  return (
    <Section title="Agent">
      <CommitInput
        label="Agent"
        job={job}
        value={job.agent ?? ''}
        list={['any', ...agents]}
        onCommit={(agent, from) => agent !== '' && void save({ agent }, from)}
      />
      <CommitInput label="Model" job={job} value={job.model ?? ''} onCommit={(model, from) => void save({ model }, from)} />
      {repository && (
        <>
          <CommitInput
            label="Repository"
            job={job}
            mono
            value={repository.url}
            onCommit={(url, from) => void save({ context: { ...repository, url } }, from)}
          />
          <CommitInput
            label="Base branch"
            job={job}
            mono
            value={repository.base_branch}
            onCommit={(base_branch, from) => void save({ context: { ...repository, base_branch } }, from)}
          />
        </>
      )}
      <Field label="Mode">
        {(ids) => (
          <Select {...ids} value={job.mode ?? 'edit'} onChange={(event) => void save({ mode: event.target.value as Mode })}>
            {(['edit', 'plan'] as const).map((mode) => (
              <option key={mode} value={mode}>
                {modeWords[mode]}
              </option>
            ))}
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
            {(['require_permission', 'approve_all'] as const).map((policy) => (
              <option key={policy} value={policy}>
                {toolsWords[policy]}
              </option>
            ))}
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

import { GitMerge, Hourglass } from 'lucide-react';
import { useMemo } from 'react';
import { useJobs } from '@/api/hooks';
import type { Attempt, FailureReason, Job, JobState, Pause, TeamMember, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { agoWords, failureWords, pauseWords, retryAtWords } from '@/shared/lib/words';
import { ProblemNote } from '@/shared/ui/bits';
import { Markdown } from '@/shared/ui/markdown';
import { AgentProperties } from './agent-properties';
import { Dependencies } from './dependencies';
import { EditConflict } from './edit-conflict';
import { JobLinks } from './job-links';
import { Properties } from './properties';
import { TeamSection } from './team-section';
import { useJobEdit } from './use-job-edit';
import { WordsSection } from './words-section';

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
  const ended = terminal.includes(job.state);
  const mayEdit = rights.edit && !ended;
  const why = ended
    ? 'A job that is done or canceled keeps its details (JOB-3). Duplicate it to go on.'
    : rights.edit
      ? undefined
      : whoMay.edit;
  return (
    <div className="flex flex-col gap-5 p-4">
      {edit.conflict && <EditConflict key={edit.conflict.fields.join()} workspace={workspace} edit={edit} conflict={edit.conflict} />}
      {edit.problem !== undefined && <ProblemNote title="Not saved" error={edit.problem} />}
      {job.merge_problem && (
        <div role="alert" className="flex items-start gap-2 rounded-xl border border-failed/30 bg-failed-soft px-3 py-2 text-sm">
          <GitMerge className="mt-0.5 size-4 shrink-0 text-failed" aria-hidden />
          <p className="wrap-break-word whitespace-pre-wrap">
            <span className="font-medium">The branch could not be merged.</span> {job.merge_problem}
          </p>
        </div>
      )}
      {job.pause && <PauseNote pause={job.pause} />}
      {job.state === 'failed' && job.attempt?.failure && <FailureNote failure={job.attempt.failure} attempt={job.attempt} />}
      {job.state !== 'failed' && job.attempt?.summary && (
        <section>
          <h3 className="mb-1 font-semibold text-ink-3 text-xs">Summary of attempt {job.attempt.number}</h3>
          <Markdown text={job.attempt.summary} className="rounded-xl border bg-surface px-3 py-2" />
        </section>
      )}
      <WordsSection job={job} mayEdit={mayEdit} edit={edit} />
      <Properties workspace={workspace} job={job} jobs={all} mayEdit={mayEdit} why={why} save={edit.save} />
      {job.kind === 'agentic' && <AgentProperties workspace={workspace} job={job} mayEdit={mayEdit} why={why} save={edit.save} />}
      <Dependencies workspace={workspace} job={job} rights={rights} save={edit.save} />
      <TeamSection workspace={workspace} job={job} rights={rights} team={team} save={edit.save} />
      <Origin job={job} jobs={all} workspace={workspace} />
    </div>
  );
}

/** Why the agent does nothing at the moment, and what one may do. */
function PauseNote({ pause }: { pause: Pause }) {
  const { long } = pauseWords(pause, useNow());
  return (
    <div className="flex items-start gap-2 rounded-xl border bg-surface px-3 py-2 text-sm">
      <Hourglass className="mt-0.5 size-4 shrink-0 text-ink-3" aria-hidden />
      <p>{long}</p>
    </div>
  );
}

function FailureNote({ failure, attempt }: { failure: FailureReason; attempt: Attempt }) {
  const title = [failureWords[failure], retryAtWords(attempt.retry_at, useNow())].filter(Boolean).join(' ');
  return <ProblemNote title={title} error={new Error(attempt.summary ?? 'The log says more.')} />;
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

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useJobs } from '@/api/hooks';
import { keys } from '@/api/keys';
import { ApiProblem } from '@/api/problem';
import { type RunnerAttempt, type RunnerDetail, runnerPage, type Serves } from '@/api/runners';
import type { RunnerView, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords, durationWords, failureWords, obstacleWords, outcomeWords } from '@/shared/lib/words';
import { AgentLimits } from '@/shared/ui/agent-limits';
import { Chip, Empty, Loading, ProblemNote, StateIcon } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Section } from '@/shared/ui/section';
import { notTaken, worksOn } from './listed';
import { RunnerActions } from './runner-actions';
import { agentsWords, RunnerStatusMark, seenWords } from './status';

/** Jobs shown of a list; the rest is counted. */
const MOST = 8;

/** One runner beside the list: where it serves, what it does and did, and why it does not take what waits. The whole screen on a phone. */
export function RunnerBeside({
  workspace,
  id,
  live,
  me,
  onClose,
}: {
  workspace: Workspace;
  id: string;
  /** As the feed tells of it. */
  live: RunnerView | undefined;
  me: string | undefined;
  onClose: () => void;
}) {
  const moved = live ? `${live.status} ${live.running} ${live.lifetime_jobs} ${live.shared}` : '';
  const detail = useQuery({
    queryKey: keys.runner(workspace.id, id, moved),
    queryFn: () => runnerPage(workspace.id, id),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const panel = useRef<HTMLElement>(null);
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    panel.current?.focus({ preventScroll: true });
    return () =>
      queueMicrotask(() => {
        if (document.activeElement === document.body && before instanceof HTMLElement) {
          before.focus({ preventScroll: true });
        }
      });
  }, [before]);
  const runner = live ?? detail.data?.runner;
  const gone = detail.error instanceof ApiProblem && detail.error.status === 404;
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={runner ? `Runner ${runner.name}` : 'Runner'}
      className="z-30 flex flex-col overflow-y-auto border-l bg-bg outline-none max-md:fixed max-md:inset-0 md:absolute md:inset-y-0 md:right-0 md:w-[max(25rem,min(34rem,42%))] md:shadow-pop"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <header className="sticky top-0 z-10 flex items-center gap-2 border-b bg-bg px-4 py-2.5">
        <h2 className="min-w-0 flex-1 truncate font-semibold text-base">{runner?.name ?? 'Runner'}</h2>
        {runner && <RunnerStatusMark runner={runner} />}
        {runner && (
          <RunnerActions workspace={workspace} runner={runner} mine={runner.owner.id === me} onChanged={() => void detail.refetch()} />
        )}
        <IconButton label="Close" small onClick={onClose}>
          <X className="size-4" aria-hidden />
        </IconButton>
      </header>
      {gone ? (
        <Empty title="There is no such runner here" action={<Button onClick={onClose}>Back to the runners</Button>}>
          It was removed, or it does not serve this workspace.
        </Empty>
      ) : (
        <div className="flex flex-col gap-6 px-4 py-4">
          {runner && <Facts runner={runner} mine={runner.owner.id === me} />}
          {runner && <Now workspace={workspace} runner={runner} />}
          {runner && <NotTaken workspace={workspace} runner={runner} />}
          {detail.isPending && <Loading />}
          {detail.isError && <ProblemNote error={detail.error} onRetry={() => void detail.refetch()} />}
          {detail.data && <Rest workspace={workspace} detail={detail.data} />}
        </div>
      )}
    </aside>
  );
}

const Fact = ({ term, children }: { term: string; children: ReactNode }) => (
  <>
    <dt className="text-ink-3">{term}</dt>
    <dd className="wrap-anywhere min-w-0">{children}</dd>
  </>
);

function Facts({ runner, mine }: { runner: RunnerView; mine: boolean }) {
  const now = useNow();
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 text-sm">
      <Fact term="Owner">{mine ? 'you' : runner.owner.name}</Fact>
      <Fact term="Whose jobs">{runner.shared ? 'also those of others' : mine ? 'your own alone' : 'its owner’s alone'}</Fact>
      <Fact term="Agents">
        {agentsWords(runner).join(', ') || 'none told'}
        <AgentLimits agents={runner.agents} />
      </Fact>
      <Fact term="Platform">
        {[runner.platform, runner.version && `version ${runner.version}`].filter(Boolean).join(', ') || 'not told'}
      </Fact>
      <Fact term="At once">
        {runner.concurrency === 0 ? 'not told' : runner.concurrency === 1 ? '1 job' : `${runner.concurrency} jobs`}
      </Fact>
      <Fact term="So far">{runner.lifetime_jobs === 1 ? '1 job' : `${runner.lifetime_jobs} jobs`}</Fact>
      <Fact term="Last heard of">{seenWords(runner, now)}</Fact>
    </dl>
  );
}

const none = 'text-ink-3 text-sm';
const list =
  'flex flex-col overflow-hidden rounded-xl border bg-surface text-sm [&>li]:border-b [&>li]:px-3 [&>li]:py-2 [&>li:last-child]:border-0';

function JobLink({ workspace, number, title }: { workspace: Workspace; number: number; title: string }) {
  return (
    <Link to="/w/$slug/jobs/$number" params={{ slug: workspace.slug, number }} className="min-w-0 flex-1 truncate hover:underline">
      #{number} {title}
    </Link>
  );
}

function Now({ workspace, runner }: { workspace: Workspace; runner: RunnerView }) {
  const jobs = worksOn(useJobs(workspace.id) ?? {}, runner.id);
  const elsewhere = runner.running - jobs.length;
  return (
    <Section title="Works on now">
      {jobs.length === 0 && elsewhere <= 0 && <p className={none}>Nothing.</p>}
      {jobs.length > 0 && (
        <ul className={list}>
          {jobs.map((job) => (
            <li key={job.id} className="flex items-center gap-2">
              <StateIcon state={job.state} />
              <JobLink workspace={workspace} number={job.number} title={job.title} />
            </li>
          ))}
        </ul>
      )}
      {elsewhere > 0 && (
        <p className="mt-1.5 text-ink-3 text-xs">
          {jobs.length > 0 ? 'And on ' : 'On '}
          {elsewhere === 1 ? '1 job' : `${elsewhere} jobs`} of other workspaces, or that you may not see.
        </p>
      )}
    </Section>
  );
}

function NotTaken({ workspace, runner }: { workspace: Workspace; runner: RunnerView }) {
  const waiting = notTaken(useJobs(workspace.id) ?? {}, runner.id);
  if (waiting.length === 0) {
    return null;
  }
  return (
    <Section title="Why it does not take what waits" lead="Ready jobs that no runner has taken, with what keeps this one from them.">
      <ul className={list}>
        {waiting.slice(0, MOST).map(({ job, why }) => (
          <li key={job.id}>
            <span className="flex">
              <JobLink workspace={workspace} number={job.number} title={job.title} />
            </span>
            <span className="text-ink-2 text-xs">
              {runner.name} {obstacleWords[why]}.
            </span>
          </li>
        ))}
      </ul>
      {waiting.length > MOST && <p className="mt-1.5 text-ink-3 text-xs">And {waiting.length - MOST} more.</p>}
    </Section>
  );
}

function Rest({ workspace, detail }: { workspace: Workspace; detail: RunnerDetail }) {
  return (
    <>
      <Section title="Serves" lead="Workspaces that you are in too.">
        <p className="flex flex-wrap gap-1.5">
          {detail.workspaces.map((served) => (
            <Chip key={served.id} className="text-xs leading-6">
              <Link to="/w/$slug/runners" params={{ slug: served.slug }} className="hover:underline">
                {served.name}
              </Link>
              {served.disabled && <span className="text-failed">disabled</span>}
            </Chip>
          ))}
        </p>
        {detail.serves && <Limits serves={detail.serves} />}
      </Section>
      <Section title="Lately" lead="In this workspace.">
        {detail.recent.length === 0 ? (
          <p className={none}>It took no job yet.</p>
        ) : (
          <ul className={list}>
            {detail.recent.map((attempt) => (
              <Attempt key={attempt.attempt} workspace={workspace} attempt={attempt} />
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}

/** What the configuration on the machine keeps out, told to its owner (RUN-9). */
function Limits({ serves }: { serves: Serves }) {
  const limits: [string, readonly string[] | undefined][] = [
    ['Workspaces', serves.workspaces],
    ['People', serves.people],
    ['Repositories', serves.repositories],
  ];
  const set = limits.filter((limit): limit is [string, readonly string[]] => (limit[1]?.length ?? 0) > 0);
  if (set.length === 0) {
    return <p className="mt-2 text-ink-3 text-xs">The configuration on its machine keeps nobody out.</p>;
  }
  return (
    <div className="mt-2 text-xs">
      <p className="text-ink-3">The configuration on its machine lets in only these. Nobody but you is shown this.</p>
      <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        {set.map(([term, words]) => (
          <Fact key={term} term={term}>
            {words.join(', ')}
          </Fact>
        ))}
      </dl>
    </div>
  );
}

function Attempt({ workspace, attempt }: { workspace: Workspace; attempt: RunnerAttempt }) {
  const now = useNow();
  const ended = attempt.ended_at ?? undefined;
  const took = ended ? durationWords(Date.parse(ended) - Date.parse(attempt.started_at)) : undefined;
  return (
    <li>
      <span className="flex">
        <JobLink workspace={workspace} number={attempt.number} title={attempt.title} />
      </span>
      <span className="text-ink-2 text-xs">
        {[
          attempt.outcome ? outcomeWords[attempt.outcome] : 'Under way',
          attempt.failure && failureWords[attempt.failure],
          attempt.attempt_number > 1 && `attempt ${attempt.attempt_number}`,
          attempt.agent,
          took,
          agoWords(ended ?? attempt.started_at, now),
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </li>
  );
}

import { Link } from '@tanstack/react-router';
import { Hourglass, Lock, RotateCcw, TriangleAlert, Unlink } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import { useJobCommands } from '@/api/commands';
import { useJobs, useKeepJob } from '@/api/hooks';
import type { Hold, Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { rightsOf, whoMay } from '@/shared/lib/rights';
import { type Waits, waitsOf, waitsWords, whyNotRemove } from '@/shared/lib/waits';
import { holdWords, obstacleWords, stateWords } from '@/shared/lib/words';
import { ProblemNote, StateIcon } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { toastProblem } from '@/shared/ui/toast';

/** What holds the job: other jobs, or what the server says of a Ready one. */
export function useHeld(job: Job): { waits?: Waits; hold?: Hold } | undefined {
  const jobs = useJobs(job.workspace);
  const waits = waitsOf(job, jobs ?? {});
  if (waits) {
    return { waits };
  }
  return job.state === 'ready' && job.hold ? { hold: job.hold } : undefined;
}

/** Why a job does not go on, and what would lift it, to be done right here (JOB-9, DEP-4). */
export function HoldNote({ workspace, job, held }: { workspace: Workspace; job: Job; held: { waits?: Waits; hold?: Hold } }) {
  if (held.waits) {
    return <WaitsNote workspace={workspace} job={job} waits={held.waits} />;
  }
  return held.hold ? <ReasonNote workspace={workspace} job={job} hold={held.hold} /> : null;
}

const note = 'flex items-start gap-2.5 rounded-xl border px-3 py-2 text-sm';

function WaitsNote({ workspace, job, waits }: { workspace: Workspace; job: Job; waits: Waits }) {
  const { command } = useJobCommands(workspace.id);
  const keep = useKeepJob(workspace.id);
  const [busy, setBusy] = useState<string>();
  const [problem, setProblem] = useState<{ title: string; error: unknown }>();
  const words = waitsWords(job, waits);
  const stuck = waits.stuck.length > 0;
  const run = async (key: string, title: string, act: () => Promise<unknown>) => {
    setBusy(key);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem({ title, error });
    } finally {
      setBusy(undefined);
    }
  };
  const Icon = stuck ? TriangleAlert : Hourglass;
  const notRemove = whyNotRemove(job);
  const nothingOffered = stuck && notRemove !== undefined && !waits.stuck.some((other) => other.state === 'failed' && rightsOf(other).work);
  return (
    <section aria-label="What it waits for" className={cx(note, stuck ? 'border-failed/30 bg-failed-soft' : 'bg-ready-soft')}>
      <Icon className={cx('mt-0.5 size-4 shrink-0', stuck ? 'text-failed' : 'text-ready')} aria-hidden />
      <div className="wrap-break-word flex min-w-0 flex-1 flex-col gap-1.5">
        <div>
          <p className="font-medium">{words.long}</p>
          <p className="text-ink-2">{words.lift}</p>
        </div>
        <ul className="flex flex-col gap-1">
          {[...waits.stuck, ...waits.open].map((other) => (
            <li key={other.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <StateIcon state={other.state} />
              <Link
                to="/w/$slug/jobs/$number"
                params={{ slug: workspace.slug, number: other.number }}
                className="min-w-0 flex-1 basis-40 truncate hover:underline"
              >
                #{other.number} {other.title}
              </Link>
              <span className="text-ink-2 text-xs">{stateWords[other.state]}</span>
              {other.state === 'failed' && rightsOf(other).work && (
                <Button
                  small
                  icon={<RotateCcw className="size-3.5" aria-hidden />}
                  busy={busy === `retry ${other.id}`}
                  onClick={() => void run(`retry ${other.id}`, `#${other.number} was not retried`, () => command(other, 'retry'))}
                >
                  Retry #{other.number}
                </Button>
              )}
              {notRemove === undefined && (
                <Button
                  small
                  aria-label={`Remove dependency on #${other.number}`}
                  icon={<Unlink className="size-3.5" aria-hidden />}
                  busy={busy === `remove ${other.id}`}
                  onClick={() =>
                    void run(`remove ${other.id}`, 'The dependency was not removed', () =>
                      api.removeDependency(job.id, other.id).then(keep),
                    )
                  }
                >
                  Remove dependency
                </Button>
              )}
            </li>
          ))}
          {waits.hidden && (
            <li className="flex items-center gap-2 text-ink-2">
              <Lock className="size-4 shrink-0 text-ink-3" aria-hidden />A private job. Those who see it can tell more.
            </li>
          )}
        </ul>
        {nothingOffered && <p className="text-ink-2 text-xs">{whoMay.edit}</p>}
        {problem && <ProblemNote title={problem.title} error={problem.error} />}
      </div>
    </section>
  );
}

function ReasonNote({ workspace, job, hold }: { workspace: Workspace; job: Job; hold: Hold }) {
  const words = holdWords(hold, useNow());
  const runners = hold.reason === 'no_runner' || hold.reason === 'runners_busy' ? (hold.runners ?? []) : [];
  return (
    <div className={cx(note, 'bg-ready-soft')}>
      <Hourglass className="mt-0.5 size-4 shrink-0 text-ready" aria-hidden />
      <div className="wrap-break-word min-w-0">
        <p className="font-medium">{words.long}</p>
        {runners.length > (hold.reason === 'no_runner' ? 1 : 0) && (
          <ul className="my-1 text-ink-2">
            {runners.map((runner) => (
              <li key={runner.runner}>
                <Link
                  to="/w/$slug/runners"
                  params={{ slug: workspace.slug }}
                  search={{ whose: 'all', runner: runner.runner }}
                  className="font-medium hover:underline"
                >
                  {runner.name}
                </Link>{' '}
                {obstacleWords[runner.why]}
              </li>
            ))}
          </ul>
        )}
        <p className="text-ink-2">{words.lift}</p>
        {hold.reason === 'uploads_pending' && rightsOf(job).edit && (
          <Button
            small
            className="mt-1.5"
            onClick={() =>
              void api.forgetAnnounced(job.id).catch((error: unknown) => toastProblem('The job still waits for its attachments', error))
            }
          >
            Go on without them
          </Button>
        )}
      </div>
    </div>
  );
}

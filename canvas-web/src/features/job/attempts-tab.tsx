import { Columns2, GitBranch, GitCommitHorizontal } from 'lucide-react';
import { useState } from 'react';
import type { Attempt, Job } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords, durationWords, failureWords, outcomeWords, retryAtWords, sandboxWords, usageWords } from '@/shared/lib/words';
import { Avatar } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Markdown } from '@/shared/ui/markdown';
import { AttemptCompare } from './attempt-compare';
import type { JobTab } from './job-panel';

type OnShow = (next: { tab?: JobTab; attempt?: number; line?: number }) => void;

export function AttemptPicker({
  attempt,
  attempts,
  onPick,
}: {
  attempt: Attempt;
  attempts: readonly Attempt[];
  onPick: (number: number) => void;
}) {
  return (
    <label className="flex items-center gap-2 border-b bg-surface px-3 py-1 text-ink-2 text-xs">
      Attempt
      <select
        className="rounded border border-line-strong bg-surface px-1 py-0.5 text-ink"
        value={attempt.number}
        onChange={(event) => onPick(Number(event.target.value))}
      >
        {[...attempts].reverse().map((each) => (
          <option key={each.id} value={each.number}>
            {each.number} · {each.outcome ? outcomeWords[each.outcome] : 'Open'}
          </option>
        ))}
      </select>
      {attempt !== attempts[attempts.length - 1] && <span className="text-progress">This is an earlier attempt.</span>}
    </label>
  );
}

const outcomeLooks: Record<NonNullable<Attempt['outcome']>, string> = {
  completed: 'text-done',
  approved: 'text-done',
  changes_requested: 'text-review',
  failed: 'text-failed',
  canceled: 'text-neutral',
  lost: 'text-failed',
};

export function AttemptsTab({ job, attempts, onShow }: { job: Job; attempts: readonly Attempt[]; onShow: OnShow }) {
  const [comparing, setComparing] = useState(false);
  return (
    <>
      {attempts.length > 1 && (
        <div className="flex justify-end px-4 pt-3">
          <Button small icon={<Columns2 className="size-3.5" aria-hidden />} onClick={() => setComparing(true)}>
            Side by side
          </Button>
        </div>
      )}
      {comparing && (
        <AttemptCompare
          job={job}
          attempts={attempts}
          onClose={() => setComparing(false)}
          onChanges={(attempt) => {
            setComparing(false);
            onShow({ tab: 'changes', attempt });
          }}
        />
      )}
      <ol className="flex flex-col gap-3 p-4">
        {[...attempts].reverse().map((attempt) => (
          <AttemptCard key={attempt.id} attempt={attempt} onShow={onShow} />
        ))}
      </ol>
    </>
  );
}

function AttemptCard({ attempt, onShow }: { attempt: Attempt; onShow: OnShow }) {
  const now = useNow();
  const took = (attempt.ended_at ? Date.parse(attempt.ended_at) : now) - Date.parse(attempt.started_at);
  const by = attempt.person?.name ?? [attempt.agent, attempt.model].filter(Boolean).join(' · ');
  return (
    <li className="rounded-xl border bg-surface px-3.5 py-3">
      <div className="flex flex-wrap items-center gap-x-2 text-sm">
        <span className="font-semibold">Attempt {attempt.number}</span>
        <span className={attempt.outcome ? `font-medium ${outcomeLooks[attempt.outcome]}` : 'font-medium text-progress'}>
          {attempt.outcome ? outcomeWords[attempt.outcome] : 'Open'}
        </span>
        <span className="flex-1" />
        <span className="text-ink-3 text-xs">
          {agoWords(attempt.started_at, now)} · took {durationWords(Math.max(0, took))}
        </span>
      </div>
      <p className="text-ink-3 text-xs">
        {[by, attempt.runner_name && `on ${attempt.runner_name}`, sandboxWords(attempt.sandboxed), usageWords(attempt.usage)]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {attempt.failure && (
        <p className="mt-1.5 text-failed text-sm">
          {failureWords[attempt.failure]} {retryAtWords(attempt.retry_at, now)}
        </p>
      )}
      {attempt.summary && <Markdown text={attempt.summary} className="mt-1.5 text-sm" />}
      {attempt.branch && (
        <div className="mt-2 text-ink-2 text-xs">
          <p className="flex flex-wrap items-center gap-1.5">
            <GitBranch className="size-3.5" aria-hidden />
            <span className="break-all font-mono">{attempt.branch.name}</span>
            {attempt.branch.pushed ? '' : ' · nothing to push'} · {attempt.branch.files_changed}{' '}
            {attempt.branch.files_changed === 1 ? 'file' : 'files'} <span className="text-done">+{attempt.branch.insertions}</span>{' '}
            <span className="text-failed">−{attempt.branch.deletions}</span>
          </p>
          <ul>
            {attempt.branch.commits.slice(-6).map((commit) => (
              <li key={commit.id} className="flex items-center gap-1.5">
                <GitCommitHorizontal className="size-3.5 text-ink-3" aria-hidden />
                <span className="font-mono text-ink-3">{commit.id.slice(0, 7)}</span>
                <span className="truncate">{commit.subject}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {attempt.review && (
        <div className="mt-2 border-line border-l-2 pl-3 text-sm">
          <p className="flex items-center gap-1.5">
            <Avatar name={attempt.review.by.name} />
            <span className="font-medium">{attempt.review.by.name}</span>
            <span className="text-ink-3">
              {attempt.review.approved ? 'approved' : 'asked for changes'} · {agoWords(attempt.review.at, now)}
            </span>
          </p>
          {attempt.review.body && <Markdown text={attempt.review.body} className="mt-1" />}
          {attempt.review.comments.length > 0 && (
            <p className="text-ink-3 text-xs">
              {attempt.review.comments.length} {attempt.review.comments.length === 1 ? 'comment' : 'comments'} on lines
            </p>
          )}
        </div>
      )}
      {!attempt.person && (
        <div className="mt-2.5 flex gap-2">
          <Button small onClick={() => onShow({ tab: 'log', attempt: attempt.number })}>
            Log
          </Button>
          {attempt.has_diff && (
            <Button small onClick={() => onShow({ tab: 'changes', attempt: attempt.number })}>
              Changes
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

import { GitMerge, TriangleAlert } from 'lucide-react';
import type { Attempt } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';

/** Most files named before the rest is counted. */
const NAMED = 6;

/** Whether the branch would merge, as it was tried when the attempt ended: known before one approves (REV-2). */
export function MergeNote({ attempt }: { attempt: Attempt }) {
  const now = useNow();
  const check = attempt.branch?.merge_check;
  if (!check) {
    return null;
  }
  const when = attempt.ended_at ? `, as of ${agoWords(attempt.ended_at, now)}` : '';
  const base = (
    <>
      <span className="font-mono">{check.base_branch}</span> at{' '}
      <span className="font-mono" title={check.base_commit}>
        {check.base_commit.slice(0, 7)}
      </span>
      {when}
    </>
  );
  if (check.conflicts.length === 0) {
    return (
      <p className="flex items-start gap-1.5 text-ink-2 text-xs">
        <GitMerge className="mt-px size-3.5 shrink-0 text-done" aria-hidden />
        <span>Merges cleanly with {base}.</span>
      </p>
    );
  }
  const rest = check.conflicts.length - NAMED;
  return (
    <div role="note" className="flex items-start gap-2 rounded-lg border border-progress/50 bg-progress-soft px-3 py-2 text-sm">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-progress" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">In conflict with {base}.</p>
        <ul className="my-0.5 font-mono text-xs">
          {check.conflicts.slice(0, NAMED).map((path) => (
            <li key={path} className="break-all">
              {path}
            </li>
          ))}
        </ul>
        {rest > 0 && <p className="text-ink-2 text-xs">and {rest} more</p>}
        <p className="text-ink-2 text-xs">
          Approving tries the merge once more and changes nothing while they differ. Ask the agent to bring the branch up to date, or merge
          it by hand.
        </p>
      </div>
    </div>
  );
}

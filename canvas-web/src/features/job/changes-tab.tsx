import { useQuery } from '@tanstack/react-query';
import { FileDiff } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { Attempt, Job, LineComment, Workspace } from '@/api/types';
import { LastReview } from '@/features/review/last-review';
import { useLineComments } from '@/features/review/line-comments';
import { ReviewBox } from '@/features/review/review-box';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { usePhone } from '@/shared/lib/use-media';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Segmented } from '@/shared/ui/forms';
import { Markdown } from '@/shared/ui/markdown';
import { AttemptPicker } from './attempts-tab';
import type { JobTab } from './job-panel';

const DiffView = lazy(() => import('@/features/review/diff-view').then((m) => ({ default: m.DiffView })));

interface Props {
  workspace: Workspace;
  job: Job;
  attempt: Attempt | undefined;
  attempts: readonly Attempt[];
  rights: Rights;
  onShow: (next: { tab?: JobTab; attempt?: number; line?: number }) => void;
}

/** What the reviewer looks at: the summary and the diff, whole or since the last review, and the verdict below (REV-1, REV-2). */
export function ChangesTab({ workspace, job, attempt, attempts, rights, onShow }: Props) {
  const phone = usePhone();
  const [view, setView] = useState<'unified' | 'split'>('unified');
  const [range, setRange] = useState<'whole' | 'since'>('whole');
  const earlier = attempt && [...attempts].reverse().find((each) => each.number < attempt.number && each.review);
  const since = range === 'since' && earlier ? 'review' : undefined;
  const latest = attempt !== undefined && attempt.id === attempts[attempts.length - 1]?.id;
  const reviewing = latest && rights.work && (job.state === 'awaiting_review' || job.state === 'done');
  const comments = useLineComments(attempt?.id ?? job.id);
  const userReview = attempt === undefined && job.state === 'awaiting_review' && rights.work;

  return (
    <>
      {attempt && attempts.length > 1 && (
        <AttemptPicker attempt={attempt} attempts={attempts} onPick={(number) => onShow({ tab: 'changes', attempt: number })} />
      )}
      <div className="min-h-0 flex-1 overflow-y-auto">
        {attempt?.summary && (
          <div className="px-4 pt-3">
            <Markdown text={attempt.summary} className="rounded-xl border bg-surface px-3 py-2 text-sm" />
          </div>
        )}
        {earlier && !earlier.review?.approved && <LastReview attempt={earlier} />}
        {attempt?.has_diff ? (
          <>
            <div className="sticky top-0 z-10 flex flex-wrap items-center gap-2 bg-bg px-4 py-2">
              {attempt.branch && (
                <span className="text-ink-2 text-xs">
                  {attempt.branch.files_changed} {attempt.branch.files_changed === 1 ? 'file' : 'files'}{' '}
                  <span className="text-done">+{attempt.branch.insertions}</span>{' '}
                  <span className="text-failed">−{attempt.branch.deletions}</span>
                </span>
              )}
              <span className="flex-1" />
              {earlier && (
                <Segmented
                  small
                  label="Which changes"
                  value={range}
                  onChange={setRange}
                  options={[
                    { value: 'whole', label: 'Whole' },
                    { value: 'since', label: 'Since last review' },
                  ]}
                />
              )}
              {!phone && (
                <Segmented
                  small
                  label="Layout of the diff"
                  value={view}
                  onChange={setView}
                  options={[
                    { value: 'unified', label: 'Unified' },
                    { value: 'split', label: 'Split' },
                  ]}
                />
              )}
            </div>
            <DiffOf
              attempt={attempt}
              since={since}
              split={view === 'split' && !phone}
              comments={comments.list}
              earlier={attempt.review?.comments ?? []}
              onComment={reviewing ? comments.put : undefined}
              newSideOnly={since !== undefined}
              onRemove={comments.remove}
            />
          </>
        ) : (
          <Empty icon={<FileDiff />} title={attempt && !attempt.ended_at ? 'No changes to show yet' : 'No changes to show'}>
            {attempt && !attempt.ended_at
              ? 'The diff of the branch appears here when the attempt hands in its work.'
              : job.context?.type === 'repository'
                ? 'This attempt changed nothing in the repository.'
                : 'There is no repository to compare. Look at the files, the notes and the log.'}
          </Empty>
        )}
      </div>
      {latest && !rights.work && job.state === 'awaiting_review' && (
        <p className="border-t bg-surface px-4 py-2.5 text-ink-3 text-xs">{whoMay.work}</p>
      )}
      {(reviewing || userReview) && (
        <ReviewBox key={attempt?.id ?? job.id} workspace={workspace} job={job} comments={comments.list} onDone={comments.clear} />
      )}
    </>
  );
}

interface DiffOfProps {
  attempt: Attempt;
  since: 'review' | undefined;
  split: boolean;
  comments: readonly LineComment[];
  earlier: readonly LineComment[];
  onComment: ((comment: LineComment) => void) | undefined;
  newSideOnly: boolean;
  onRemove: (comment: LineComment) => void;
}

function DiffOf({ attempt, since, ...rest }: DiffOfProps) {
  const diff = useQuery({ queryKey: keys.diff(attempt.id, since), queryFn: () => api.diff(attempt.id, since), staleTime: 300_000 });
  if (diff.isPending) {
    return <Loading label="Loading the diff" />;
  }
  if (diff.isError) {
    return <ProblemNote className="mx-4" title="The diff could not be loaded" error={diff.error} onRetry={() => void diff.refetch()} />;
  }
  return (
    <Suspense fallback={<Loading label="Loading the diff" />}>
      <DiffView key={`${attempt.id}:${since}`} attempt={attempt.id} patch={diff.data} {...rest} />
    </Suspense>
  );
}

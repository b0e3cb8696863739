import { skipToken, useQuery } from '@tanstack/react-query';
import { Hourglass, TriangleAlert } from 'lucide-react';
import { useCallback } from 'react';
import { keys } from '@/api/keys';
import type { Job } from '@/api/types';
import type { ById } from '@/live/feed';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { waitsOf, waitsWords } from '@/shared/lib/waits';
import { holdWords } from '@/shared/lib/words';

/** Whether a card has something to say about why the job does not go on. */
export const mayBeHeld = (job: Job): boolean =>
  (job.state === 'ready' && job.hold != null) || ((job.state === 'backlog' || job.state === 'ready') && job.dependencies.length > 0);

/** Why a job on a card does not go on, in a few words (DEP-4, JOB-9). Nothing when nothing holds it. */
export function HoldLine({ job }: { job: Job }) {
  const now = useNow();
  // Words, not the list: a card is drawn again when what it says changes, not with each change of any job.
  const select = useCallback(
    (jobs: ById<Job>) => {
      const waits = waitsOf(job, jobs);
      return waits ? `${waits.stuck.length > 0 ? '!' : ' '}${waitsWords(job, waits).short}` : '';
    },
    [job],
  );
  const { data } = useQuery({ queryKey: keys.jobs(job.workspace), queryFn: skipToken, staleTime: Number.POSITIVE_INFINITY, select });
  const stuck = data?.startsWith('!');
  const words = data ? data.slice(1) : job.hold && job.state === 'ready' ? holdWords(job.hold, now).short : '';
  if (words === '') {
    return null;
  }
  const Icon = stuck ? TriangleAlert : Hourglass;
  return (
    <p className={cx('mt-1 flex items-center gap-1.5 text-xs', stuck ? 'font-medium text-failed' : 'text-ink-2')}>
      <Icon className={cx('size-3.5 shrink-0', !stuck && 'text-ink-3')} aria-hidden />
      <span className="line-clamp-2">{words}</span>
    </p>
  );
}

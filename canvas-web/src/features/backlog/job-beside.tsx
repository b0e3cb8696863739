import { useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useJobs } from '@/api/hooks';
import type { Workspace } from '@/api/types';
import { JobPanel, type JobTab } from '@/features/job/job-panel';
import { cx } from '@/shared/lib/cx';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { Empty, Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';

/** A job beside the Backlog, by its number in the address; the whole screen on a phone. */
export function JobBeside({ workspace, number }: { workspace: Workspace; number: number }) {
  const { slug } = useParams({ from: '/w/$slug/backlog' });
  const { tab, attempt } = useSearch({ from: '/w/$slug/backlog' });
  const hash = useLocation({ select: (location) => location.hash });
  const jobs = useJobs(workspace.id);
  const job = useMemo(() => Object.values(jobs ?? {}).find((each) => each.number === number), [jobs, number]);
  const navigate = useNavigate();
  const [wide, setWide] = useState(false);
  const show = (next: { job?: number; tab?: JobTab; attempt?: number; line?: number }) =>
    void navigate({
      to: '/w/$slug/backlog',
      params: { slug },
      search: (before) => ({
        ...before,
        job: 'job' in next ? next.job : number,
        tab: 'tab' in next ? next.tab : tab,
        attempt: 'attempt' in next ? next.attempt : attempt,
      }),
      hash: next.line === undefined ? '' : String(next.line),
      replace: true,
    });
  const close = () => show({ job: undefined, tab: undefined, attempt: undefined });
  useShortcuts({ escape: close, f: () => setWide(!wide) });
  useGivesBack();
  return (
    <aside
      aria-label={`Job #${number}`}
      className={cx(
        'z-30 flex flex-col border-l bg-bg max-md:fixed max-md:inset-0 md:absolute md:inset-y-0 md:right-0 md:shadow-pop',
        wide ? 'md:w-full' : 'md:w-[max(28rem,min(46rem,52%))]',
      )}
    >
      {job ? (
        <JobPanel
          key={job.id}
          workspace={workspace}
          job={job}
          tab={tab}
          attemptNumber={attempt}
          line={/^\d+$/.test(hash) ? Number(hash) : undefined}
          beside="Backlog"
          wide={wide}
          onWide={() => setWide(!wide)}
          onClose={close}
          onShow={show}
        />
      ) : jobs === undefined ? (
        <Loading />
      ) : (
        <Empty title={`There is no job #${number}`} action={<Button onClick={close}>Back to the Backlog</Button>}>
          It was deleted, or it is not yours to see.
        </Empty>
      )}
    </aside>
  );
}

/** Whoever closes it with the keyboard is again in the row it was opened from. */
function useGivesBack() {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () =>
      queueMicrotask(() => {
        if (document.activeElement === document.body) {
          const row = before instanceof HTMLElement && before.isConnected ? before.closest<HTMLElement>('[data-row]') : null;
          (row ?? document.querySelector<HTMLElement>('[data-row][tabindex="0"]'))?.focus({ preventScroll: true });
        }
      }),
    [before],
  );
}

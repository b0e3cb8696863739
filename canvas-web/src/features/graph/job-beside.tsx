import { useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useJobs } from '@/api/hooks';
import type { Workspace } from '@/api/types';
import { JobPanel, type JobTab } from '@/features/job/job-panel';
import { cx } from '@/shared/lib/cx';
import { Empty, Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';

/** A job beside the graph, by its number in the address; the whole screen on a phone. */
export function JobBeside({ workspace, number }: { workspace: Workspace; number: number }) {
  const { slug } = useParams({ from: '/w/$slug' });
  const { tab, attempt } = useSearch({ from: '/w/$slug/graph' });
  const hash = useLocation({ select: (location) => location.hash });
  const jobs = useJobs(workspace.id);
  const job = useMemo(() => Object.values(jobs ?? {}).find((each) => each.number === number), [jobs, number]);
  const navigate = useNavigate({ from: '/w/$slug/graph' });
  const [wide, setWide] = useState(false);
  const show = (next: { job?: number; tab?: JobTab; attempt?: number; line?: number }) =>
    void navigate({
      to: '/w/$slug/graph',
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
  useGivesBack();
  return (
    <aside
      aria-label={`Job #${number}`}
      className={cx(
        'z-30 flex flex-col border-l bg-bg max-md:fixed max-md:inset-0 md:absolute md:inset-y-0 md:right-0 md:shadow-pop',
        wide ? 'md:w-full' : 'md:w-[max(26rem,min(40rem,46%))]',
      )}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.stopPropagation();
          close();
        }
      }}
    >
      {job ? (
        <JobPanel
          key={job.id}
          workspace={workspace}
          job={job}
          tab={tab}
          attemptNumber={attempt}
          line={/^\d+$/.test(hash) ? Number(hash) : undefined}
          beside="graph"
          wide={wide}
          onWide={() => setWide(!wide)}
          onClose={close}
          onShow={show}
        />
      ) : jobs === undefined ? (
        <Loading />
      ) : (
        <Empty title={`There is no job #${number}`} action={<Button onClick={close}>Back to the graph</Button>}>
          It was deleted, or it is not yours to see.
        </Empty>
      )}
    </aside>
  );
}

/** Whoever closes it with the keyboard is again where it was opened from. */
function useGivesBack() {
  // Asked while rendering: the panel takes the keyboard as soon as it stands.
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    return () =>
      // After the panel with the keyboard in it is out of the page.
      queueMicrotask(() => {
        if (document.activeElement === document.body && before instanceof HTMLElement) {
          before.focus({ preventScroll: true });
        }
      });
  }, [before]);
}

import { useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useJobs, useWorkspace } from '@/api/hooks';
import { cx } from '@/shared/lib/cx';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { Empty, Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { JobPanel, type JobTab } from './job-panel';

/** A job beside the Board, or the whole screen on a phone. */
export function JobRoute() {
  const { slug, number } = useParams({ from: '/w/$slug/board/jobs/$number' });
  const { tab, attempt } = useSearch({ from: '/w/$slug/board/jobs/$number' });
  const hash = useLocation({ select: (location) => location.hash });
  const workspace = useWorkspace(slug);
  const jobs = useJobs(workspace?.id ?? '');
  const job = useMemo(() => Object.values(jobs ?? {}).find((each) => each.number === number), [jobs, number]);
  const navigate = useNavigate();
  const [wide, setWide] = useState(false);
  const close = () =>
    void navigate({
      to: '/w/$slug',
      params: { slug },
      search: ({ tab: _tab, attempt: _attempt, ...filter }: Record<string, unknown>) => filter,
    });
  useShortcuts({ escape: close, f: () => setWide(!wide) });
  const line = /^\d+$/.test(hash) ? Number(hash) : undefined;

  return (
    <aside
      aria-label={`Job #${number}`}
      className={cx(
        'z-20 flex flex-col border-l bg-bg max-md:fixed max-md:inset-0 md:absolute md:inset-y-0 md:right-0 md:shadow-pop',
        wide ? 'md:w-full' : 'md:w-[max(30rem,min(54rem,62%))]',
      )}
    >
      {workspace && job ? (
        <JobPanel
          key={job.id}
          workspace={workspace}
          job={job}
          tab={tab}
          attemptNumber={attempt}
          line={line}
          beside="Board"
          wide={wide}
          onWide={() => setWide(!wide)}
          onClose={close}
          onShow={(next: { tab?: JobTab; attempt?: number; line?: number }) =>
            void navigate({
              to: '/w/$slug/jobs/$number',
              params: { slug, number },
              search: (before) => ({ ...before, tab: 'tab' in next ? next.tab : tab, attempt: 'attempt' in next ? next.attempt : attempt }),
              hash: next.line === undefined ? '' : String(next.line),
              replace: true,
            })
          }
        />
      ) : jobs === undefined ? (
        <Loading />
      ) : (
        <Empty title={`There is no job #${number}`} action={<Button onClick={close}>Back to the Board</Button>}>
          It was deleted, or it is not yours to see.
        </Empty>
      )}
    </aside>
  );
}

import { useLocation, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useJobs } from '@/api/hooks';
import type { Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { Empty, Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { JobPanel, type JobTab } from './job-panel';

interface Props {
  workspace: Workspace;
  number: number;
  beside: 'Backlog' | 'canvas' | 'graph';
  /** Its keys work wherever the keyboard is on the page. Without this they are the page's own, and only Escape works, from inside. */
  keys?: boolean;
  /** Who gets the keyboard back when it closes, from who had it before; without this the same one. */
  giveBack?: (before: HTMLElement) => HTMLElement | null;
}

/** A job beside the page, by `job`, `tab` and `attempt` in its address; the whole screen on a phone. */
export function JobBeside({ workspace, number, beside, keys = false, giveBack }: Props) {
  const { tab, attempt }: { tab?: JobTab; attempt?: number } = useSearch({ strict: false });
  const hash = useLocation({ select: (location) => location.hash });
  const jobs = useJobs(workspace.id);
  const job = useMemo(() => Object.values(jobs ?? {}).find((each) => each.number === number), [jobs, number]);
  const navigate = useNavigate();
  const [wide, setWide] = useState(false);
  const show = (next: { job?: number; tab?: JobTab; attempt?: number; line?: number }) =>
    void navigate({
      to: '.',
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
  useShortcuts({ escape: close, f: () => setWide(!wide) }, keys);
  useGivesBack(giveBack);
  return (
    <aside
      aria-label={`Job #${number}`}
      className={cx(
        'z-30 flex flex-col border-l bg-bg max-md:fixed max-md:inset-0 md:absolute md:inset-y-0 md:right-0 md:shadow-pop',
        wide ? 'md:w-full' : 'md:w-[max(27rem,min(42rem,48%))]',
      )}
      onKeyDown={(event) => {
        if (!keys && event.key === 'Escape' && !event.defaultPrevented) {
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
          beside={beside}
          wide={wide}
          onWide={() => setWide(!wide)}
          onClose={close}
          onShow={show}
        />
      ) : jobs === undefined ? (
        <Loading />
      ) : (
        <Empty title={`There is no job #${number}`} action={<Button onClick={close}>Back to the {beside}</Button>}>
          It was deleted, or it is not yours to see.
        </Empty>
      )}
    </aside>
  );
}

/** Whoever closes it with the keyboard is again where it was opened from. */
function useGivesBack(giveBack: (before: HTMLElement) => HTMLElement | null = (before) => before) {
  // Asked while rendering: the panel takes the keyboard as soon as it stands.
  const [before] = useState(() => document.activeElement);
  const [to] = useState(() => giveBack);
  useEffect(() => {
    return () =>
      // After the panel with the keyboard in it is out of the page.
      queueMicrotask(() => {
        if (document.activeElement === document.body && before instanceof HTMLElement) {
          to(before)?.focus({ preventScroll: true });
        }
      });
  }, [before, to]);
}

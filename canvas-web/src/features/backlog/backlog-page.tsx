import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { FolderPlus, ListTree, Plus } from 'lucide-react';
import { useCallback, useEffect, useMemo } from 'react';
import { useWorkspace } from '@/api/hooks';
import type { Job, Workspace } from '@/api/types';
import { JobBeside } from '@/features/job/job-beside';
import { useLiveStatus } from '@/live/connection';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { type SheetGroup, useUi } from '@/shared/lib/ui-store';
import { usePhone } from '@/shared/lib/use-media';
import { Empty, Kbd, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Segmented } from '@/shared/ui/forms';
import { SearchBox } from '@/shared/ui/search-box';
import { BacklogTree } from './backlog-tree';
import { BulkBar, JobMenu } from './bulk-bar';
import { BacklogDialogs } from './dialogs';
import type { JobActs } from './job-row';
import { OutcomeNote } from './outcome-note';
import type { Shows } from './search';
import { type Backlog, useBacklog } from './use-backlog';

const sheet: SheetGroup[] = [
  {
    title: 'Backlog',
    keys: [
      [['↑', '↓'], 'Row above, row below'],
      [['←', '→'], 'Close or open the folder'],
      [['N'], 'Add jobs here'],
      [['Shift', 'N'], 'New folder here'],
      [['F2'], 'Rename the folder'],
      [['X'], 'Select'],
      [['Shift', '↑', '↓'], 'Select a range'],
      [['Ctrl', 'A'], 'Select all'],
      [['R'], 'Make ready'],
      [['M'], 'Move to a folder'],
      [['Alt', '↑', '↓'], 'Move up or down'],
      [['.'], 'More about the row'],
      [['Delete'], 'Delete'],
    ],
  },
];

export function BacklogPage() {
  const { slug } = useParams({ from: '/w/$slug/backlog' });
  const workspace = useWorkspace(slug);
  return workspace ? <BacklogOf key={workspace.id} workspace={workspace} /> : <Loading />;
}

function BacklogOf({ workspace }: { workspace: Workspace }) {
  const search = useSearch({ from: '/w/$slug/backlog' });
  const navigate = useNavigate();
  const { status, retryNow } = useLiveStatus();
  const open = useCallback(
    (job: Job) => void navigate({ to: '.', search: (before) => ({ ...before, job: job.number, tab: undefined, attempt: undefined }) }),
    [navigate],
  );
  const backlog = useBacklog(workspace, search, open);
  const { choice, list } = backlog;
  const { choose, setFocus } = list;
  const jobActs = useMemo<JobActs>(
    () => ({
      focus: setFocus,
      choose,
      menu: (job) => <JobMenu workspace={workspace} jobs={[job]} choice={choice} onOpen={() => open(job)} />,
    }),
    [workspace, choice, choose, setFocus, open],
  );
  usePageKeys(backlog);
  useEffect(() => {
    useUi.setState({ sheet });
    return () => useUi.setState({ sheet: [] });
  }, []);

  let body: React.ReactNode;
  if (backlog.loading) {
    body =
      status.phase === 'failed' ? (
        <ProblemNote className="m-4" title="The Backlog could not be loaded" error={status.error} onRetry={retryNow} />
      ) : (
        <Loading label="Loading the Backlog" />
      );
  } else if (backlog.folderProblem) {
    body = <ProblemNote className="m-4" title="The folders could not be loaded" error={backlog.folderProblem} />;
  } else if (backlog.rows.length === 0) {
    body = <NothingHere backlog={backlog} searching={Boolean(search.q)} />;
  } else {
    body = (
      <BacklogTree
        workspace={workspace}
        rows={backlog.rows}
        focus={list.focus}
        selected={list.selected}
        renaming={backlog.renaming}
        problem={backlog.problem}
        mayEdit={backlog.mayEdit}
        folderActs={backlog.folderActs}
        jobActs={jobActs}
        onKey={backlog.onKey}
        onDrop={backlog.drop}
        onMakeFolder={backlog.makeFolder}
        onDraftEnd={backlog.endDraft}
        onMade={backlog.made}
      />
    );
  }
  return (
    <div className="relative flex h-full flex-col">
      <h1 className="sr-only">Backlog of {workspace.name}</h1>
      <BacklogBar backlog={backlog} q={search.q} show={search.show ?? 'staged'} />
      {body}
      <div className="pointer-events-none absolute inset-x-2 bottom-3 z-20 flex flex-col items-center gap-2">
        {backlog.run && <OutcomeNote run={backlog.run} onClose={backlog.closeRun} />}
        {list.chosen.length > 0 && backlog.mayEdit && (
          <BulkBar workspace={workspace} jobs={list.chosen} choice={choice} busy={backlog.run?.running === true} onClear={list.clear} />
        )}
      </div>
      <p role="status" className="sr-only">
        {backlog.said}
      </p>
      <BacklogDialogs workspace={workspace} backlog={backlog} />
      {search.job !== undefined && <JobBeside workspace={workspace} number={search.job} beside="Backlog" keys giveBack={rowOf} />}
    </div>
  );
}

/** The row it was opened from, or the one the keyboard comes to next. */
function rowOf(before: HTMLElement): HTMLElement | null {
  const row = before.isConnected ? before.closest<HTMLElement>('[data-row]') : null;
  return row ?? document.querySelector<HTMLElement>('[data-row][tabindex="0"]');
}

/** Keys that work wherever the keyboard is on the page; those of the rows are heard by the rows. */
function usePageKeys({ mayEdit, begin, list, rows }: Backlog) {
  const enter = () => {
    const first = list.focus ?? rows[0]?.key;
    if (first) {
      list.setFocus(first);
      document.querySelector<HTMLElement>(`[data-row="${CSS.escape(first)}"]`)?.focus();
    }
  };
  useShortcuts({
    '/': () => document.getElementById('backlog-search')?.focus(),
    n: (event) => mayEdit && begin({ what: event.shiftKey ? 'folder' : 'job', path: '' }),
    j: enter,
    k: enter,
    arrowdown: enter,
    arrowup: enter,
  });
}

const showWords: { value: Shows; label: string; title: string }[] = [
  { value: 'staged', label: 'Staged', title: 'Jobs that are being planned' },
  { value: 'open', label: 'Open', title: 'Everything that is not done or canceled' },
  { value: 'all', label: 'All', title: 'Everything' },
];

function BacklogBar({ backlog, q, show }: { backlog: Backlog; q: string | undefined; show: Shows }) {
  const navigate = useNavigate();
  const phone = usePhone();
  const change = useCallback(
    (part: { q?: string; show?: Shows }) => void navigate({ to: '.', search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 px-3 py-2.5 md:px-4">
      <SearchBox id="backlog-search" label="Search jobs" value={q ?? ''} onChange={(words) => change({ q: words || undefined })} />
      <Segmented
        small
        label="Which jobs"
        value={show}
        options={showWords}
        onChange={(next) => change({ show: next === 'staged' ? undefined : next })}
      />
      <span className="text-ink-3 text-xs tabular-nums max-md:hidden">
        {backlog.shown.length} {backlog.shown.length === 1 ? 'job' : 'jobs'}
      </span>
      <div className="flex-1" />
      {backlog.mayEdit && (
        <>
          <Button
            icon={<FolderPlus className="size-4" aria-hidden />}
            aria-label="New folder"
            onClick={() => backlog.begin({ what: 'folder', path: '' })}
          >
            {phone ? 'Folder' : 'New folder'}
          </Button>
          <Button
            look={phone ? 'plain' : 'primary'}
            icon={<Plus className="size-4" aria-hidden />}
            aria-label="Add jobs"
            onClick={() => backlog.begin({ what: 'job', path: '' })}
          >
            {phone ? 'Add' : 'Add jobs'}
          </Button>
        </>
      )}
    </div>
  );
}

function NothingHere({ backlog, searching }: { backlog: Backlog; searching: boolean }) {
  if (searching) {
    return (
      <Empty icon={<ListTree />} title="Nothing found">
        No job here has these words in its title, description, labels, folder or people.
      </Empty>
    );
  }
  if (!backlog.mayEdit || !backlog.empty) {
    return (
      <Empty icon={<ListTree />} title="Nothing is staged">
        {backlog.empty
          ? 'Jobs appear here as soon as somebody plans one.'
          : 'Every job has left the Backlog. They are on the Board, and here under All.'}
        {backlog.mayEdit && (
          <p className="mt-3">
            <Button look="primary" onClick={() => backlog.begin({ what: 'job', path: '' })}>
              Add a job
            </Button>
          </p>
        )}
      </Empty>
    );
  }
  return (
    <Empty
      icon={<ListTree />}
      title="Plan what is to be done"
      action={
        <div className="flex flex-wrap justify-center gap-2">
          <Button look="primary" icon={<Plus className="size-4" aria-hidden />} onClick={() => backlog.begin({ what: 'job', path: '' })}>
            Add the first job
          </Button>
          <Button icon={<FolderPlus className="size-4" aria-hidden />} onClick={() => backlog.begin({ what: 'folder', path: '' })}>
            New folder
          </Button>
        </div>
      }
    >
      <p>
        The Backlog holds jobs before they begin. Sort them into folders, put them in order, and make them ready when their time has come.
      </p>
      <p className="mt-2 text-ink-3">
        Press <Kbd>N</Kbd> and type one line per job: <span className="whitespace-nowrap">Prune the pear #garden !high @any</span> names a
        label, a priority and an agent.
      </p>
    </Empty>
  );
}

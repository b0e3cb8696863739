import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { List, Search, Workflow, X } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { useJobs, useWorkspace } from '@/api/hooks';
import type { Job, JobState, Workspace } from '@/api/types';
import { useLiveStatus } from '@/live/connection';
import { cx } from '@/shared/lib/cx';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { usePhone } from '@/shared/lib/use-media';
import { boardStates, stateWords } from '@/shared/lib/words';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Segmented, Select } from '@/shared/ui/forms';
import { GraphList } from './graph-list';
import { type GraphSearch, isFiltered, shownJobs } from './model';

const GraphCanvas = lazy(() => import('./graph-canvas').then((m) => ({ default: m.GraphCanvas })));

const JobBeside = lazy(() => import('@/features/job/job-beside').then((m) => ({ default: m.JobBeside })));

export function GraphPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Graph workspace={workspace} /> : <Loading />;
}

function Graph({ workspace }: { workspace: Workspace }) {
  const search = useSearch({ from: '/w/$slug/graph' });
  const navigate = useNavigate({ from: '/w/$slug/graph' });
  const change = (part: GraphSearch) => void navigate({ to: '.', search: (before) => ({ ...before, ...part }), replace: true });
  const all = useJobs(workspace.id);
  const { status, retryNow } = useLiveStatus();
  const phone = usePhone();
  const view = search.as ?? (phone ? 'list' : 'graph');
  // While one types, the picture may follow a moment later.
  const wanted = useDeferredValue(search);
  const jobs = useMemo(() => shownJobs(all ?? {}, wanted), [all, wanted]);
  useShortcuts({ '/': () => document.getElementById('graph-search')?.focus() });

  let body: React.ReactNode;
  if (all === undefined) {
    body =
      status.phase === 'failed' ? (
        <ProblemNote className="m-4" title="The graph could not be loaded" error={status.error} onRetry={retryNow} />
      ) : (
        <Loading label="Loading the graph" />
      );
  } else if (jobs.length === 0) {
    body = <Nothing search={search} onChange={change} mayEdit={workspace.role !== 'viewer'} />;
  } else if (view === 'list') {
    body = <GraphList workspace={workspace} all={all} jobs={jobs} />;
  } else {
    body = (
      <Suspense fallback={<Loading label="Loading the graph" />}>
        <GraphCanvas workspace={workspace} all={all} jobs={jobs} />
      </Suspense>
    );
  }
  return (
    <div className="relative flex h-full flex-col">
      <h1 className="sr-only">Dependencies in {workspace.name}</h1>
      <Bar search={search} all={all ?? {}} count={jobs.length} view={view} onChange={change} />
      <div className="min-h-0 flex-1">{body}</div>
      <Suspense>{search.job !== undefined && <JobBeside workspace={workspace} number={search.job} beside="graph" />}</Suspense>
    </div>
  );
}

function Bar({
  search,
  all,
  count,
  view,
  onChange,
}: {
  search: GraphSearch;
  all: Readonly<Record<string, Job>>;
  count: number;
  view: 'graph' | 'list';
  onChange: (part: GraphSearch) => void;
}) {
  const [words, setWords] = useState(search.q ?? '');
  const folders = useMemo(() => [...new Set(Object.values(all).flatMap((job) => job.folder || []))].sort(), [all]);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 px-3 py-2.5 md:px-4">
      <div className="relative min-w-36 flex-1 max-md:basis-full md:max-w-56">
        <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
        <input
          id="graph-search"
          type="search"
          aria-label="Search jobs"
          placeholder="Search"
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
            onChange({ q: event.target.value.trim() || undefined });
          }}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          className="field h-8 py-0 pl-8 text-sm"
        />
      </div>
      <Select
        aria-label="Which jobs"
        className={cx(pick, 'w-44')}
        value={search.show ?? ''}
        onChange={(event) => onChange({ show: (event.target.value || undefined) as GraphSearch['show'] })}
      >
        <option value="">Unfinished chains</option>
        <option value="open">All open jobs</option>
        <option value="all">Finished chains too</option>
      </Select>
      <Select
        aria-label="State"
        className={cx(pick, 'w-36')}
        value={search.state ?? ''}
        onChange={(event) => onChange({ state: (event.target.value || undefined) as JobState | undefined })}
      >
        <option value="">Any state</option>
        {[...boardStates, 'canceled' as const].map((state) => (
          <option key={state} value={state}>
            {stateWords[state]}
          </option>
        ))}
      </Select>
      {(folders.length > 0 || search.folder) && (
        <Select
          aria-label="Folder"
          className={cx(pick, 'w-40')}
          value={search.folder ?? ''}
          onChange={(event) => onChange({ folder: event.target.value || undefined })}
        >
          <option value="">Any folder</option>
          {[...new Set([...folders, ...(search.folder ? [search.folder] : [])])].map((folder) => (
            <option key={folder} value={folder}>
              {folder}
            </option>
          ))}
        </Select>
      )}
      {isFiltered(search) && (
        <Button
          look="ghost"
          icon={<X className="size-3.5" aria-hidden />}
          onClick={() => {
            setWords('');
            onChange({ q: undefined, state: undefined, folder: undefined });
          }}
        >
          Clear
        </Button>
      )}
      <div className="flex-1" />
      <span className="text-ink-3 text-xs" role="status">
        {count === 1 ? '1 job' : `${count} jobs`}
      </span>
      <Segmented
        label="View"
        small
        value={view}
        options={[
          { value: 'graph', label: <Choice icon={<Workflow />} words="Graph" /> },
          { value: 'list', label: <Choice icon={<List />} words="List" /> },
        ]}
        onChange={(next) => onChange({ as: next })}
      />
    </div>
  );
}

const pick = 'max-md:min-w-28 max-md:flex-1 [&>select]:h-8 [&>select]:py-0 [&>select]:text-sm';

const Choice = ({ icon, words }: { icon: React.ReactNode; words: string }) => (
  <span className="inline-flex items-center gap-1 [&>svg]:size-3.5">
    {icon}
    {words}
  </span>
);

function Nothing({ search, onChange, mayEdit }: { search: GraphSearch; onChange: (part: GraphSearch) => void; mayEdit: boolean }) {
  if (isFiltered(search)) {
    return (
      <Empty
        icon={<Search />}
        title="No job is like that"
        action={<Button onClick={() => onChange({ q: undefined, state: undefined, folder: undefined })}>Clear the filter</Button>}
      >
        Only jobs that wait for one another are searched, unless you choose all open jobs.
      </Empty>
    );
  }
  return (
    <Empty
      icon={<Workflow />}
      title={search.show === 'open' ? 'No open jobs' : 'No job waits for another'}
      action={search.show !== 'open' && <Button onClick={() => onChange({ show: 'open' })}>Show all open jobs</Button>}
    >
      A job can wait for others: it starts when they are done, and its agent is given what they left.
      {mayEdit &&
        ' Show all open jobs and draw from one that comes first to one that waits for it, or add dependencies in a job’s details.'}
    </Empty>
  );
}

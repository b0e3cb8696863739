import { Popover } from '@base-ui/react/popover';
import { Link, useNavigate } from '@tanstack/react-router';
import { CircleHelp, ListFilter, MessageCircleQuestion, Rows3, X } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { useMe } from '@/api/hooks';
import type { AgentRequest, Job, Priority, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { isFiltered, PEOPLE } from '@/shared/lib/job-filter';
import { useNow } from '@/shared/lib/now';
import { agoWords, priorities, priorityWords } from '@/shared/lib/words';
import { Button } from '@/shared/ui/button';
import { type Choice, ManyPick } from '@/shared/ui/many-pick';
import { SearchBox } from '@/shared/ui/search-box';
import type { BoardFilter, LaneKind } from './filter';

interface Props {
  workspace: Workspace;
  filter: BoardFilter;
  jobs: readonly Job[];
  /** Jobs that the filter leaves out. */
  hidden: number;
  requests: readonly AgentRequest[];
}

export function BoardBar({ workspace, filter, jobs, hidden, requests }: Props) {
  const navigate = useNavigate();
  const change = useCallback(
    (part: BoardFilter) => void navigate({ to: '.', search: (before) => ({ ...before, ...part }), replace: true, hash: true }),
    [navigate],
  );
  const [open, setOpen] = useState(false);
  const me = useMe();
  const options = useMemo(() => optionsOf(jobs, me?.id), [jobs, me?.id]);
  const filtered = isFiltered(filter);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 px-3 py-2.5 md:px-4">
      <SearchBox id="board-search" label="Search jobs" value={filter.q ?? ''} onChange={(q) => change({ q: q || undefined })} />
      <Button
        look={filtered ? 'plain' : 'ghost'}
        className="md:hidden"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        icon={<ListFilter className="size-4" aria-hidden />}
      >
        Filter
      </Button>
      <div className={cx('flex-wrap items-center gap-2 md:flex', open ? 'flex w-full' : 'hidden')}>
        <ManyPick label="Agent" chosen={filter.agent} options={options.agents} onChange={(agent) => change({ agent })} />
        {(options.domains.length > 0 || filter.domain) && (
          <ManyPick label="Domain" chosen={filter.domain} options={options.domains} onChange={(domain) => change({ domain })} />
        )}
        <ManyPick label="Person" chosen={filter.person} options={options.people} onChange={(person) => change({ person })} />
        <ManyPick
          label="Priority"
          chosen={filter.priority}
          options={urgencies}
          onChange={(priority) => change({ priority: priority as Priority[] | undefined })}
        />
        <label className="flex h-8 cursor-pointer items-center gap-1.5 rounded-lg px-2 text-ink-2 text-sm hover:bg-hover">
          <input
            type="checkbox"
            className="size-3.5 accent-(--accent)"
            checked={filter.canceled === true}
            onChange={(event) => change({ canceled: event.target.checked || undefined })}
          />
          Canceled
        </label>
        {filtered && (
          <Button
            look="ghost"
            icon={<X className="size-3.5" aria-hidden />}
            onClick={() => change({ q: undefined, agent: undefined, domain: undefined, person: undefined, priority: undefined })}
          >
            Clear
          </Button>
        )}
        {filtered && (
          <span role="status" className="text-ink-3 text-xs tabular-nums">
            {hidden === 0 ? 'nothing hidden' : `${hidden} ${hidden === 1 ? 'job' : 'jobs'} hidden`}
          </span>
        )}
      </div>
      <div className="flex-1" />
      <label className="relative flex h-8 items-center max-md:hidden" title="Swim lanes">
        <Rows3 className="pointer-events-none absolute left-2 size-4 text-ink-3" aria-hidden />
        <select
          aria-label="Swim lanes"
          value={filter.lanes ?? ''}
          onChange={(event) => change({ lanes: (event.target.value || undefined) as LaneKind | undefined })}
          className={cx(
            'h-8 rounded-lg border bg-surface pr-2 pl-7.5 text-sm dark:bg-raised',
            filter.lanes ? 'border-accent font-medium text-ink' : 'border-line-strong text-ink-2',
          )}
        >
          <option value="">No lanes</option>
          <option value="priority">By priority</option>
          <option value="person">By person</option>
          <option value="agent">By agent</option>
          <option value="folder">By folder</option>
        </select>
      </label>
      {requests.length > 0 && <WaitingRequests workspace={workspace} requests={requests} />}
    </div>
  );
}

const urgencies: Choice[] = priorities.map((value) => ({ value, label: priorityWords[value] }));

function optionsOf(jobs: readonly Job[], me: string | undefined) {
  const agents = new Set<string>();
  const domains = new Set<string>();
  const people = new Map<string, string>();
  let userJobs = false;
  for (const job of jobs) {
    if (job.agent) agents.add(job.agent);
    if (job.kind === 'user') userJobs = true;
    for (const domain of job.domains) domains.add(domain);
    for (const person of [job.owner, job.creator, job.attempt?.person]) {
      if (person) people.set(person.id, person.name);
    }
  }
  const named = (names: Iterable<string>): Choice[] => [...names].sort().map((name) => ({ value: name, label: name }));
  return {
    agents: [...named(agents), ...(userJobs ? [{ value: PEOPLE, label: 'People' }] : [])],
    domains: named(domains),
    people: [...people]
      .map(([value, name]) => ({ value, label: value === me ? `${name} (you)` : name }))
      .sort((a, b) => Number(b.value === me) - Number(a.value === me) || a.label.localeCompare(b.label)),
  };
}
function WaitingRequests({ workspace, requests }: { workspace: Workspace; requests: readonly AgentRequest[] }) {
  const now = useNow();
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="inline-flex h-8 items-center gap-1.5 rounded-lg border border-progress/40 bg-progress-soft px-2.5 font-medium text-progress text-sm">
        <MessageCircleQuestion className="size-4" aria-hidden />
        {requests.length === 1 ? '1 agent waits for an answer' : `${requests.length} requests wait for an answer`}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={6} className="z-30">
          <Popover.Popup className="popup max-h-96 w-84 max-w-[calc(100vw-1.5rem)] overflow-y-auto p-1.5">
            <Popover.Title className="sr-only">Open requests</Popover.Title>
            {requests.map((request) => (
              <Link
                key={request.id}
                to="/w/$slug/jobs/$number"
                params={{ slug: workspace.slug, number: request.job_number }}
                search={(before) => ({ ...before, tab: undefined, attempt: undefined })}
                onClick={() => setOpen(false)}
                className="flex gap-2.5 rounded-lg px-2.5 py-2 hover:bg-hover"
              >
                <CircleHelp className="mt-0.5 size-4 shrink-0 text-progress" aria-hidden />
                <span className="min-w-0">
                  <span className="line-clamp-2 font-medium text-sm">{request.ask.title}</span>
                  <span className="block truncate text-ink-3 text-xs">
                    #{request.job_number} {request.job_title} · {agoWords(request.created_at, now)}
                  </span>
                </span>
              </Link>
            ))}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

import { Popover } from '@base-ui/react/popover';
import { Link, useNavigate } from '@tanstack/react-router';
import { CircleHelp, ListFilter, MessageCircleQuestion, Search, X } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { AgentRequest, Job, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Button } from '@/shared/ui/button';
import { type BoardFilter, isFiltered } from './filter';

interface Props {
  workspace: Workspace;
  filter: BoardFilter;
  jobs: readonly Job[];
  requests: readonly AgentRequest[];
}

export function BoardBar({ workspace, filter, jobs, requests }: Props) {
  const navigate = useNavigate();
  const change = (part: BoardFilter) => void navigate({ to: '.', search: (before) => ({ ...before, ...part }), replace: true, hash: true });
  const [open, setOpen] = useState(false);
  const options = useMemo(() => optionsOf(jobs), [jobs]);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 px-3 py-2.5 md:px-4">
      <SearchBox value={filter.q ?? ''} onChange={(q) => change({ q: q || undefined })} />
      <Button
        look={isFiltered(filter) ? 'plain' : 'ghost'}
        className="md:hidden"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        icon={<ListFilter className="size-4" aria-hidden />}
      >
        Filter
      </Button>
      <div className={cx('flex-wrap items-center gap-2 md:flex', open ? 'flex w-full' : 'hidden')}>
        <Pick label="Agent" all="Any agent" value={filter.agent} options={options.agents} onChange={(agent) => change({ agent })} />
        {options.domains.length > 0 && (
          <Pick label="Domain" all="Any domain" value={filter.domain} options={options.domains} onChange={(domain) => change({ domain })} />
        )}
        <Pick label="Person" all="Anybody" value={filter.person} options={options.people} onChange={(person) => change({ person })} />
        <label className="flex h-8 cursor-pointer items-center gap-1.5 rounded-lg px-2 text-ink-2 text-sm hover:bg-hover">
          <input
            type="checkbox"
            className="size-3.5 accent-(--accent)"
            checked={filter.canceled === true}
            onChange={(event) => change({ canceled: event.target.checked || undefined })}
          />
          Canceled
        </label>
        {isFiltered(filter) && (
          <Button
            look="ghost"
            icon={<X className="size-3.5" aria-hidden />}
            onClick={() => change({ q: undefined, agent: undefined, domain: undefined, person: undefined })}
          >
            Clear
          </Button>
        )}
      </div>
      <div className="flex-1" />
      {requests.length > 0 && <WaitingRequests workspace={workspace} requests={requests} />}
    </div>
  );
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) {
      return;
    }
    const timer = setTimeout(() => {
      sent.current = text.trim();
      onChange(text.trim());
    }, 150);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <div className="relative min-w-36 flex-1 md:max-w-56">
      <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
      <input
        id="board-search"
        type="search"
        aria-label="Search jobs"
        placeholder="Search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        className="field h-8 py-0 pl-8 text-sm"
      />
    </div>
  );
}

interface Option {
  value: string;
  label: string;
}

function Pick({
  label,
  all,
  value,
  options,
  onChange,
}: {
  label: string;
  all: string;
  value?: string;
  options: Option[];
  onChange: (value: string | undefined) => void;
}) {
  return (
    <select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
      className={cx(
        'h-8 max-w-40 rounded-lg border bg-surface px-2 text-sm dark:bg-raised',
        value ? 'border-accent font-medium text-ink' : 'border-line-strong text-ink-2',
      )}
    >
      <option value="">{all}</option>
      {value && !options.some((option) => option.value === value) && <option value={value}>{value}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

function optionsOf(jobs: readonly Job[]) {
  const agents = new Set<string>();
  const domains = new Set<string>();
  const people = new Map<string, string>();
  let userJobs = false;
  for (const job of jobs) {
    if (job.agent) agents.add(job.agent);
    if (job.kind === 'user') userJobs = true;
    for (const domain of job.domains) domains.add(domain);
    people.set(job.owner.id, job.owner.name);
    people.set(job.creator.id, job.creator.name);
  }
  const named = (names: Iterable<string>): Option[] => [...names].sort().map((name) => ({ value: name, label: name }));
  return {
    agents: [...named(agents), ...(userJobs ? [{ value: 'people', label: 'People' }] : [])],
    domains: named(domains),
    people: [...people].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label)),
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

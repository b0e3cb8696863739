import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, Lock, Maximize2, Minimize2, X } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api } from '@/api/calls';
import { useRequests } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { AgentRequest, Attempt, Job, Workspace } from '@/api/types';
import { LogTab } from '@/features/job/log-tab';
import { choiceOf, RequestCard } from '@/features/requests/request-card';
import { rightsOf } from '@/shared/lib/rights';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { activityWords, waitsForPeople } from '@/shared/lib/words';
import { PriorityMark, StateBadge } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { Paused } from '@/shared/ui/doing';
import { TabBadge, type TabItem, TabPanel, TabStrip, Tabs } from '@/shared/ui/tabs';
import { toastProblem } from '@/shared/ui/toast';
import { AttemptsTab } from './attempts-tab';
import { ChangesTab } from './changes-tab';
import { DetailsTab } from './details-tab';
import { FilesTab } from './files-tab';
import { HoldNote, useHeld } from './hold-note';
import { JobActions } from './job-actions';
import { NotesTab } from './notes-tab';
import { RequestsTab } from './requests-tab';
import { useKeptFocus } from './use-kept-focus';

export type JobTab = 'details' | 'log' | 'changes' | 'notes' | 'files' | 'attempts' | 'requests';

interface Props {
  workspace: Workspace;
  job: Job;
  tab: JobTab | undefined;
  attemptNumber: number | undefined;
  line: number | undefined;
  /** What it stands beside. */
  beside: 'Board' | 'Backlog' | 'canvas' | 'graph';
  wide: boolean;
  onWide: () => void;
  onClose: () => void;
  onShow: (next: { tab?: JobTab; attempt?: number; line?: number }) => void;
}

/** Long enough to read who answered what. */
const LINGER_MS = 12_000;

const panel = 'min-h-0 flex-1 outline-offset-[-2px]';

export function JobPanel({ workspace, job, tab, attemptNumber, line, beside, wide, onWide, onClose, onShow }: Props) {
  const team = useQuery({ queryKey: keys.team(job.id), queryFn: () => api.team(job.id), staleTime: 60_000 });
  const rights = rightsOf(job);
  const attempts = useAttempts(job);
  const attempt = attempts.find(({ number }) => number === attemptNumber) ?? attempts[attempts.length - 1];
  const requests = useRequestsOf(workspace.id, job.id);
  const open = requests.filter((request) => !request.closed_at);
  const held = useHeld(job);
  const heading = useRef<HTMLHeadingElement>(null);
  useKeptFocus(heading);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const tabs = tabsOf(job, attempts);
  const shown = line !== undefined && attempt ? 'log' : (tabs.find(({ value }) => value === tab)?.value ?? defaultTab(job));
  const permission = open.find((request) => request.ask.kind === 'permission');
  const answer = (kind: 'allow_once' | 'deny') => {
    const choice = permission && rights.work ? choiceOf(permission.ask.choices, kind) : undefined;
    if (permission && choice) {
      api.answer(permission.id, { choice: choice.id }).catch((error: unknown) => toastProblem('Your answer was not taken', error));
    }
  };
  useShortcuts({
    ...Object.fromEntries(tabs.map(({ value }, at) => [String(at + 1), () => onShow({ tab: value })])),
    a: () => answer('allow_once'),
    d: () => answer('deny'),
  });

  return (
    <>
      <header className="flex flex-col gap-2 bg-surface px-4 pt-2.5 pb-2">
        <JobActions
          workspace={workspace}
          job={job}
          rights={rights}
          onReview={shown === 'changes' ? undefined : () => onShow({ tab: 'changes' })}
          onGone={onClose}
        >
          {(buttons, menu) => (
            <>
              <div className="flex items-center gap-2 text-sm">
                <IconButton label={`Back to the ${beside}`} small className="-ml-1.5 md:hidden" onClick={onClose}>
                  <ArrowLeft className="size-4" aria-hidden />
                </IconButton>
                <span className="text-ink-3 tabular-nums">#{job.number}</span>
                <StateBadge state={job.state} />
                {job.activity && (
                  <span
                    role="status"
                    className={waitsForPeople(job.activity) ? 'truncate font-medium text-progress text-xs' : 'truncate text-ink-2 text-xs'}
                  >
                    {job.pause ? <Paused pause={job.pause} /> : activityWords[job.activity]}
                  </span>
                )}
                <PriorityMark priority={job.priority} />
                {job.private && <Lock className="size-3.5 text-ink-3" aria-label="Private" />}
                <span className="flex-1" />
                {menu}
                <IconButton label={wide ? `Beside the ${beside} (F)` : 'Wide (F)'} small className="max-md:hidden" onClick={onWide}>
                  {wide ? <Minimize2 className="size-4" aria-hidden /> : <Maximize2 className="size-4" aria-hidden />}
                </IconButton>
                <IconButton label="Close (Esc)" small className="-mr-1.5 max-md:hidden" onClick={onClose}>
                  <X className="size-4" aria-hidden />
                </IconButton>
              </div>
              <h2
                ref={heading}
                tabIndex={-1}
                className="wrap-break-word text-balance font-semibold text-lg leading-snug tracking-tight outline-none"
              >
                {job.title}
              </h2>
              {buttons}
            </>
          )}
        </JobActions>
      </header>
      {(open.length > 0 || requests.length > 0 || held) && (
        <div className="flex max-h-[55%] shrink-0 flex-col gap-2 overflow-y-auto bg-surface px-4 pb-2">
          {held && <HoldNote workspace={workspace} job={job} held={held} />}
          {requests.map((request) => (
            <RequestCard key={request.id} request={request} mayAnswer={rights.work} keys={request === permission} />
          ))}
        </div>
      )}
      <Tabs value={shown} onValueChange={(value: JobTab) => onShow({ tab: value })} className="flex min-h-0 flex-1 flex-col">
        <TabStrip items={tabs} className="bg-surface px-2" />
        <TabPanel value="details" className={`${panel} overflow-y-auto`}>
          <DetailsTab workspace={workspace} job={job} rights={rights} team={team.data ?? []} />
        </TabPanel>
        <TabPanel value="log" className={`${panel} flex flex-col`}>
          {attempt && <LogTab job={job} attempt={attempt} attempts={attempts} rights={rights} line={line} onShow={onShow} />}
        </TabPanel>
        <TabPanel value="changes" className={`${panel} flex flex-col`}>
          <ChangesTab workspace={workspace} job={job} attempt={attempt} attempts={attempts} rights={rights} onShow={onShow} />
        </TabPanel>
        <TabPanel value="notes" className={`${panel} flex flex-col`}>
          <NotesTab job={job} rights={rights} />
        </TabPanel>
        <TabPanel value="files" className={`${panel} overflow-y-auto`}>
          <FilesTab job={job} attempts={attempts} rights={rights} />
        </TabPanel>
        <TabPanel value="requests" className={`${panel} overflow-y-auto`}>
          <RequestsTab job={job} attempts={attempts} live={requests} rights={rights} onShow={onShow} />
        </TabPanel>
        <TabPanel value="attempts" className={`${panel} overflow-y-auto`}>
          <AttemptsTab job={job} attempts={attempts} onShow={onShow} />
        </TabPanel>
      </Tabs>
    </>
  );
}

function defaultTab(job: Job): JobTab {
  if (job.attempt && job.kind === 'agentic') {
    if (job.state === 'in_progress' || job.state === 'failed') {
      return 'log';
    }
    if (job.state === 'awaiting_review') {
      return 'changes';
    }
  }
  return 'details';
}

function tabsOf(job: Job, attempts: readonly Attempt[]): TabItem<JobTab>[] {
  const worked = attempts.length > 0 && job.kind === 'agentic';
  const reviewable = worked || job.state === 'awaiting_review' || job.state === 'done';
  return [
    { value: 'details', label: 'Details' },
    ...(worked ? [{ value: 'log' as const, label: 'Log' }] : []),
    ...(reviewable
      ? [{ value: 'changes' as const, label: 'Review', badge: job.state === 'awaiting_review' ? <TabBadge loud>1</TabBadge> : undefined }]
      : []),
    { value: 'notes', label: 'Notes' },
    { value: 'files', label: 'Files' },
    ...(attempts.length > 0 ? [{ value: 'attempts' as const, label: 'Attempts', badge: <TabBadge>{attempts.length}</TabBadge> }] : []),
    ...(worked ? [{ value: 'requests' as const, label: 'Requests' }] : []),
  ];
}

/** All attempts, oldest first; the latest one comes with the job and is the most current. */
function useAttempts(job: Job): Attempt[] {
  const { data } = useQuery({ queryKey: keys.attempts(job.id), queryFn: () => api.attempts(job.id), enabled: job.attempt != null });
  return useMemo(() => {
    const all = new Map((data ?? []).map((attempt) => [attempt.id, attempt]));
    if (job.attempt) {
      all.set(job.attempt.id, job.attempt);
    }
    return [...all.values()].sort((a, b) => a.number - b.number);
  }, [data, job.attempt]);
}

/** Open requests of the job, and for a moment those just answered, so that one sees who was first. */
function useRequestsOf(ws: string, job: string): AgentRequest[] {
  const requests = useRequests(ws);
  const open = useRef(new Set<string>());
  const [lingering, setLingering] = useState<readonly string[]>([]);
  const mine = useMemo(() => Object.values(requests ?? {}).filter((request) => request.job === job), [requests, job]);
  useEffect(() => {
    const closed = mine.filter((request) => request.closed_at && open.current.delete(request.id)).map(({ id }) => id);
    for (const request of mine) {
      if (!request.closed_at) {
        open.current.add(request.id);
      }
    }
    if (closed.length > 0) {
      setLingering((before) => [...before, ...closed]);
      setTimeout(() => setLingering((before) => before.filter((id) => !closed.includes(id))), LINGER_MS);
    }
  }, [mine]);
  return useMemo(
    () =>
      mine
        .filter((request) => !request.closed_at || lingering.includes(request.id))
        .sort((a, b) => Number(Boolean(a.closed_at)) - Number(Boolean(b.closed_at)) || a.created_at.localeCompare(b.created_at)),
    [mine, lingering],
  );
}

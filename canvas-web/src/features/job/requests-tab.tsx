import { useQuery } from '@tanstack/react-query';
import { MessageCircleQuestion } from 'lucide-react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { AgentRequest, Attempt, Job } from '@/api/types';
import { RequestCard } from '@/features/requests/request-card';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import type { JobTab } from './job-panel';

interface Props {
  job: Job;
  attempts: readonly Attempt[];
  /** Those of the live list, which is ahead of what was loaded. */
  live: readonly AgentRequest[];
  rights: Rights;
  onShow: (next: { tab?: JobTab; attempt?: number; line?: number }) => void;
}

/** All that agents asked in this job: what waits, then what was answered, and by whom. */
export function RequestsTab({ job, attempts, live, rights, onShow }: Props) {
  const asked = useQuery({ queryKey: keys.jobRequests(job.id), queryFn: () => api.jobRequests(job.id) });
  if (asked.isPending) {
    return <Loading />;
  }
  if (asked.isError) {
    return <ProblemNote className="m-4" error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  const all = new Map(asked.data.map((request) => [request.id, request]));
  for (const request of live) {
    all.set(request.id, request);
  }
  const sorted = [...all.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
  const open = sorted.filter((request) => !request.closed_at);
  const closed = sorted.filter((request) => request.closed_at);
  if (sorted.length === 0) {
    return (
      <Empty icon={<MessageCircleQuestion />} title="The agent asked nothing">
        Questions, permissions and plans of this job’s agent are kept here, with who answered them.
      </Empty>
    );
  }
  const place = (request: AgentRequest) => {
    const attempt = attempts.find(({ id }) => id === request.attempt);
    return (
      attempt && (
        <button
          type="button"
          className="self-end text-ink-3 text-xs hover:text-ink hover:underline"
          onClick={() => onShow({ tab: 'log', attempt: attempt.number, line: request.seq })}
        >
          Attempt {attempt.number}, line {request.seq}
        </button>
      )
    );
  };
  const list = (title: string, requests: AgentRequest[]) =>
    requests.length > 0 && (
      <section className="flex flex-col gap-2">
        <h3 className="font-semibold text-ink-3 text-xs">{title}</h3>
        <ul className="flex flex-col gap-3">
          {requests.map((request) => (
            <li key={request.id} className="flex flex-col gap-1">
              <RequestCard request={request} mayAnswer={rights.work} />
              {place(request)}
            </li>
          ))}
        </ul>
      </section>
    );
  return (
    <div className="flex flex-col gap-5 p-4">
      {open.length > 0 && !rights.work && <p className="text-ink-3 text-xs">{whoMay.work}</p>}
      {list('Waiting for an answer', open)}
      {list('Answered', closed)}
    </div>
  );
}

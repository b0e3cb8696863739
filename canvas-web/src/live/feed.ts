/** What the workspace's feed means for what is cached: pure, so that resuming and resetting can be tested without a socket. */
import type { AgentRequest, FeedEvent, FeedMessage, FeedMoment, Job, RunnerView } from '@/api/types';

export type ById<T> = Readonly<Record<string, T>>;

export interface Live {
  jobs: ById<Job>;
  requests: ById<AgentRequest>;
  runners: ById<RunnerView>;
}

/** Where a connection stands in the feed. While the lists load afresh, events wait in `waiting` and are applied on top afterwards. */
export interface FeedPosition {
  loading: boolean;
  seq: number;
  waiting: readonly FeedEvent[];
}

export interface FeedStep {
  position: FeedPosition;
  /** Events to apply now, in order. */
  apply: readonly FeedEvent[];
  /** What is so at this moment, to be shown over that. */
  moments: readonly FeedMoment[];
  /** The lists must be loaded afresh. */
  reload: boolean;
  /** Everything missed has arrived. */
  caughtUp: boolean;
}

export const atStart: FeedPosition = { loading: true, seq: 0, waiting: [] };

export const isControl = (message: FeedMessage): message is Extract<FeedMessage, { type: 'reset' | 'caught' | 'inbox' }> =>
  message.type === 'reset' || message.type === 'caught' || message.type === 'inbox';

const isMoment = (message: FeedMessage): message is FeedMoment => message.type === 'job.tool';

/** Takes messages of the socket. An event already seen, as after a resume, is left out. */
export function receive(position: FeedPosition, messages: readonly FeedMessage[]): FeedStep {
  let { loading, seq } = position;
  let waiting = [...position.waiting];
  let apply: FeedEvent[] = [];
  let reload = false;
  let caughtUp = false;
  const moments: FeedMoment[] = [];
  for (const message of messages) {
    if (isControl(message)) {
      seq = Math.max(seq, message.seq);
      if (message.type === 'reset') {
        loading = true;
        reload = true;
        waiting = [];
        apply = [];
      } else if (message.type === 'caught') {
        caughtUp = true;
      }
    } else if (isMoment(message)) {
      // While the lists load they are not there yet, and come with it.
      if (!loading) {
        moments.push(message);
      }
    } else if (message.seq > seq) {
      seq = message.seq;
      if (loading) {
        waiting.push(message);
      } else {
        apply.push(message);
      }
    }
  }
  return { position: { loading, seq, waiting }, apply, moments, reload, caughtUp };
}

/** The lists are there, as they were at `seq` or later: what came in meanwhile goes on top. */
export function loaded(position: FeedPosition, seq: number): FeedStep {
  return {
    position: { loading: false, seq: Math.max(position.seq, seq), waiting: [] },
    apply: position.waiting.filter((event) => event.seq > seq),
    moments: [],
    reload: false,
    caughtUp: false,
  };
}

/** A job seen at a later version is never replaced by an earlier one, whichever way it came. */
export function withJob(jobs: ById<Job>, job: Job): ById<Job> {
  const known = jobs[job.id];
  return known && known.version > job.version ? jobs : { ...jobs, [job.id]: job };
}

/** The jobs with the tools their agents used last; those of other attempts than the latest are left out. */
export function withTools(jobs: ById<Job>, moments: readonly FeedMoment[]): ById<Job> {
  let next = jobs;
  for (const { job: id, attempt: of, tool } of moments) {
    const job = next[id];
    if (job?.attempt?.id === of && !job.attempt.ended_at) {
      next = { ...next, [id]: { ...job, attempt: { ...job.attempt, last_tool: tool } } };
    }
  }
  return next;
}

export function without<T>(all: ById<T>, id: string): ById<T> {
  if (!(id in all)) {
    return all;
  }
  const { [id]: _, ...rest } = all;
  return rest;
}

/** Applies events in order; lists that no event touched keep their identity. One copy per list and batch, not per event. */
export function reduce(live: Live, events: readonly FeedEvent[]): Live {
  let { jobs, requests, runners } = live;
  let jobsCopied = false;
  const editJobs = (): Record<string, Job> => {
    if (!jobsCopied) {
      jobs = { ...jobs };
      jobsCopied = true;
    }
    return jobs as Record<string, Job>;
  };
  for (const event of events) {
    switch (event.type) {
      case 'job.created':
      case 'job.changed': {
        const known = jobs[event.job.id];
        if (!known || known.version <= event.job.version) {
          editJobs()[event.job.id] = event.job;
        }
        break;
      }
      case 'job.deleted':
        if (event.id in jobs) {
          delete editJobs()[event.id];
        }
        break;
      case 'runner.changed':
        runners = { ...runners, [event.runner.id]: event.runner };
        break;
      case 'runner.removed':
        runners = without(runners, event.id);
        break;
      case 'request.opened':
      case 'request.answered':
        // A closed request never opens again, so a late "opened" does not bring it back.
        if (!requests[event.request.id]?.closed_at) {
          requests = { ...requests, [event.request.id]: event.request };
        }
        break;
      case 'note.added':
      case 'note.retracted':
      case 'files.changed':
      case 'member.changed':
      case 'invitation.changed':
      case 'workspace.changed':
      case 'canvas.changed':
      case 'canvas.deleted':
      case 'folders.changed':
        break;
    }
  }
  return { jobs, requests, runners };
}

export function byId<T extends { id: string }>(items: readonly T[]): ById<T> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

/** Pause before try `attempt` (1, 2, …): doubling from half a second to 15 s, spread so that clients do not return all at once. */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

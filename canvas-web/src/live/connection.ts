import type { QueryClient } from '@tanstack/react-query';
import { create } from 'zustand';
import { api } from '@/api/calls';
import { withCanvas } from '@/api/canvases';
import { keys } from '@/api/keys';
import { ApiProblem } from '@/api/problem';
import type { AgentRequest, Attempt, Canvas, FeedEvent, FeedMessage, Job, Note, RunnerView, User } from '@/api/types';
import { atStart, type ById, backoff, byId, type FeedPosition, type FeedStep, loaded, receive, reduce, withTools } from './feed';

export type LiveStatus =
  | { phase: 'starting' }
  | { phase: 'live'; recovered: boolean }
  | { phase: 'lost'; attempt: number; retryAt: number }
  | { phase: 'connecting'; attempt: number }
  | { phase: 'failed'; error: unknown };

export const useLiveStatus = create<{ status: LiveStatus; retryNow: () => void }>(() => ({
  status: { phase: 'starting' },
  retryNow: () => undefined,
}));

/** How far the feed of each workspace was followed, for pages that ask the server what a change means. */
export const useFeedHead = create<Readonly<Record<string, number>>>(() => ({}));

/** Most messages that wait for one turn of the screen; beyond, the lists are loaded afresh instead. */
const MOST_WAITING = 5_000;

/** A message is JSON with a `type` and a `seq`; anything else is not from this server and is dropped. */
function parseMessage(data: unknown): FeedMessage | undefined {
  if (typeof data !== 'string') {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null && 'type' in value && 'seq' in value && typeof value.seq === 'number') {
      return value as FeedMessage;
    }
  } catch {
    // Not JSON.
  }
  return undefined;
}

/**
 * The one event socket of an open workspace. Loads the lists, then follows the feed from there and writes what happens into the query cache.
 * A broken socket is tried again with backoff and goes on after the last event seen.
 */
export class LiveConnection {
  private position: FeedPosition = atStart;
  private socket: WebSocket | undefined;
  private queue: FeedMessage[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private wasLive = false;
  private stopped = false;
  private loadAbort: AbortController | undefined;

  constructor(
    private readonly workspace: string,
    private readonly cache: QueryClient,
    private readonly onSignedOut: () => void,
    /** The workspace is deleted, or one is no longer a member. */
    private readonly onGone: () => void,
  ) {}

  start() {
    useLiveStatus.setState({ status: { phase: 'starting' }, retryNow: () => this.retryNow() });
    window.addEventListener('online', this.retryNow);
    window.addEventListener('offline', this.onOffline);
    document.addEventListener('visibilitychange', this.onVisible);
    void this.load().then((ok) => ok && this.connect());
  }

  stop() {
    this.stopped = true;
    window.removeEventListener('online', this.retryNow);
    window.removeEventListener('offline', this.onOffline);
    document.removeEventListener('visibilitychange', this.onVisible);
    clearTimeout(this.flushTimer);
    clearTimeout(this.retryTimer);
    this.loadAbort?.abort();
    this.socket?.close();
  }

  readonly retryNow = () => {
    if (this.stopped || this.socket) {
      return;
    }
    clearTimeout(this.retryTimer);
    if (this.position.loading) {
      void this.load().then((ok) => ok && this.connect());
    } else {
      this.connect();
    }
  };

  private readonly onOffline = () => this.socket?.close();
  private readonly onVisible = () => {
    if (document.visibilityState === 'visible') {
      this.retryNow();
    }
  };

  private async load(): Promise<boolean> {
    this.loadAbort?.abort();
    const abort = new AbortController();
    this.loadAbort = abort;
    const ws = this.workspace;
    try {
      // The position comes first: whatever happens while the lists load is then in the feed after it.
      const { feed_seq } = await api.workspace(ws, abort.signal);
      const [jobs, requests, runners] = await Promise.all([
        api.jobs(ws, abort.signal),
        api.openRequests(ws, abort.signal),
        api.workspaceRunners(ws, abort.signal),
      ]);
      if (abort.signal.aborted) {
        return false;
      }
      this.cache.setQueryData(keys.jobs(ws), byId(jobs));
      this.cache.setQueryData(keys.requests(ws), byId(requests));
      this.cache.setQueryData(keys.runners(ws), byId(runners));
      this.perform(loaded(this.position, feed_seq));
      return true;
    } catch (error) {
      if (abort.signal.aborted) {
        return false;
      }
      if (error instanceof ApiProblem && error.status === 401) {
        this.onSignedOut();
      } else if (error instanceof ApiProblem && error.status === 404) {
        this.stop();
        this.onGone();
      } else if (this.wasLive || (error instanceof ApiProblem && (error.status === 0 || error.status >= 500))) {
        this.scheduleRetry();
      } else {
        useLiveStatus.setState({ status: { phase: 'failed', error } });
      }
      return false;
    }
  }

  private connect() {
    if (this.stopped || this.socket) {
      return;
    }
    if (this.attempt > 0) {
      useLiveStatus.setState({ status: { phase: 'connecting', attempt: this.attempt } });
    }
    const url = new URL(`/api/v1/workspaces/${this.workspace}/events`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('after', String(this.position.seq));
    url.searchParams.set('inbox', '1');
    const socket = new WebSocket(url);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.isLive();
    };
    socket.onmessage = ({ data }) => {
      const message = parseMessage(data);
      if (message) {
        this.queue.push(message);
        if (this.queue.length > MOST_WAITING) {
          this.flush();
        }
        this.flushTimer ??= setTimeout(() => this.flush(), 16);
      }
    };
    socket.onclose = () => {
      this.socket = undefined;
      this.flush();
      if (this.stopped) {
        return;
      }
      this.scheduleRetry();
      if (!opened) {
        void this.findOutWhy();
      }
    };
  }

  /** A refused upgrade tells the page nothing; a plain call says whether the session or the membership is gone. */
  private async findOutWhy() {
    try {
      await api.workspace(this.workspace);
    } catch (error) {
      if (this.stopped || !(error instanceof ApiProblem)) {
        return;
      }
      if (error.status === 401) {
        this.onSignedOut();
      } else if (error.status === 404) {
        this.stop();
        this.onGone();
      }
    }
  }

  private isLive() {
    useLiveStatus.setState({ status: { phase: 'live', recovered: this.wasLive && this.attempt > 0 } });
    this.wasLive = true;
    this.attempt = 0;
  }

  private scheduleRetry() {
    this.attempt += 1;
    const pause = backoff(this.attempt, Math.random());
    useLiveStatus.setState({ status: { phase: 'lost', attempt: this.attempt, retryAt: Date.now() + pause } });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(this.retryNow, pause);
  }

  private flush() {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const messages = this.queue;
    this.queue = [];
    if (messages.length > 0) {
      this.perform(receive(this.position, messages));
    }
    const inbox = messages.findLast((message) => message.type === 'inbox');
    if (inbox?.type === 'inbox') {
      this.cache.setQueryData(keys.inboxCount, inbox.count);
      void this.cache.invalidateQueries({ queryKey: keys.inbox });
    }
  }

  private perform(step: FeedStep) {
    if (step.position.seq !== this.position.seq) {
      useFeedHead.setState({ [this.workspace]: step.position.seq });
    }
    this.position = step.position;
    if (step.apply.length > 0) {
      this.write(step.apply);
    }
    if (step.moments.length > 0) {
      const key = keys.jobs(this.workspace);
      const jobs = this.cache.getQueryData<ById<Job>>(key) ?? {};
      const now = withTools(jobs, step.moments);
      if (now !== jobs) {
        this.cache.setQueryData(key, now);
      }
    }
    if (step.reload) {
      void this.load();
      void this.cache.invalidateQueries({ queryKey: ['job'] });
      void this.cache.invalidateQueries({ queryKey: keys.members(this.workspace) });
      void this.cache.invalidateQueries({ queryKey: keys.canvases(this.workspace) });
      void this.cache.invalidateQueries({ queryKey: keys.folders(this.workspace) });
      void this.cache.invalidateQueries({ queryKey: keys.activity(this.workspace) });
    }
  }

  private write(events: readonly FeedEvent[]) {
    const ws = this.workspace;
    const before = {
      jobs: this.cache.getQueryData<ById<Job>>(keys.jobs(ws)) ?? {},
      requests: this.cache.getQueryData<ById<AgentRequest>>(keys.requests(ws)) ?? {},
      runners: this.cache.getQueryData<ById<RunnerView>>(keys.runners(ws)) ?? {},
    };
    const after = reduce(before, events);
    if (after.jobs !== before.jobs) this.cache.setQueryData(keys.jobs(ws), after.jobs);
    if (after.requests !== before.requests) this.cache.setQueryData(keys.requests(ws), after.requests);
    if (after.runners !== before.runners) {
      this.cache.setQueryData(keys.runners(ws), after.runners);
      void this.cache.invalidateQueries({ queryKey: keys.myRunners });
    }
    for (const event of events) {
      this.writeDetails(event, before.jobs);
    }
  }

  private writeDetails(event: FeedEvent, before: ById<Job>) {
    const { cache } = this;
    switch (event.type) {
      case 'job.created':
      case 'job.changed': {
        const { job } = event;
        const known = before[job.id];
        if (job.attempt) {
          this.editList<Attempt>(keys.attempts(job.id), (attempts) => upsert(attempts, job.attempt as Attempt));
          if (known?.attempt?.ended_at !== job.attempt.ended_at || known?.attempt?.has_diff !== job.attempt.has_diff) {
            void cache.invalidateQueries({ queryKey: ['attempt', job.attempt.id, 'diff'] });
          }
        }
        if (known && known.version !== job.version) {
          void cache.invalidateQueries({ queryKey: keys.team(job.id) });
        }
        break;
      }
      case 'note.added':
        this.editList<Note>(keys.notes(event.note.job), (notes) => upsert(notes, event.note));
        break;
      case 'note.retracted':
        void cache.invalidateQueries({ queryKey: keys.notes(event.job) });
        break;
      case 'files.changed':
        void cache.invalidateQueries({ queryKey: keys.files(event.job) });
        break;
      case 'invitation.changed':
        void cache.invalidateQueries({ queryKey: keys.invitations(this.workspace) });
        break;
      case 'member.changed':
        void cache.invalidateQueries({ queryKey: keys.invitations(this.workspace) });
        void cache.invalidateQueries({ queryKey: keys.members(this.workspace) });
        void cache.invalidateQueries({ queryKey: keys.workspaces });
        // With another role every job allows something else.
        if (event.user === cache.getQueryData<User>(keys.me)?.id) {
          this.perform(receive(this.position, [{ type: 'reset', seq: this.position.seq }]));
        }
        break;
      case 'workspace.changed':
        void cache.invalidateQueries({ queryKey: keys.workspaces });
        break;
      case 'canvas.changed':
        this.editList<Canvas>(keys.canvases(this.workspace), (canvases) => withCanvas(canvases, event.canvas));
        break;
      case 'canvas.deleted':
        this.editList<Canvas>(keys.canvases(this.workspace), (canvases) => canvases.filter(({ id }) => id !== event.id));
        break;
      case 'folders.changed':
        void cache.invalidateQueries({ queryKey: keys.folders(this.workspace) });
        break;
      case 'request.opened':
      case 'request.answered':
        void cache.invalidateQueries({ queryKey: keys.jobRequests(event.request.job) });
        break;
      case 'job.deleted':
      case 'runner.changed':
      case 'runner.removed':
        break;
    }
  }

  /** Edits a list that is loaded; one that is on its way may predate the event, so it is asked for again. */
  private editList<T>(queryKey: readonly string[], edit: (items: T[]) => T[]) {
    const state = this.cache.getQueryState<T[]>(queryKey);
    if (state?.fetchStatus === 'fetching') {
      void this.cache.invalidateQueries({ queryKey });
    } else if (state?.data) {
      this.cache.setQueryData<T[]>(queryKey, edit(state.data));
    }
  }
}

function upsert<T extends { id: string }>(items: T[], item: T): T[] {
  return items.some((each) => each.id === item.id) ? items.map((each) => (each.id === item.id ? item : each)) : [...items, item];
}

import { type QueryClient, QueryObserver, skipToken } from '@tanstack/react-query';
import { useCallback, useSyncExternalStore } from 'react';
import { keys } from '@/api/keys';
import type { AgentRequest, Job, JobState } from '@/api/types';
import type { JobFace } from '@/canvas/render/layout';
import type { JobSource } from '@/canvas/render/painter';
import type { JobDependency } from '@/canvas/scene/scene';
import type { ById } from '@/live/feed';
import { stateWords } from '@/shared/lib/words';

const tones: Record<JobState, JobFace['tone']> = {
  backlog: 'neutral',
  ready: 'ready',
  in_progress: 'progress',
  awaiting_review: 'review',
  done: 'done',
  failed: 'failed',
  canceled: 'neutral',
};

const faceOf = (job: Job): JobFace => ({ number: job.number, title: job.title, word: stateWords[job.state], tone: tones[job.state] });

const sameFace = (a: JobFace, b: JobFace) => a.number === b.number && a.title === b.title && a.word === b.word && a.tone === b.tone;

type Listener = (changed: ReadonlySet<string> | null) => void;

/**
 * The jobs of the workspace that this person may see, one by one: who shows a job is told about that one only, however many there are
 * (CAN-5). Reads the query cache, which the feed keeps current.
 */
export class LiveJobs implements JobSource {
  private all: ById<Job> = {};
  private asking = new Map<string, AgentRequest>();
  private readonly faces = new Map<string, JobFace>();
  private waits: readonly JobDependency[] = [];
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly stops: (() => void)[];

  constructor(cache: QueryClient, ws: string) {
    const follow = <T>(queryKey: readonly string[], take: (data: ById<T>) => void) => {
      const observer = new QueryObserver<ById<T>>(cache, {
        queryKey,
        queryFn: skipToken,
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: Number.POSITIVE_INFINITY,
        structuralSharing: false,
      });
      take(observer.getCurrentResult().data ?? {});
      return observer.subscribe(({ data }) => take(data ?? {}));
    };
    this.stops = [
      follow<Job>(keys.jobs(ws), (jobs) => this.takeJobs(jobs)),
      follow<AgentRequest>(keys.requests(ws), (requests) => this.takeRequests(requests)),
    ];
  }

  stop() {
    for (const stop of this.stops) {
      stop();
    }
  }

  job(id: string): Job | undefined {
    return this.all[id];
  }

  jobs(): Job[] {
    return Object.values(this.all);
  }

  face(id: string): JobFace | undefined {
    return this.faces.get(id);
  }

  /** The oldest open request of a job. */
  request(id: string): AgentRequest | undefined {
    return this.asking.get(id);
  }

  /** What waits for what; another list only when that changed. */
  dependencies(): readonly JobDependency[] {
    return this.waits;
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  watch(id: string, listener: () => void): () => void {
    const there = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, there.add(listener));
    return () => {
      there.delete(listener);
      if (there.size === 0) {
        this.watchers.delete(id);
      }
    };
  }

  private takeJobs(jobs: ById<Job>) {
    const before = this.all;
    if (jobs === before) {
      return;
    }
    this.all = jobs;
    const changed = new Set<string>();
    let waits = false;
    for (const id of new Set([...Object.keys(before), ...Object.keys(jobs)])) {
      const was = before[id];
      const is = jobs[id];
      if (was !== is) {
        changed.add(id);
        waits ||= was?.dependencies.join() !== is?.dependencies.join();
        const face = is && faceOf(is);
        const known = this.faces.get(id);
        if (!face) {
          this.faces.delete(id);
        } else if (!known || !sameFace(known, face)) {
          this.faces.set(id, face);
        }
      }
    }
    if (waits) {
      this.waits = Object.values(jobs).flatMap((job) => job.dependencies.map((first) => ({ first, waits: job.id })));
    }
    this.tell(changed);
  }

  private takeRequests(requests: ById<AgentRequest>) {
    const before = this.asking;
    this.asking = new Map();
    for (const request of Object.values(requests)) {
      const other = this.asking.get(request.job);
      if (!request.closed_at && (!other || request.created_at < other.created_at)) {
        this.asking.set(request.job, request);
      }
    }
    const jobs = new Set([...before.keys(), ...this.asking.keys()]);
    this.tell(new Set([...jobs].filter((job) => before.get(job) !== this.asking.get(job))));
  }

  private tell(changed: ReadonlySet<string>) {
    if (changed.size === 0) {
      return;
    }
    for (const listener of this.listeners) {
      listener(changed);
    }
    for (const id of changed) {
      for (const watcher of this.watchers.get(id) ?? []) {
        watcher();
      }
    }
  }
}

export function useLiveJob(jobs: LiveJobs, id: string): Job | undefined {
  const subscribe = useCallback((listener: () => void) => jobs.watch(id, listener), [jobs, id]);
  return useSyncExternalStore(subscribe, () => jobs.job(id));
}

export function useLiveRequest(jobs: LiveJobs, id: string): AgentRequest | undefined {
  const subscribe = useCallback((listener: () => void) => jobs.watch(id, listener), [jobs, id]);
  return useSyncExternalStore(subscribe, () => jobs.request(id));
}

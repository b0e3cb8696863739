/** Queries that several features read. Jobs, requests and runners are loaded and kept current by the live connection. */
import { queryOptions, skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { type ById, withJob } from '@/live/feed';
import { api } from './calls';
import { keys } from './keys';
import type { AgentInfo, AgentRequest, Job, RunnerView, Workspace } from './types';

export const meQuery = queryOptions({ queryKey: keys.me, queryFn: api.me, staleTime: Number.POSITIVE_INFINITY, retry: false });
export const setupQuery = queryOptions({ queryKey: keys.setup, queryFn: api.setup, staleTime: 0 });
export const workspacesQuery = queryOptions({ queryKey: keys.workspaces, queryFn: api.workspaces, staleTime: 60_000 });

export const useMe = () => useQuery(meQuery).data;

export function useWorkspace(slug: string) {
  const { data } = useQuery(workspacesQuery);
  return data?.find((workspace) => workspace.slug === slug);
}

function useLiveList<T>(queryKey: readonly string[]): ById<T> | undefined {
  return useQuery<ById<T>>({
    queryKey,
    queryFn: skipToken,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  }).data;
}

export const useJobs = (ws: string) => useLiveList<Job>(keys.jobs(ws));
export const useRequests = (ws: string) => useLiveList<AgentRequest>(keys.requests(ws));
export const useRunners = (ws: string) => useLiveList<RunnerView>(keys.runners(ws));

export function useOpenRequests(ws: string): AgentRequest[] {
  const requests = useRequests(ws);
  return useMemo(
    () =>
      Object.values(requests ?? {})
        .filter((request) => !request.closed_at)
        .sort((a, b) => a.created_at.localeCompare(b.created_at)),
    [requests],
  );
}

export const useMembers = (ws: string) => useQuery({ queryKey: keys.members(ws), queryFn: () => api.members(ws), staleTime: 60_000 });

/** Puts an answered job into the cache at once, without waiting for the feed to say the same. */
export function useKeepJob(ws: string) {
  const cache = useQueryClient();
  return useCallback((job: Job) => cache.setQueryData<ById<Job>>(keys.jobs(ws), (jobs) => withJob(jobs ?? {}, job)), [cache, ws]);
}

/** Labels to choose from: those the workspace offers, and those in use. */
export function useKnownDomains(workspace: Workspace, jobs: readonly Job[]): string[] {
  const { domains } = workspace.settings;
  return useMemo(() => [...new Set([...(domains ?? []), ...jobs.flatMap((job) => job.domains)])].sort(), [domains, jobs]);
}

/** Names of agents that some runner of the workspace offers, in order of the alphabet. */
export function useAgentNames(ws: string): string[] {
  const runners = useRunners(ws);
  return useMemo(
    () => [...new Set(Object.values(runners ?? {}).flatMap((runner) => runner.agents.map((agent) => agent.name)))].sort(),
    [runners],
  );
}

/** The agent of this name as the runners of the workspace tell of it: one of those with the most that it cannot do. */
export function useAgent(ws: string, name: string): AgentInfo | undefined {
  const runners = useRunners(ws);
  return useMemo(() => {
    const told = Object.values(runners ?? {}).flatMap((runner) => runner.agents.filter((agent) => agent.name === name));
    return told.sort((one, other) => (other.limits?.length ?? 0) - (one.limits?.length ?? 0))[0];
  }, [runners, name]);
}

/** Calls of the inbox, of mentions and of Activity. */
import { infiniteQueryOptions, type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { answered, client } from './calls';
import { keys } from './keys';
import type { ActivityKind, InboxItem } from './types';

export interface InboxFilter {
  workspace?: string;
  done?: boolean;
}

export interface ActivityFilter {
  by?: string;
  kind?: ActivityKind;
  job?: string;
  from?: string;
  to?: string;
}

const pageSize = 50;

export const inboxCalls = {
  page: (query: InboxFilter & { cursor?: string; limit?: number }, signal?: AbortSignal) =>
    answered(client.GET('/api/v1/inbox', { params: { query: { limit: pageSize, ...query } }, signal })),
  count: () => answered(client.GET('/api/v1/inbox/count', { params: { query: {} } })),
  setDone: (item: string, done: boolean) => {
    const at = { params: { path: { item } } };
    return done ? answered(client.PUT('/api/v1/inbox/{item}/done', at)) : answered(client.DELETE('/api/v1/inbox/{item}/done', at));
  },
  mentionable: async (job: string, q: string, signal?: AbortSignal) =>
    (await answered(client.GET('/api/v1/jobs/{job}/mentionable', { params: { path: { job }, query: { q } }, signal }))).items,
  activity: (ws: string, filter: ActivityFilter, cursor?: string, signal?: AbortSignal) =>
    answered(
      client.GET('/api/v1/workspaces/{ws}/activity', { params: { path: { ws }, query: { limit: pageSize, ...filter, cursor } }, signal }),
    ),
};

/** The live connection writes the count, and says when the lists are old. */
export const inboxCountQuery = queryOptions({
  queryKey: keys.inboxCount,
  queryFn: inboxCalls.count,
  staleTime: Number.POSITIVE_INFINITY,
});

export const useInboxCount = () => useQuery(inboxCountQuery).data;

export const inboxQuery = (filter: InboxFilter) =>
  infiniteQueryOptions({
    queryKey: [...keys.inbox, filter],
    queryFn: ({ pageParam, signal }) => inboxCalls.page({ ...filter, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 30_000,
  });

export const activityQuery = (ws: string, filter: ActivityFilter) =>
  infiniteQueryOptions({
    queryKey: [...keys.activity(ws), filter],
    queryFn: ({ pageParam, signal }) => inboxCalls.activity(ws, filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 0,
  });

/** Puts an item aside or back, at once in every list on screen; the lists are asked for again when the server says no. */
export async function setItemDone(cache: QueryClient, item: InboxItem, done: boolean): Promise<void> {
  await cache.cancelQueries({ queryKey: keys.inbox });
  cache.setQueriesData<{ pages?: { items: InboxItem[] }[] }>(
    { queryKey: keys.inbox },
    (lists) =>
      lists?.pages && { ...lists, pages: lists.pages.map((page) => ({ ...page, items: page.items.filter(({ id }) => id !== item.id) })) },
  );
  try {
    await inboxCalls.setDone(item.id, done);
  } finally {
    void cache.invalidateQueries({ queryKey: keys.inbox });
  }
}

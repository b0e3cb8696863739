/** Calls that look at the whole of a workspace. */
import { answered, client } from './calls';
import type { SearchKind } from './types';

export const searchWorkspace = (
  ws: string,
  query: { q: string; kind?: SearchKind; limit: number; cursor?: string },
  signal?: AbortSignal,
) => answered(client.GET('/api/v1/workspaces/{ws}/search', { params: { path: { ws }, query }, signal }));

export const analyticsOf = (ws: string, query: { from: string; to: string; offset: string }, signal?: AbortSignal) =>
  answered(client.GET('/api/v1/workspaces/{ws}/analytics', { params: { path: { ws }, query }, signal }));

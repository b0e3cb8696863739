/** Calls about folders of the Backlog, and the list of them that the feed keeps current. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { allPages, answered, client, limit, once } from './calls';
import { useJobs } from './hooks';
import { keys } from './keys';
import type { PatchFolder } from './types';

export const folderApi = {
  list: (ws: string) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/folders', { params: { path: { ws }, query: { limit, cursor } } })),
  create: (ws: string, path: string) =>
    answered(client.POST('/api/v1/workspaces/{ws}/folders', { params: { path: { ws }, header: once() }, body: { path } })),
  patch: (ws: string, folder: string, body: PatchFolder) =>
    answered(client.PATCH('/api/v1/workspaces/{ws}/folders/{folder}', { params: { path: { ws, folder } }, body })),
  remove: (ws: string, folder: string) =>
    answered(client.DELETE('/api/v1/workspaces/{ws}/folders/{folder}', { params: { path: { ws, folder } } })),
};

export const useFolders = (ws: string) =>
  useQuery({ queryKey: keys.folders(ws), queryFn: () => folderApi.list(ws), staleTime: Number.POSITIVE_INFINITY });

/** Paths of all folders one may know of, those of private jobs too, for fields where one is named. */
export function useFolderPaths(ws: string): string[] {
  const { data: folders } = useFolders(ws);
  const jobs = useJobs(ws);
  return useMemo(
    () =>
      [...new Set([...(folders ?? []).map(({ path }) => path), ...Object.values(jobs ?? {}).flatMap(({ folder }) => folder ?? [])])].sort(),
    [folders, jobs],
  );
}

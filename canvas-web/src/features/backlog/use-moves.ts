/** Putting jobs and folders elsewhere: at once on screen, in turn at the server, and back where the server refuses. */
import { useQueryClient } from '@tanstack/react-query';
import { generateNKeysBetween } from 'fractional-indexing';
import { useCallback } from 'react';
import { api } from '@/api/calls';
import { folderApi } from '@/api/folders';
import { useKeepJob } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Folder, Job, PatchFolder } from '@/api/types';
import type { ById } from '@/live/feed';
import { type BulkRun, runBulk } from './bulk';
import { inOrder } from './tree';

/** Where jobs go: into a folder, behind or before one of its jobs, else behind all of them. */
export interface JobPlace {
  folder: string;
  after?: Job;
  before?: Job;
}

/** Positions between the neighbours of the place, for as long as the server's are not known. */
function positionsAt(others: readonly Job[], place: JobPlace, count: number): string[] | undefined {
  const at = place.before ? others.indexOf(place.before) : place.after ? others.indexOf(place.after) + 1 : others.length;
  try {
    return generateNKeysBetween(others[at - 1]?.position ?? null, others[at]?.position ?? null, count);
  } catch {
    // Two that stand at one position; the server's answer tells the place.
    return undefined;
  }
}

export function useMoves(ws: string) {
  const cache = useQueryClient();
  const keep = useKeepJob(ws);

  const show = useCallback(
    (changed: ReadonlyMap<string, Partial<Job>>, version: (id: string) => number | undefined) =>
      cache.setQueryData<ById<Job>>(keys.jobs(ws), (jobs) => {
        const next = { ...jobs };
        for (const [id, part] of changed) {
          const now = next[id];
          if (now && now.version === version(id)) {
            next[id] = { ...now, ...part };
          }
        }
        return next;
      }),
    [cache, ws],
  );

  const placeJobs = useCallback(
    async (moved: readonly Job[], place: JobPlace, onProgress: (run: BulkRun) => void): Promise<BulkRun> => {
      const all = Object.values(cache.getQueryData<ById<Job>>(keys.jobs(ws)) ?? {});
      const ids = new Set(moved.map(({ id }) => id));
      const others = all.filter((job) => (job.folder ?? '') === place.folder && !ids.has(job.id)).sort(inOrder);
      const positions = positionsAt(others, place, moved.length);
      const version = new Map(moved.map((job) => [job.id, job.version]));
      const folder = place.folder || null;
      show(new Map(moved.map((job, at) => [job.id, { folder, position: positions?.[at] ?? job.position }])), (id) => version.get(id));
      const last = place.after ?? (place.before ? undefined : others.at(-1));
      let beside = last ? { after: last.id } : place.before ? { before: place.before.id } : {};
      const run = await runBulk(
        'moved',
        moved,
        async (job) => {
          const into = (job.folder ?? '') === place.folder ? {} : { folder: place.folder };
          keep(await api.patchJob(job.id, { ...into, ...beside, if_version: job.version }));
          beside = { after: job.id };
        },
        { inTurn: true, onProgress },
      );
      show(new Map(run.refused.map(({ job }) => [job.id, { folder: job.folder ?? null, position: job.position }])), (id) =>
        version.get(id),
      );
      return run;
    },
    [cache, ws, keep, show],
  );

  const patchFolder = useCallback(
    async (folder: Folder, body: PatchFolder) => {
      const after = await folderApi.patch(ws, folder.id, body);
      cache.setQueryData<Folder[]>(keys.folders(ws), (all) => all?.map((each) => (each.id === after.id ? after : each)));
      await cache.invalidateQueries({ queryKey: keys.folders(ws) });
      return after;
    },
    [cache, ws],
  );

  const makeFolder = useCallback(
    async (path: string) => {
      const made = await folderApi.create(ws, path);
      cache.setQueryData<Folder[]>(keys.folders(ws), (all) => [...(all ?? []).filter(({ id }) => id !== made.id), made]);
      void cache.invalidateQueries({ queryKey: keys.folders(ws) });
      return made;
    },
    [cache, ws],
  );

  const removeFolder = useCallback(
    async (folder: Folder) => {
      await folderApi.remove(ws, folder.id);
      await cache.invalidateQueries({ queryKey: keys.folders(ws) });
    },
    [cache, ws],
  );

  return { placeJobs, patchFolder, makeFolder, removeFolder };
}

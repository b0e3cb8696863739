/** The acts of the bar: each is one command or change per job, with the version that was on screen (JOB-7). */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { api } from '@/api/calls';
import { isJob, useJobCommands } from '@/api/commands';
import { useKeepJob } from '@/api/hooks';
import { keys } from '@/api/keys';
import { ApiProblem } from '@/api/problem';
import type { CommandName, Job, PatchJob, Priority } from '@/api/types';
import { type ById, without } from '@/live/feed';
import { priorityWords } from '@/shared/lib/words';
import { type BulkRun, runBulk } from './bulk';

export function useBulkActs(ws: string, onProgress: (run: BulkRun) => void) {
  const cache = useQueryClient();
  const keep = useKeepJob(ws);
  const { command } = useJobCommands(ws);

  const patch = useCallback(
    async (job: Job, body: PatchJob) => {
      try {
        keep(await api.patchJob(job.id, { ...body, if_version: job.version }));
      } catch (error) {
        if (error instanceof ApiProblem && isJob(error.current)) {
          keep(error.current);
        }
        throw error;
      }
    },
    [keep],
  );

  return useMemo(() => {
    const commands = (words: string, name: CommandName) => (jobs: readonly Job[]) =>
      runBulk(words, jobs, (job) => command(job, name), { onProgress });
    return {
      ready: commands('made ready', 'ready'),
      unready: commands('put back', 'unready'),
      cancel: commands('canceled', 'cancel'),
      priority: (jobs: readonly Job[], priority: Priority) =>
        runBulk(`given priority ${priorityWords[priority]}`, jobs, (job) => patch(job, { priority }), { onProgress }),
      owner: (jobs: readonly Job[], owner: { id: string; name: string }) =>
        runBulk(`given to ${owner.name}`, jobs, (job) => patch(job, { owner: owner.id }), { onProgress }),
      domains: (jobs: readonly Job[], added: readonly string[], removed: readonly string[]) =>
        runBulk(
          'labelled',
          jobs,
          (job) =>
            patch(job, { domains: [...job.domains.filter((domain) => !removed.includes(domain) && !added.includes(domain)), ...added] }),
          { onProgress },
        ),
      remove: (jobs: readonly Job[]) =>
        runBulk(
          'deleted',
          jobs,
          async (job) => {
            await api.deleteJob(job.id);
            cache.setQueryData<ById<Job>>(keys.jobs(ws), (all) => without(all ?? {}, job.id));
          },
          { onProgress },
        ),
    };
  }, [cache, ws, command, patch, onProgress]);
}

export type BulkActs = ReturnType<typeof useBulkActs>;

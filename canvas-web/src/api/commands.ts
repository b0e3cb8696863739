import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { type ById, withJob } from '@/live/feed';
import { toastProblem } from '@/shared/ui/toast';
import { api } from './calls';
import { keys } from './keys';
import { ApiProblem } from './problem';
import type { CommandBody, CommandName, Job, JobState } from './types';

/** The command that brings a job to a state by hand. */
export function moveCommand(job: Pick<Job, 'kind' | 'state'>, to: JobState): { name: CommandName; body: CommandBody } {
  if (job.kind === 'user') {
    return { name: 'move', body: { state: to } };
  }
  return { name: to === 'backlog' ? 'unready' : job.state === 'failed' ? 'retry' : 'ready', body: {} };
}

export function isJob(value: unknown): value is Job {
  return typeof value === 'object' && value !== null && 'id' in value && 'version' in value && 'state' in value;
}

/** Commands name the version that was on screen; a refusal for a newer one brings that one along (JOB-7). */
export function useJobCommands(ws: string) {
  const cache = useQueryClient();
  const keep = useCallback((job: Job) => cache.setQueryData<ById<Job>>(keys.jobs(ws), (jobs) => withJob(jobs ?? {}, job)), [cache, ws]);

  /** Runs a command and keeps the answer. The refusal is thrown for the caller to show in place. */
  const command = useCallback(
    async (job: Job, name: CommandName, body: CommandBody = {}): Promise<Job> => {
      try {
        const after = await api.command(job.id, name, { if_version: job.version, ...body });
        keep(after);
        return after;
      } catch (error) {
        if (error instanceof ApiProblem && isJob(error.current)) {
          keep(error.current);
        }
        throw error;
      }
    },
    [keep],
  );

  /** Moves a card at once on screen, and back again when the server refuses. */
  const move = useCallback(
    async (job: Job, to: JobState) => {
      const show = (state: JobState) =>
        cache.setQueryData<ById<Job>>(keys.jobs(ws), (jobs) => {
          const now = jobs?.[job.id];
          return now && now.version === job.version ? { ...jobs, [job.id]: { ...now, state } } : jobs;
        });
      show(to);
      const { name, body } = moveCommand(job, to);
      try {
        await command(job, name, body);
      } catch (error) {
        show(job.state);
        toastProblem(`#${job.number} was not moved`, error);
      }
    },
    [cache, ws, command],
  );

  return { command, move, keep };
}

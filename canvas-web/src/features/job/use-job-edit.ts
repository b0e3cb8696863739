import { useState } from 'react';
import { api } from '@/api/calls';
import { isJob } from '@/api/commands';
import { useKeepJob } from '@/api/hooks';
import { ApiProblem } from '@/api/problem';
import type { Job, PatchJob } from '@/api/types';

type Field = Exclude<keyof PatchJob, 'if_version' | 'owner' | 'after' | 'before'>;

/** Whether somebody else changed one of the fields about to be saved. A new version alone, such as by the agent's progress, is no conflict. */
export function collides(patch: PatchJob, from: Job, current: Job): boolean {
  return Object.keys(patch).some((field) => {
    const key = field === 'owner' ? 'owner' : (field as Field);
    return JSON.stringify(from[key] ?? null) !== JSON.stringify(current[key] ?? null);
  });
}

/** Saves changes on top of the version they were made on; a real collision is shown, and never overwritten silently (JOB-7). */
export function useJobEdit(ws: string, job: Job) {
  const keep = useKeepJob(ws);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  /** Rises when a conflict is settled either way. */
  const [settled, setSettled] = useState(0);
  const [conflict, setConflict] = useState<{ patch: PatchJob; current: Job }>();

  const send = async (patch: PatchJob, from: Job, again: boolean): Promise<boolean> => {
    try {
      keep(await api.patchJob(job.id, { ...patch, if_version: from.version }));
      return true;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 409 && isJob(error.current)) {
        keep(error.current);
        if (again && !collides(patch, from, error.current)) {
          return send(patch, error.current, false);
        }
        setConflict({ patch, current: error.current });
        return false;
      }
      throw error;
    }
  };

  const save = async (patch: PatchJob, from: Job = job): Promise<boolean> => {
    setBusy(true);
    setProblem(undefined);
    setConflict(undefined);
    try {
      return await send(patch, from, true);
    } catch (error) {
      setProblem(error);
      return false;
    } finally {
      setBusy(false);
    }
  };

  return {
    busy,
    problem,
    conflict,
    settled,
    save,
    overwrite: async () => {
      if (conflict && (await save(conflict.patch, conflict.current))) {
        setSettled(settled + 1);
      }
    },
    dismiss: () => {
      setConflict(undefined);
      setSettled(settled + 1);
    },
  };
}

import { useCallback, useState } from 'react';
import { api } from '@/api/calls';
import { isJob } from '@/api/commands';
import { useKeepJob } from '@/api/hooks';
import { ApiProblem } from '@/api/problem';
import type { Job, PatchJob } from '@/api/types';

export type EditedField = Exclude<keyof PatchJob, 'if_version' | 'after' | 'before'>;
type Changes = Omit<PatchJob, 'if_version' | 'after' | 'before'>;

/** The job as it was when somebody began to edit it: its version, and at least the fields they change. */
export type Seen = Pick<Job, 'version'> & Partial<Job>;

/** A field's value as a patch names it. */
export function fieldOf(job: Partial<Job>, field: EditedField): unknown {
  return (field === 'owner' ? job.owner?.id : job[field]) ?? null;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * Fields about to be saved that somebody else changed meanwhile, to something else than what is about to be saved. A new version alone, such
 * as by the agent's progress, is no conflict.
 */
export function clashes(patch: Changes, from: Seen, current: Job): EditedField[] {
  return (Object.keys(patch) as EditedField[]).filter((field) => {
    const theirs = fieldOf(current, field);
    return !same(fieldOf(from, field), theirs) && !same(patch[field] === '' ? null : patch[field], theirs);
  });
}

/** Changes that met others': what both sides said, field by field. */
export interface Conflict {
  mine: Changes;
  current: Job;
  fields: EditedField[];
}

export type Save = (patch: Changes, from?: Seen) => Promise<boolean>;

/** Saves changes on top of the version they were made on; what somebody else changed too is shown, and never overwritten silently (JOB-7). */
export function useJobEdit(ws: string, job: Job) {
  const keep = useKeepJob(ws);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const [conflict, setConflict] = useState<Conflict>();

  const send = useCallback(
    async (patch: Changes, from: Seen, tries: number): Promise<void> => {
      try {
        keep(await api.patchJob(job.id, { ...patch, if_version: from.version }));
      } catch (error) {
        if (!(error instanceof ApiProblem && error.status === 409 && isJob(error.current))) {
          throw error;
        }
        const current = error.current;
        keep(current);
        const fields = clashes(patch, from, current);
        const free = Object.fromEntries(Object.entries(patch).filter(([field]) => !fields.includes(field as EditedField)));
        if (fields.length > 0) {
          const mine = Object.fromEntries(fields.map((field) => [field, patch[field]]));
          setConflict((before) => ({
            mine: { ...before?.mine, ...mine },
            current,
            fields: [...new Set([...(before?.fields ?? []), ...fields])],
          }));
        }
        // What nobody else touched is saved all the same.
        if (Object.keys(free).length > 0 && tries > 0) {
          await send(free, current, tries - 1);
        }
      }
    },
    [job.id, keep],
  );

  /** False when it could not be saved; a conflict counts as saved, since it keeps what was typed until it is settled. */
  const save = useCallback<Save>(
    async (patch, from = job) => {
      setBusy(true);
      setProblem(undefined);
      try {
        await send(patch, from, 3);
        return true;
      } catch (error) {
        setProblem(error);
        return false;
      } finally {
        setBusy(false);
      }
    },
    [job, send],
  );

  return {
    busy,
    problem,
    conflict,
    save,
    /** Settles the conflict: the fields in `mine` are saved over what is there now, the others stay theirs. */
    settle: async (mine: readonly EditedField[]) => {
      if (!conflict) {
        return;
      }
      const patch = Object.fromEntries(mine.map((field) => [field, conflict.mine[field]]));
      setConflict(undefined);
      if (mine.length > 0 && !(await save(patch, conflict.current))) {
        setConflict(conflict);
      }
    },
  };
}

export type JobEdit = ReturnType<typeof useJobEdit>;

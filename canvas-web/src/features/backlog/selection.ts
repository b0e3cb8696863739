/** Which rows are chosen: as lists of files do it everywhere. */
import type { Row } from './tree';

export interface Selection {
  chosen: ReadonlySet<string>;
  /** Where a range begins. */
  anchor: string | undefined;
}

export const nothing: Selection = { chosen: new Set(), anchor: undefined };

const jobKeys = (rows: readonly Row[]): string[] => rows.flatMap((row) => (row.kind === 'job' ? [row.key] : []));

export const only = (key: string): Selection => ({ chosen: new Set([key]), anchor: key });

/** Takes these in, or out when all of them are in. */
export function toggled(selection: Selection, keys: readonly string[]): Selection {
  const chosen = new Set(selection.chosen);
  const all = keys.every((key) => chosen.has(key));
  for (const key of keys) {
    if (all) {
      chosen.delete(key);
    } else {
      chosen.add(key);
    }
  }
  return { chosen, anchor: keys.at(-1) ?? selection.anchor };
}

/** From the anchor to this row; `added` keeps what was chosen before. */
export function ranged(selection: Selection, rows: readonly Row[], to: string, added: boolean): Selection {
  const end = rows.findIndex((row) => row.key === to);
  const start = rows.findIndex((row) => row.key === selection.anchor);
  if (end < 0) {
    return selection;
  }
  const from = start < 0 ? end : start;
  const range = jobKeys(rows.slice(Math.min(from, end), Math.max(from, end) + 1));
  return { chosen: new Set([...(added ? selection.chosen : []), ...range]), anchor: start < 0 ? to : selection.anchor };
}

export const everything = (rows: readonly Row[], anchor: string | undefined): Selection => ({ chosen: new Set(jobKeys(rows)), anchor });

/** Without what is no longer there. */
export function kept(selection: Selection, exists: (key: string) => boolean): Selection {
  const chosen = [...selection.chosen].filter(exists);
  return chosen.length === selection.chosen.size ? selection : { ...selection, chosen: new Set(chosen) };
}

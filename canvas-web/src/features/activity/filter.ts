import type { ActivityFilter } from '@/api/inbox';
import type { ActivityKind } from '@/api/types';
import { kinds } from './words';

/** What of Activity is shown: part of the page's address. */
export interface ActivitySearch {
  by?: string;
  kind?: ActivityKind;
  /** Number of a job. */
  job?: number;
  /** The last so many days. */
  days?: number;
  /** From this day on, `2026-11-20`. */
  from?: string;
  /** To the end of this day. */
  to?: string;
}

const day = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

export const periods = [1, 7, 30] as const;

export function parseSearch(search: Record<string, unknown>): ActivitySearch {
  return {
    by: typeof search.by === 'string' ? search.by : undefined,
    kind: kinds.find((kind) => kind === search.kind),
    job: Number.isSafeInteger(search.job) && (search.job as number) > 0 ? (search.job as number) : undefined,
    days: periods.find((days) => days === search.days),
    from: day(search.from),
    to: day(search.to),
  };
}

/** Midnight here, so many days after the day. */
function midnight(text: string, after = 0): string {
  const [year = 0, month = 1, date = 1] = text.split('-').map(Number);
  return new Date(year, month - 1, date + after).toISOString();
}

/** The days of `days` begin at midnight, so that the same filter asks the same all day. */
export function filterOf(search: ActivitySearch, job: string | undefined, now: Date): ActivityFilter {
  const since = search.days && new Date(now.getFullYear(), now.getMonth(), now.getDate() - search.days + 1).toISOString();
  return {
    by: search.by,
    kind: search.kind,
    job,
    from: since || (search.from && midnight(search.from)),
    to: search.days ? undefined : search.to && midnight(search.to, 1),
  };
}

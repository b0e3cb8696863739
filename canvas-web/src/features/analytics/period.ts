/** The chosen period, as it stands in the address: the last so many days, or two dates, both included. */
export interface PeriodChoice {
  days?: number;
  from?: string;
  to?: string;
}

export const lengths = [7, 30, 90] as const;
const usual = 30;

/** The server looks at 400 days at most. */
const MOST_DAYS = 400;

const date = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

export function parsePeriod(search: Record<string, unknown>): PeriodChoice {
  const [from, to] = [date(search.from), date(search.to)];
  if (from !== undefined && to !== undefined) {
    return { from, to };
  }
  return { days: lengths.find((days) => days === search.days) };
}

export interface Period {
  readonly from: Date;
  /** The midnight after its last day. */
  readonly to: Date;
  readonly days: number;
}

/** Midnight here of a day that is so many after the one of `at`. Days of 23 and 25 hours count as one. */
function midnight(at: Date, days = 0): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days);
}

const local = (text: string): Date => {
  const [year = 1970, month = 1, day = 1] = text.split('-').map(Number);
  return new Date(year, month - 1, day);
};

/** The period in the browser's time zone; a sentence when it is none. */
export function periodOf(choice: PeriodChoice, now: Date): Period | string {
  if (choice.from !== undefined && choice.to !== undefined) {
    const [from, to] = [local(choice.from), midnight(local(choice.to), 1)];
    const days = Math.round((to.getTime() - from.getTime()) / 86_400_000);
    if (days < 1) {
      return 'The first day is after the last one.';
    }
    return days > MOST_DAYS ? `A period has at most ${MOST_DAYS} days.` : { from, to, days };
  }
  const days = choice.days ?? usual;
  return { from: midnight(now, 1 - days), to: midnight(now, 1), days };
}

/** A day as a date field has it. */
export const dateText = (day: Date): string =>
  `${String(day.getFullYear()).padStart(4, '0')}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;

/** How far the clock here is ahead of UTC, in minutes. */
export const offsetAt = (at: Date): string => String(-at.getTimezoneOffset());

import { compact } from '@/shared/lib/words';

/** `4 h`, `2.5 d`: as short as it still says something. */
export function spanWords(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) {
    return '–';
  }
  const minutes = ms / 60_000;
  if (minutes < 1) {
    const seconds = ms / 1000;
    return `${seconds >= 10 || seconds === 0 ? Math.round(seconds) : seconds.toFixed(1).replace(/\.0$/, '')} s`;
  }
  if (minutes < 90) {
    return `${Math.round(minutes)} min`;
  }
  const hours = minutes / 60;
  if (hours < 36) {
    return `${hours.toFixed(hours < 10 ? 1 : 0).replace(/\.0$/, '')} h`;
  }
  return `${(hours / 24).toFixed(hours < 240 ? 1 : 0).replace(/\.0$/, '')} d`;
}

export const moneyWords = (usd: number): string => `$${usd < 1000 ? usd.toFixed(2) : compact(usd)}`;

export const percentWords = (part: number | null | undefined): string =>
  part === null || part === undefined ? '–' : `${Math.round(part * 100)} %`;

export const average = (value: number): string => (value >= 10 ? String(Math.round(value)) : value.toFixed(1));

export interface Change {
  readonly words: string;
  /** Whether it is for the better; neither when it is neither. */
  readonly good: boolean | undefined;
}

/** How a figure stands against the one of the period before. `up` says whether more is better. */
export function changeOf(
  now: number | null | undefined,
  before: number | null | undefined,
  up: 'good' | 'bad' | 'neither',
  words: (value: number) => string,
): Change | undefined {
  if (now === null || now === undefined || before === null || before === undefined || (now === 0 && before === 0)) {
    return undefined;
  }
  if (words(now) === words(before)) {
    return { words: `as before`, good: undefined };
  }
  const good = up === 'neither' ? undefined : now > before === (up === 'good');
  const share = before > 0 ? Math.round((now / before - 1) * 100) : undefined;
  const percent = share === undefined || Math.abs(share) > 999 ? '' : `${share > 0 ? '+' : '−'}${Math.abs(share)} %, `;
  return { words: `${percent}before ${words(before)}`, good };
}

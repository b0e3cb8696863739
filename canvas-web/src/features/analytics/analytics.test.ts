import { describe, expect, test } from 'vitest';
import { dateText, parsePeriod, periodOf } from './period';
import { changeOf, percentWords, spanWords } from './words';

describe('the period', () => {
  const now = new Date(2026, 2, 31, 15, 30);

  test('ANA-1: is days by the clock here, today among them', () => {
    const period = periodOf({ days: 7 }, now);
    expect(period).toEqual({ from: new Date(2026, 2, 25), to: new Date(2026, 3, 1), days: 7 });
    expect(periodOf({}, now)).toMatchObject({ days: 30 });
  });

  test('ANA-1: or two dates, both included, over a change of the clock as well', () => {
    const period = periodOf({ from: '2026-03-28', to: '2026-03-30' }, now);
    expect(period).toEqual({ from: new Date(2026, 2, 28), to: new Date(2026, 2, 31), days: 3 });
    expect(periodOf({ from: '2026-03-02', to: '2026-03-01' }, now)).toContain('after');
    expect(periodOf({ from: '2020-03-02', to: '2026-03-01' }, now)).toContain('400');
    expect(dateText(new Date(2026, 0, 5))).toBe('2026-01-05');
  });

  test('ANA-1: whatever an address says is one of them', () => {
    expect(parsePeriod({ days: 90 })).toEqual({ days: 90 });
    expect(parsePeriod({ days: 12, from: '2026-01-01' })).toEqual({ days: undefined });
    expect(parsePeriod({ from: '2026-01-01', to: '2026-01-31' })).toEqual({ from: '2026-01-01', to: '2026-01-31' });
    expect(parsePeriod({ from: 'x', to: '2026-13-44' })).toEqual({ days: undefined });
  });
});

test('ANA-1: times are told as short as they still say something', () => {
  const hour = 3_600_000;
  expect([0, 4000, hour / 2, 1.25 * hour, 5 * hour, 30 * hour, 60 * hour, 400 * hour].map(spanWords)).toEqual([
    '0 s',
    '4 s',
    '30 min',
    '75 min',
    '5 h',
    '30 h',
    '2.5 d',
    '17 d',
  ]);
  expect([spanWords(null), percentWords(undefined), percentWords(0.955)]).toEqual(['–', '–', '96 %']);
});

test('ANA-1: a figure is told against the one before', () => {
  expect(changeOf(12, 8, 'good', String)).toEqual({ words: '+50 %, before 8', good: true });
  expect(changeOf(6, 8, 'good', String)).toEqual({ words: '−25 %, before 8', good: false });
  expect(changeOf(6, 8, 'bad', String)?.good).toBe(true);
  expect(changeOf(6, 0, 'neither', String)).toEqual({ words: 'before 0', good: undefined });
  expect(changeOf(6, 6, 'good', String)).toEqual({ words: 'as before', good: undefined });
  expect(changeOf(0, 0, 'good', String)).toBeUndefined();
  expect(changeOf(null, 3, 'good', String)).toBeUndefined();
});

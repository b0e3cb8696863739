import { describe, expect, test } from 'vitest';
import type { LogEntry } from '@/api/types';
import { entries } from '@/test/samples';
import { LogPages, PAGE, pageOf } from './pages';

const lines = (from: number, to: number): LogEntry[] =>
  entries(
    Array.from({ length: to - from + 1 }, (_, at) => ({ kind: 'system' as const, text: `${from + at}` })),
    from,
  );
const shape = (pages: LogPages) => pages.view().map((row) => (row.kind === 'gap' ? `gap ${row.from}-${row.to}` : row.seq));

describe('pages of a log', () => {
  test('show what is not loaded as gaps around what is', () => {
    const pages = new LogPages();
    pages.add(lines(999_801, 1_000_000), 1_000_000);
    pages.add(lines(400 * PAGE + 1, 400 * PAGE + PAGE), 1_000_000);
    const view = shape(pages);
    expect(view[0]).toBe('gap 0-399');
    expect(view[1]).toBe(400 * PAGE + 1);
    expect(view[1 + PAGE]).toBe('gap 401-4998');
    expect(view.at(-1)).toBe(1_000_000);
  });

  test('go on growing at the end without a gap or a repeat', () => {
    const pages = new LogPages();
    pages.add(lines(1, 150), 150);
    pages.add(lines(140, 320), 0);
    expect(shape(pages)).toEqual(lines(1, 320).map(({ seq }) => seq));
    expect(pages.tail).toBe(320);
  });

  test('never hold a page with a hole: it is asked for again instead', () => {
    const pages = new LogPages();
    pages.add(lines(1, 10), 10);
    pages.add(lines(15, 20), 20);
    expect(pages.isComplete(0)).toBe(false);
    expect(pages.missingFrom(0)).toBe(11);
    pages.add(lines(11, 20), 20);
    expect(pages.isComplete(0)).toBe(true);
    expect(shape(pages)).toHaveLength(20);
  });

  test('join words across the border of two pages', () => {
    const pages = new LogPages();
    pages.add(entries(Array.from({ length: 300 }, () => ({ kind: 'text' as const, text: 'a' }))), 300);
    expect(pages.view()).toMatchObject([{ kind: 'text', seq: 1, last: 300 }]);
  });

  test('forget what is far away, but not the end', () => {
    const pages = new LogPages();
    for (let page = 0; page < 100; page++) {
      pages.add(lines(page * PAGE + 1, (page + 1) * PAGE), 100 * PAGE);
    }
    pages.evict(10);
    expect(pages.loadedPages).toBe(40);
    expect(pages.isComplete(10)).toBe(true);
    expect(pages.isComplete(pageOf(100 * PAGE))).toBe(true);
    expect(pages.isComplete(80)).toBe(false);
  });

  test('keep the rows of parts that did not change', () => {
    const pages = new LogPages();
    pages.add(lines(1, 200), 1000);
    const before = pages.view();
    pages.add(lines(801, 1000), 1000);
    const after = pages.view();
    expect(after[0]).toBe(before[0]);
  });
});

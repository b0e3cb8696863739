/** Which parts of a log are in memory. Pure bookkeeping: pages of entries, and the gaps between them. */
import type { LogEntry } from '@/api/types';
import { assemble, type Row } from './assemble';

export const PAGE = 200;
/** Pages kept in memory; those farthest from what is looked at go first. */
const MOST_PAGES = 40;

export interface Gap {
  kind: 'gap';
  key: string;
  seq: number;
  last: number;
  /** Pages left out, first and last. */
  from: number;
  to: number;
}

export type ViewRow = Row | Gap;

export const pageOf = (seq: number): number => Math.floor((seq - 1) / PAGE);

export class LogPages {
  head = 0;
  private readonly pages = new Map<number, LogEntry[]>();
  private known: ReadonlyMap<string, Row> = new Map();
  private segments = new Map<string, { of: LogEntry[][]; sizes: string; rows: Row[] }>();

  /** Takes entries in order. What would leave a hole inside a page is left out: the page is asked for again when it is looked at. */
  add(items: readonly LogEntry[], head: number) {
    this.head = Math.max(this.head, head, items[items.length - 1]?.seq ?? 0);
    for (const item of items) {
      const at = pageOf(item.seq);
      const page = this.pages.get(at);
      const next = at * PAGE + (page?.length ?? 0) + 1;
      if (item.seq === next) {
        if (page) {
          page.push(item);
        } else {
          this.pages.set(at, [item]);
        }
      }
    }
  }

  /** Everything of a page that exists so far is here. */
  isComplete(page: number): boolean {
    const expected = Math.min(PAGE, this.head - page * PAGE);
    return (this.pages.get(page)?.length ?? 0) >= expected;
  }

  /** First entry of the page that is missing. */
  missingFrom(page: number): number {
    return page * PAGE + (this.pages.get(page)?.length ?? 0) + 1;
  }

  /** Last entry that is here without a hole up to the end, to go on from; 0 when the end is not here. */
  get tail(): number {
    const last = this.pages.get(pageOf(this.head));
    return last?.[last.length - 1]?.seq ?? 0;
  }

  get loadedPages(): number {
    return this.pages.size;
  }

  /** Forgets pages far from `centre`, but never the end. */
  evict(centre: number) {
    if (this.pages.size <= MOST_PAGES) {
      return;
    }
    const end = pageOf(this.head);
    const farthest = [...this.pages.keys()].filter((page) => page !== end).sort((a, b) => Math.abs(b - centre) - Math.abs(a - centre));
    for (const page of farthest.slice(0, this.pages.size - MOST_PAGES)) {
      this.pages.delete(page);
    }
  }

  /** What to show, from the first entry to the last, with gaps for what is not here. */
  view(): ViewRow[] {
    const rows: ViewRow[] = [];
    const loaded = [...this.pages.keys()].sort((a, b) => a - b);
    const lastPage = this.head > 0 ? pageOf(this.head) : -1;
    const kept = new Map<string, Row>();
    const segments = new Map<string, { of: LogEntry[][]; sizes: string; rows: Row[] }>();
    let next = 0;
    const gap = (from: number, to: number) => {
      if (from <= to) {
        rows.push({ kind: 'gap', key: `gap:${from}`, seq: from * PAGE + 1, last: Math.min(this.head, (to + 1) * PAGE), from, to });
      }
    };
    for (let i = 0; i < loaded.length; ) {
      const start = loaded[i] as number;
      gap(next, start - 1);
      const run: LogEntry[][] = [];
      let page = start;
      while (i < loaded.length && loaded[i] === page) {
        run.push(this.pages.get(page) as LogEntry[]);
        i += 1;
        page += 1;
        if ((run[run.length - 1]?.length ?? 0) < PAGE) {
          break;
        }
      }
      const id = String(start);
      const sizes = run.map((entries) => entries.length).join();
      const former = this.segments.get(id);
      const same = former && former.sizes === sizes && former.of.every((entries, at) => entries === run[at]);
      const assembled = same ? former.rows : assemble(entriesOf(run), this.known);
      segments.set(id, { of: run, sizes, rows: assembled });
      for (const row of assembled) {
        kept.set(row.key, row);
        rows.push(row);
      }
      next = page;
    }
    gap(next, lastPage);
    this.known = kept;
    this.segments = segments;
    return rows;
  }
}

function* entriesOf(pages: LogEntry[][]): Iterable<LogEntry> {
  for (const page of pages) {
    yield* page;
  }
}

import { api } from '@/api/calls';
import type { LogPage } from '@/api/types';
import { backoff } from '@/live/feed';
import { LogPages, PAGE, pageOf, type ViewRow } from './pages';

export interface LogSnapshot {
  rows: readonly ViewRow[];
  head: number;
  /** The first page is there. */
  opened: boolean;
  /** The live stream is broken and tried again. */
  broken: boolean;
  error: unknown;
}

function isLogPage(value: unknown): value is LogPage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'items' in value &&
    Array.isArray(value.items) &&
    'head' in value &&
    typeof value.head === 'number'
  );
}

/** The log of one attempt: its end first, other pages as they are looked at, and what is written meanwhile. */
export class LogSource {
  private readonly pages = new LogPages();
  private readonly listeners = new Set<() => void>();
  private readonly asked = new Set<number>();
  private readonly abort = new AbortController();
  private snapshot: LogSnapshot = { rows: [], head: 0, opened: false, broken: false, error: undefined };
  private socket: WebSocket | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private tick: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private centre = 0;
  private live = false;

  constructor(
    private readonly attempt: string,
    /** Where the log was last known to end. */
    private readonly expected: number,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly read = (): LogSnapshot => this.snapshot;

  async open(live: boolean) {
    this.live = live;
    try {
      const first = await this.fetch(pageOf(Math.max(1, this.expected)) * PAGE + 1);
      this.pages.add(first.items, first.head);
      const end = pageOf(Math.max(1, this.pages.head));
      const wanted = [end - 1, end].filter((page) => page >= 0 && this.pages.head > 0 && !this.pages.isComplete(page));
      for (const page of await Promise.all(wanted.map((page) => this.fetch(this.pages.missingFrom(page))))) {
        this.pages.add(page.items, page.head);
      }
      this.failures = 0;
      this.centre = end;
      this.publish({ opened: true, error: undefined });
      this.connect();
    } catch (error) {
      if (!this.abort.signal.aborted) {
        this.publish({ error });
      }
    }
  }

  close() {
    this.abort.abort();
    clearTimeout(this.retry);
    clearTimeout(this.tick);
    this.socket?.close();
    this.socket = undefined;
  }

  /** The attempt ended at `head`: nothing comes any more, but what was missed is fetched. */
  ended(head: number) {
    this.live = false;
    this.pages.head = Math.max(this.pages.head, head);
    if (this.pages.head > 0 && this.snapshot.opened) {
      this.want(pageOf(this.pages.head), pageOf(this.pages.head));
    }
  }

  /** Loads the pages `from`…`to` unless they are here. */
  want(from: number, to: number) {
    this.centre = Math.round((from + to) / 2);
    for (let page = Math.max(0, from); page <= to; page++) {
      if (!this.asked.has(page) && !this.pages.isComplete(page)) {
        this.asked.add(page);
        this.fetch(this.pages.missingFrom(page))
          .then((found) => {
            this.pages.add(found.items, found.head);
            this.publishSoon();
          })
          .catch((error: unknown) => !this.abort.signal.aborted && this.publish({ error }))
          .finally(() => this.asked.delete(page));
      }
    }
  }

  private fetch(from: number): Promise<LogPage> {
    return api.log(this.attempt, from, PAGE - ((from - 1) % PAGE), this.abort.signal);
  }

  private connect() {
    if (!this.live || this.abort.signal.aborted || this.socket) {
      return;
    }
    const url = new URL(`/api/v1/attempts/${this.attempt}/log/live`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('from', String(this.pages.head + 1));
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.publish({ broken: false });
    };
    socket.onmessage = ({ data }) => {
      try {
        const page: unknown = JSON.parse(String(data));
        if (isLogPage(page)) {
          // The stream tells where it is; the head rises with what has arrived, so that nothing is skipped on the way to the end.
          this.pages.add(page.items, 0);
          this.publishSoon();
        }
      } catch {
        // Not a message of this stream.
      }
    };
    socket.onclose = () => {
      this.socket = undefined;
      if (!this.live || this.abort.signal.aborted) {
        return;
      }
      this.failures += 1;
      this.publish({ broken: this.failures > 1 });
      this.retry = setTimeout(() => this.connect(), backoff(this.failures, Math.random()));
    };
  }

  /** At most one redraw per frame, however many entries come. */
  private publishSoon() {
    this.tick ??= setTimeout(() => this.publish({}), 16);
  }

  private publish(part: Partial<LogSnapshot>) {
    clearTimeout(this.tick);
    this.tick = undefined;
    this.pages.evict(this.centre);
    this.snapshot = { ...this.snapshot, ...part, rows: this.pages.view(), head: this.pages.head };
    for (const listener of this.listeners) {
      listener();
    }
  }
}

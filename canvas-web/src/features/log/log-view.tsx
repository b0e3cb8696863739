import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ChevronDown, ChevronUp, Search, WifiOff, X } from 'lucide-react';
import {
  useCallback,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { Attempt } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { rowAt } from './assemble';
import { LogRow } from './log-row';
import { LogSource } from './log-source';
import { pageOf, type ViewRow } from './pages';
import { searchable } from './searchable';

/** Browsers stop counting pixels somewhere above 16 million, so that a long gap is drawn shorter than it is. */
const MOST_PIXELS = 8_000_000;
const PAGE_PIXELS = 1_400;

const guess: Record<ViewRow['kind'], number> = {
  gap: PAGE_PIXELS,
  text: 80,
  thought: 32,
  output: 160,
  system: 26,
  message: 60,
  tool: 38,
  plan: 90,
  request: 90,
  answer: 30,
  usage: 24,
};

interface Props {
  attempt: Attempt;
  /** Entry to show first, from the address. */
  target?: number;
  onLink: (seq: number | undefined) => void;
}

export function LogView({ attempt, target, onLink }: Props) {
  const [source, setSource] = useState<LogSource>();
  const [round, retry] = useReducer((count: number) => count + 1, 0);
  const running = attempt.ended_at == null;
  // Where the log ended and whether it grows is read once when it opens; afterwards the live stream and `ended` tell.
  const atOpening = useRef({ head: attempt.log_head, running });
  atOpening.current = { head: attempt.log_head, running };
  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` opens it again after a failure
  useEffect(() => {
    const opened = new LogSource(attempt.id, atOpening.current.head);
    setSource(opened);
    void opened.open(atOpening.current.running);
    return () => opened.close();
  }, [attempt.id, round]);
  return source ? (
    <OpenLog
      key={`${attempt.id}:${round}`}
      source={source}
      running={running}
      head={attempt.log_head}
      target={target}
      onLink={onLink}
      onRetry={retry}
    />
  ) : null;
}

interface OpenProps {
  source: LogSource;
  running: boolean;
  head: number;
  target?: number;
  onLink: (seq: number | undefined) => void;
  onRetry: () => void;
}

function OpenLog({ source, running, head: endedAt, target, onLink, onRetry }: OpenProps) {
  const { rows, head, opened, broken, error } = useSyncExternalStore(source.subscribe, source.read);
  useEffect(() => {
    if (!running) {
      source.ended(endedAt);
    }
  }, [running, endedAt, source]);

  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(target === undefined);
  const [unfolded, toggle] = useToggles();
  const gapPixels = useMemo(() => pixelsPerPage(rows), [rows]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const row = rows[index];
      return row?.kind === 'gap' ? (row.to - row.from + 1) * gapPixels : guess[row?.kind ?? 'system'];
    },
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    paddingStart: 8,
    paddingEnd: 12,
  });
  const total = list.getTotalSize();
  const items = list.getVirtualItems();

  // What stands at the top of the view, to stay there when pages come or go above it.
  const anchor = useRef<{ seq: number; offset: number } | undefined>(target === undefined ? undefined : { seq: target, offset: 80 });
  const lastTop = useRef(0);
  const remember = useCallback(() => {
    const element = scroller.current;
    // By offset, since the items on screen are those of before the scroll.
    const first = list.getVirtualItemForOffset(element?.scrollTop ?? 0);
    const row = first && rows[first.index];
    if (!element || !first || !row) {
      return;
    }
    if (row.kind === 'gap') {
      const part = Math.min(1, Math.max(0, (element.scrollTop - first.start) / first.size));
      anchor.current = { seq: Math.round(row.seq + part * (row.last - row.seq)), offset: 0 };
    } else {
      anchor.current = { seq: row.seq, offset: first.start - element.scrollTop };
    }
  }, [list, rows]);

  const previousRows = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || rows.length === 0) {
      return;
    }
    if (following) {
      element.scrollTop = total;
    } else if (previousRows.current !== rows && anchor.current) {
      const index = rowAt(rows, anchor.current.seq);
      const row = rows[index];
      const start = list.getOffsetForIndex(index, 'start')?.[0];
      if (row && row.kind !== 'gap' && start !== undefined) {
        element.scrollTop = start - anchor.current.offset;
      }
    }
    previousRows.current = rows;
    lastTop.current = element.scrollTop;
  }, [rows, total, following, list]);

  // The view shrinks and grows as requests come and go above it; its end stays in view all the same.
  useEffect(() => {
    const element = scroller.current;
    if (!element || !following) {
      return;
    }
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
      lastTop.current = element.scrollTop;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [following]);

  const show = useCallback(
    (seq: number) => {
      setFollowing(false);
      anchor.current = { seq, offset: 80 };
      source.want(pageOf(seq), pageOf(seq));
      const index = rowAt(rows, seq);
      if (rows[index] && rows[index].kind !== 'gap') {
        list.scrollToIndex(index, { align: 'center' });
      }
    },
    [rows, list, source],
  );
  const shown = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (opened && target !== undefined && shown.current !== target) {
      shown.current = target;
      show(target);
    }
  }, [opened, target, show]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    const left = element.scrollHeight - element.clientHeight - element.scrollTop;
    if (element.scrollTop < lastTop.current - 2 && left > 24) {
      setFollowing(false);
    } else if (left < 4 && !following) {
      setFollowing(true);
    }
    lastTop.current = element.scrollTop;
    remember();
  };

  // Pages of a gap that is in view, or about to be.
  useEffect(() => {
    const element = scroller.current;
    const gaps = items.flatMap((item) => {
      const row = rows[item.index];
      return row?.kind === 'gap' ? [{ item, row }] : [];
    });
    if (!element || gaps.length === 0) {
      return;
    }
    const timer = setTimeout(() => {
      for (const { item, row } of gaps) {
        const at = (y: number) =>
          Math.min(row.to, Math.max(row.from, row.from + Math.floor(((y - item.start) / item.size) * (row.to - row.from + 1))));
        const from = at(element.scrollTop - 200);
        source.want(from, Math.min(at(element.scrollTop + element.clientHeight + 200), from + 3));
      }
    }, 60);
    return () => clearTimeout(timer);
  }, [items, rows, source]);

  const [query, setQuery] = useState('');
  const find = useFind(rows, query);
  const goTo = (step: 1 | -1) => {
    const seq = find.step(step);
    if (seq !== undefined) {
      show(seq);
    }
  };

  if (!opened) {
    return error === undefined ? (
      <Loading label="Opening the log" />
    ) : (
      <ProblemNote className="m-4" title="The log could not be opened" error={error} onRetry={onRetry} />
    );
  }
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div className="flex items-center gap-1 border-b px-3 py-1">
        <Search className="size-3.5 text-ink-3" aria-hidden />
        <input
          aria-label="Search what is loaded of the log"
          placeholder="Search"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              goTo(event.shiftKey ? -1 : 1);
            } else if (event.key === 'Escape') {
              event.stopPropagation();
              setQuery('');
              event.currentTarget.blur();
            }
          }}
          className="min-w-0 flex-1 bg-transparent px-1 py-0.5 text-sm outline-none"
        />
        {query !== '' && (
          <>
            <span className="whitespace-nowrap text-ink-3 text-xs tabular-nums" role="status">
              {find.words}
            </span>
            <IconButton small label="Previous match" onClick={() => goTo(-1)}>
              <ChevronUp className="size-4" aria-hidden />
            </IconButton>
            <IconButton small label="Next match" onClick={() => goTo(1)}>
              <ChevronDown className="size-4" aria-hidden />
            </IconButton>
            <IconButton small label="End search" onClick={() => setQuery('')}>
              <X className="size-4" aria-hidden />
            </IconButton>
          </>
        )}
        <span className="whitespace-nowrap text-2xs text-ink-3 tabular-nums">{head.toLocaleString()} entries</span>
      </div>
      <div
        ref={scroller}
        onScroll={onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-label="Log of the attempt"
        aria-live="off"
        className="min-h-0 flex-1 overflow-y-auto [overflow-anchor:none]"
      >
        {head === 0 ? (
          <p className="p-6 text-center text-ink-3 text-sm">
            {running ? 'Nothing yet. What the agent does appears here as it happens.' : 'Nothing was logged.'}
          </p>
        ) : (
          <div className="relative" style={{ height: total }}>
            {items.map((item) => {
              const row = rows[item.index];
              if (!row) {
                return null;
              }
              return (
                <div
                  key={item.key}
                  data-index={item.index}
                  ref={row.kind === 'gap' ? undefined : list.measureElement}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  {row.kind === 'gap' ? (
                    <div
                      style={{ height: item.size }}
                      className="bg-[repeating-linear-gradient(var(--sunken)_0_1px,transparent_1px_28px)]"
                      role="presentation"
                    />
                  ) : (
                    <LogRow
                      row={row}
                      open={unfolded.has(row.key)}
                      onToggle={toggle}
                      onLink={onLink}
                      marked={(target !== undefined && row.seq <= target && target <= row.last) || find.current === row.seq}
                      found={find.found.has(row.seq)}
                      live={running && item.index === rows.length - 1}
                    />
                  )}
                </div>
              );
            })}
          </div>
        )}
      </div>
      {broken && (
        <p role="status" className="flex items-center gap-1.5 border-t bg-progress-soft px-3 py-1 text-progress text-xs">
          <WifiOff className="size-3.5" aria-hidden /> The live log is interrupted; trying again. Nothing is lost.
        </p>
      )}
      {!following && (
        <Button
          small
          look="primary"
          icon={<ArrowDown className="size-3.5" aria-hidden />}
          className={cx('absolute right-4 rounded-full shadow-pop', broken ? 'bottom-10' : 'bottom-3')}
          onClick={() => {
            onLink(undefined);
            source.want(pageOf(head) - 1, pageOf(head));
            setFollowing(true);
          }}
        >
          Jump to latest
        </Button>
      )}
    </div>
  );
}

/** Which folds the reader opened; kept here, since a row that scrolls away is gone. */
function useToggles() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((key: string) => {
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(key)) {
        after.add(key);
      }
      return after;
    });
  }, []);
  return [open, toggle] as const;
}

function pixelsPerPage(rows: readonly ViewRow[]): number {
  const missing = rows.reduce((sum, row) => (row.kind === 'gap' ? sum + row.to - row.from + 1 : sum), 0);
  return missing === 0 ? PAGE_PIXELS : Math.min(PAGE_PIXELS, MOST_PIXELS / missing);
}

function useFind(rows: readonly ViewRow[], query: string) {
  const words = useDeferredValue(query.trim().toLowerCase());
  const [current, setCurrent] = useState<number>();
  const hits = useMemo(
    () => (words === '' ? [] : rows.filter((row) => row.kind !== 'gap' && searchable(row).includes(words)).map((row) => row.seq)),
    [rows, words],
  );
  const found = useMemo(() => new Set(hits), [hits]);
  const at = current === undefined ? -1 : hits.indexOf(current);
  const step = (by: 1 | -1): number | undefined => {
    const next =
      hits.length === 0 ? undefined : at < 0 ? hits[by === 1 ? 0 : hits.length - 1] : hits[(at + by + hits.length) % hits.length];
    setCurrent(next);
    return next;
  };
  const partly = rows.some((row) => row.kind === 'gap');
  return {
    found,
    current: words === '' ? undefined : current,
    step,
    words: `${at >= 0 ? `${at + 1} of ` : ''}${hits.length}${partly ? ' in what is loaded' : ''}`,
  };
}

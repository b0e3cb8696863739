import { dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronRight } from 'lucide-react';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Job, JobState, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { stateWords } from '@/shared/lib/words';
import { StateIcon } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { JobCard } from './job-card';
import { type Lane, type LaneRow, laneRows, PAGE } from './lanes';

interface Props {
  workspace: Workspace;
  states: readonly JobState[];
  lanes: readonly Lane[];
  asking: ReadonlyMap<string, number>;
  focused: string | undefined;
  onFocus: (job: string) => void;
}

/** The Board cut across into lanes: one list of rows, of which only those in sight are in the page. */
export function LaneBoard({ workspace, states, lanes, asking, focused, onFocus }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const rows = useMemo(() => laneRows(lanes, states, closed, shown), [lanes, states, closed, shown]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === 'cards' ? 104 : 36),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 4,
    paddingEnd: 12,
  });
  const toggle = useCallback(
    (key: string) =>
      setClosed((before) => {
        const next = new Set(before);
        if (!next.delete(key)) {
          next.add(key);
        }
        return next;
      }),
    [],
  );
  const more = useCallback((key: string) => setShown((before) => new Map(before).set(key, (before.get(key) ?? PAGE) + 5 * PAGE)), []);

  const at = focused ? rows.findIndex((row) => row.kind === 'cards' && row.cards.some((job) => job?.id === focused)) : -1;
  const here = at >= 0;
  const latest = useRef(at);
  latest.current = at;
  const { scrollToIndex } = virtual;
  useEffect(() => {
    if (!here || !focused) {
      return;
    }
    scrollToIndex(latest.current, { align: 'auto' });
    const frame = requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-job="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [focused, here, scrollToIndex]);

  const grid = { gridTemplateColumns: `repeat(${states.length}, minmax(11.75rem, 25rem))` };
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto px-4 pb-3">
      <div className="sticky top-0 z-10 grid w-fit min-w-full gap-x-2.5 bg-bg pb-1.5" style={grid}>
        {states.map((state) => (
          <h2 key={state} className="flex items-center gap-1.5 px-1.5 font-medium text-sm">
            <StateIcon state={state} />
            {stateWords[state]}
            <span className="font-normal text-ink-3 text-xs tabular-nums">
              {lanes.reduce((count, lane) => count + lane.columns[state].length, 0)}
            </span>
          </h2>
        ))}
      </div>
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="absolute top-0 left-0 w-fit min-w-full"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <OneRow
                  workspace={workspace}
                  row={row}
                  states={states}
                  asking={asking}
                  grid={grid.gridTemplateColumns}
                  onFocus={onFocus}
                  onToggle={toggle}
                  onMore={more}
                />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function OneRow({
  workspace,
  row,
  states,
  asking,
  grid,
  onFocus,
  onToggle,
  onMore,
}: {
  workspace: Workspace;
  row: LaneRow;
  states: readonly JobState[];
  asking: ReadonlyMap<string, number>;
  grid: string;
  onFocus: (job: string) => void;
  onToggle: (lane: string) => void;
  onMore: (lane: string) => void;
}) {
  switch (row.kind) {
    case 'lane':
      return (
        <h3 className="sticky left-0 w-fit pt-2">
          <button
            type="button"
            aria-expanded={row.open}
            onClick={() => onToggle(row.lane.key)}
            className="flex h-7 items-center gap-1.5 rounded-lg px-1.5 font-semibold text-sm hover:bg-hover"
          >
            <ChevronRight className={cx('size-4 text-ink-3 transition-transform', row.open && 'rotate-90')} aria-hidden />
            <span dir="auto" className="max-w-80 truncate">
              {row.lane.label}
            </span>
            <span className="font-normal text-ink-3 text-xs tabular-nums">{row.lane.count}</span>
          </button>
        </h3>
      );
    case 'cards':
      return (
        <div className="grid gap-x-2.5" style={{ gridTemplateColumns: grid }}>
          {states.map((state, at) => (
            <Cell key={state} state={state} first={row.first} last={row.last}>
              {row.cards[at] && (
                <JobCard
                  workspace={workspace}
                  job={row.cards[at] as Job}
                  asking={asking.get(row.cards[at]?.id ?? '') ?? 0}
                  onFocus={onFocus}
                />
              )}
            </Cell>
          ))}
        </div>
      );
    case 'more':
      return (
        <div className="grid gap-x-2.5" style={{ gridTemplateColumns: grid }}>
          {states.map((state) => (
            <div key={state} className="px-2 py-1">
              {row.left[state] !== undefined && (
                <Button small look="ghost" onClick={() => onMore(row.lane.key)}>
                  {row.left[state]} more in {stateWords[state]}
                </Button>
              )}
            </div>
          ))}
        </div>
      );
  }
}

/** A place in a lane: what is dropped on it goes to its column. */
const Cell = memo(function Cell({
  state,
  first,
  last,
  children,
}: {
  state: JobState;
  first: boolean;
  last: boolean;
  children: React.ReactNode;
}) {
  const element = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!element.current) {
      return;
    }
    return dropTargetForElements({
      element: element.current,
      getData: () => ({ state }),
      canDrop: ({ source }) => typeof source.data.job === 'string',
      onDragEnter: ({ source }) => setOver((source.data.targets as JobState[]).includes(state)),
      onDragLeave: () => setOver(false),
      onDrop: () => setOver(false),
    });
  }, [state]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a place in a grid of cards, no fieldset
    <div
      ref={element}
      role="group"
      aria-label={stateWords[state]}
      className={cx(
        'h-full min-w-0 px-2 py-1',
        first && 'rounded-t-xl pt-2',
        last && 'rounded-b-xl pb-2',
        over ? 'bg-accent-soft' : 'bg-sunken',
      )}
    >
      {children}
    </div>
  );
});

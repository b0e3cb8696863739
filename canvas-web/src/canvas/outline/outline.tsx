import '../canvas.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { BriefcaseBusiness, ChevronDown, Frame, Link, ListTree, Plus, Redo2, Search, StickyNote, Type, Undo2 } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Empty } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Menu, MenuItem } from '@/shared/ui/menu';
import { clips } from './clips';
import { ConnectDialog, EndDialog } from './connect-dialogs';
import { AddressDialog, MoveDialog } from './dialogs';
import { useOutlineKeys } from './keys';
import { OutlineRow } from './row';
import type { Row } from './rows';
import { type OutlineOptions, type OutlineState, useOutline } from './use-outline';

export interface OutlineProps extends OutlineOptions {
  /** The name of the canvas. */
  readonly label: string;
  /** What stands under the title of a job. Its state when left out. */
  readonly renderJob?: (job: string) => ReactNode;
}

/**
 * The canvas as a tree: groups, what is in them, and connectors, in reading order. Everything that can be done on the canvas can be done here,
 * with the keyboard, a screen reader or a thumb.
 */
export function Outline(props: OutlineProps) {
  const outline = useOutline(props);
  return outline ? <Open {...props} outline={outline} /> : null;
}

function Open({ outline, ...props }: OutlineProps & { outline: OutlineState }) {
  const { document, jobs, actions, readOnly, selection, onSelect, onOpen, label, renderJob } = props;
  const { rows, active, focusing, asking } = outline;
  const scroller = useRef<HTMLDivElement>(null);
  const at = rows.findIndex(({ key }) => key === active);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 40,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
    // The row with the keyboard is always there, wherever the list is scrolled to.
    rangeExtractor: ({ startIndex, endIndex, overscan, count }) => {
      const from = Math.max(0, startIndex - overscan);
      const to = Math.min(count - 1, endIndex + overscan);
      const shown = Array.from({ length: to - from + 1 }, (_, step) => from + step);
      return at < 0 || (at >= from && at <= to) ? shown : [...shown, at].sort((a, b) => a - b);
    },
  });

  const typing = outline.editing !== null;
  const seen = useRef(0);
  useEffect(() => {
    if (at >= 0 && focusing !== seen.current) {
      seen.current = focusing;
      virtual.scrollToIndex(at, { align: 'auto' });
      if (!typing) {
        scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(active ?? '')}"]`)?.focus({ preventScroll: true });
      }
    }
  }, [focusing, at, active, typing, virtual]);
  // The row with the keyboard may go, or move, while others work: its place keeps the keyboard.
  const kept = useRef(false);
  useEffect(() => {
    if (kept.current && at >= 0 && !typing && window.document.activeElement === window.document.body) {
      scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(active ?? '')}"]`)?.focus({ preventScroll: true });
    }
  });
  // What gets selected elsewhere comes into view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: not when others move the row
  useEffect(() => {
    if (at >= 0 && scroller.current?.contains(window.document.activeElement) !== true) {
      virtual.scrollToIndex(at, { align: 'auto' });
    }
  }, [active]);

  const keys = useOutlineKeys({ outline, options: props, scroller });
  const pick = (row: Row, more: boolean) => {
    outline.goTo(row.key);
    if (row.link === null) {
      onSelect(more ? toggledIn(selection, row.id) : [row.id]);
    }
  };

  return (
    <section {...clips(outline, props)} aria-label={`Outline of ${label}`} className="flex h-full min-h-0 flex-col bg-surface">
      <Bar outline={outline} {...props} />
      {rows.length === 0 ? (
        <div className="min-h-0 flex-1 overflow-y-auto">
          {outline.query.trim() !== '' ? (
            <Empty icon={<Search />} title="Nothing found">
              No text on this canvas has these words.
            </Empty>
          ) : (
            <Empty icon={<ListTree />} title="Nothing here yet">
              {readOnly ? 'When somebody adds something, it appears here.' : 'Write down a first idea. It can become a job with one press.'}
            </Empty>
          )}
        </div>
      ) : (
        <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto px-1.5 pb-16">
          <div
            role="tree"
            aria-label={label}
            aria-multiselectable
            tabIndex={-1}
            onKeyDown={keys}
            onFocus={() => {
              kept.current = true;
            }}
            onBlur={({ relatedTarget, currentTarget }) => {
              kept.current = relatedTarget === null || currentTarget.contains(relatedTarget);
            }}
            className="relative mx-auto max-w-3xl outline-none"
            style={{ height: virtual.getTotalSize() }}
          >
            {virtual.getVirtualItems().map(({ index, key, start }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    key={key}
                    ref={virtual.measureElement}
                    data-index={index}
                    role="presentation"
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${start}px)` }}
                  >
                    <OutlineRow
                      row={row}
                      document={document}
                      jobs={jobs}
                      outline={outline}
                      actions={actions}
                      readOnly={readOnly}
                      active={row.key === active}
                      selected={row.link === null && selection.has(row.id)}
                      onOpen={onOpen}
                      onPick={pick}
                      renderJob={renderJob}
                    />
                  </div>
                )
              );
            })}
          </div>
        </div>
      )}
      <p role="status" aria-live="polite" className="sr-only">
        {outline.said}
      </p>
      {asking?.what === 'move' && (
        <MoveDialog document={document} jobs={jobs} deeds={outline.deeds} ids={asking.ids} onClose={() => outline.ask(null)} />
      )}
      {asking?.what === 'connect' && (
        <ConnectDialog
          document={document}
          jobs={jobs}
          id={asking.id}
          onConnect={(from, to, kind) => outline.deeds.connect(from, to, kind)}
          onClose={() => outline.ask(null)}
        />
      )}
      {asking?.what === 'end' && (
        <EndDialog
          document={document}
          jobs={jobs}
          fixed={asking.id}
          end={asking.link.begins ? 'to' : 'from'}
          kind={asking.link.kind}
          onPick={(to) => outline.deeds.moveOther(asking.id, asking.link, to)}
          onClose={() => outline.ask(null)}
        />
      )}
      {asking?.what === 'address' && <AddressDialog onAddress={(url) => outline.create('link', url)} onClose={() => outline.ask(null)} />}
    </section>
  );
}

export function toggledIn(selection: ReadonlySet<string>, id: string): readonly string[] {
  return selection.has(id) ? [...selection].filter((one) => one !== id) : [...selection, id];
}

function Bar({ outline, actions, readOnly }: OutlineOptions & { outline: OutlineState }) {
  return (
    <div className="mx-auto flex w-full max-w-3xl items-center gap-1.5 px-3 py-2">
      <label className="relative min-w-0 flex-1">
        <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
        <input
          type="search"
          aria-label="Find on the canvas"
          placeholder="Find…"
          className="field pl-8"
          value={outline.query}
          onChange={(event) => outline.setQuery(event.target.value)}
          onKeyDown={(event) => {
            const first = outline.rows[0];
            if (event.key === 'Escape') {
              outline.setQuery('');
            } else if ((event.key === 'Enter' || event.key === 'ArrowDown') && first) {
              event.preventDefault();
              outline.goTo(first.key);
            }
          }}
        />
      </label>
      {!readOnly && (
        <>
          {actions.undo && (
            <IconButton label="Undo" onClick={outline.undo}>
              <Undo2 className="size-4" aria-hidden />
            </IconButton>
          )}
          {actions.redo && (
            <IconButton label="Redo" onClick={outline.redo} className="max-md:hidden">
              <Redo2 className="size-4" aria-hidden />
            </IconButton>
          )}
          <span className="flex">
            <Button
              look="primary"
              icon={<Plus className="size-4" aria-hidden />}
              className="rounded-r-none"
              onClick={() => outline.create('idea')}
            >
              Idea
            </Button>
            <Menu
              trigger={
                <button
                  type="button"
                  aria-label="New something else"
                  title="New something else"
                  className="inline-flex h-8 w-7 items-center justify-center rounded-r-lg border-accent-ink/30 border-l bg-accent text-accent-ink transition-colors hover:bg-accent-hover"
                >
                  <ChevronDown className="size-4" aria-hidden />
                </button>
              }
            >
              <MenuItem icon={<StickyNote />} onSelect={() => outline.create('sticky')}>
                Sticky note
              </MenuItem>
              <MenuItem icon={<Frame />} onSelect={() => outline.create('group')}>
                Group
              </MenuItem>
              <MenuItem icon={<Type />} onSelect={() => outline.create('text')}>
                Text
              </MenuItem>
              <MenuItem icon={<Link />} onSelect={() => outline.create('link')}>
                Link card…
              </MenuItem>
              {actions.newJob && (
                <MenuItem icon={<BriefcaseBusiness />} onSelect={() => outline.create('newJob')}>
                  New job…
                </MenuItem>
              )}
            </Menu>
          </span>
        </>
      )}
    </div>
  );
}

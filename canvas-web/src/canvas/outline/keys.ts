/** The keys of the outline: those of a tree, and those of the canvas where they do not disagree. */
import { type KeyboardEvent, type RefObject, useRef } from 'react';
import type { Row } from './rows';
import type { OutlineOptions, OutlineState } from './use-outline';
import { nameOf } from './words';

interface Keyboard {
  outline: OutlineState;
  options: OutlineOptions;
  scroller: RefObject<HTMLDivElement | null>;
}

/** Letters typed without a pause are one word to look for. */
const pause = 700;
const page = 10;

export function useOutlineKeys({ outline, options, scroller }: Keyboard) {
  const typed = useRef({ word: '', at: 0 });
  return (event: KeyboardEvent<HTMLElement>) => {
    const { rows, active } = outline;
    const at = rows.findIndex(({ key }) => key === active);
    const row = rows[at];
    // Fields and menus inside have keys of their own.
    if (row === undefined || event.defaultPrevented || !isRow(event.target, event.key)) {
      return;
    }
    const key = named(event);
    const go = (to: number) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, to))];
      if (next !== undefined) {
        outline.goTo(next.key);
      }
      return next;
    };
    const walk: Readonly<Record<string, () => void>> = {
      ArrowDown: () => void go(at + 1),
      ArrowUp: () => void go(at - 1),
      PageDown: () => void go(at + page),
      PageUp: () => void go(at - page),
      Home: () => void go(0),
      End: () => void go(rows.length - 1),
      ArrowRight: () => (row.opens && !row.open ? outline.fold(row.id, true) : row.open ? void go(at + 1) : undefined),
      ArrowLeft: () => (row.open ? outline.fold(row.id, false) : row.parent !== null ? outline.goTo(row.parent) : undefined),
      Enter: () => outline.open(row),
      ' ': () => toggle(options, row),
      'shift+ArrowDown': () => extend(options, row, go(at + 1)),
      'shift+ArrowUp': () => extend(options, row, go(at - 1)),
      'ctrl+a': () => options.onSelect(rows.filter(({ link }) => link === null).map(({ id }) => id)),
      Escape: () => options.onSelect([]),
      'shift+F10': () => menu(scroller, row),
      ContextMenu: () => menu(scroller, row),
    };
    const change: Readonly<Record<string, () => void>> = {
      F2: () => outline.edit(row.id),
      Delete: () => outline.remove(row),
      Backspace: () => outline.remove(row),
      'shift+Delete': () => outline.remove(row, true),
      'ctrl+d': () => outline.duplicate(row),
      'ctrl+g': () => outline.group(row),
      'ctrl+shift+g': () => void outline.deeds.ungroup(outline.targets(row)),
      'ctrl+shift+l': () => outline.deeds.lock(outline.targets(row), !options.document.objects.get(row.id)?.locked),
      'ctrl+m': () => outline.ask({ what: 'move', ids: outline.targets(row) }),
      'ctrl+Enter': () => outline.create('idea'),
      'ctrl+z': () => outline.undo(),
      'ctrl+shift+z': () => outline.redo(),
      'ctrl+y': () => outline.redo(),
    };
    const run = walk[key] ?? (options.readOnly ? undefined : change[key]);
    if (run !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      run();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.stopPropagation();
      const now = event.timeStamp;
      typed.current = { word: now - typed.current.at < pause ? typed.current.word + event.key : event.key, at: now };
      seek(typed.current.word.toLocaleLowerCase(), at);
    }

    function seek(word: string, from: number): void {
      // One letter goes on to the next such row, a longer word may stay.
      const start = word.length === 1 ? from + 1 : from;
      for (let step = 0; step < rows.length; step += 1) {
        const candidate = rows[(start + step) % rows.length];
        const view = candidate?.link === null ? options.document.objects.get(candidate.id) : undefined;
        if (candidate !== undefined && view !== undefined && nameOf(view, options.jobs).toLocaleLowerCase().startsWith(word)) {
          outline.goTo(candidate.key);
          return;
        }
      }
    }
  };
}

function isRow(target: EventTarget, key: string): boolean {
  const presses = key === 'Enter' || key === ' ';
  const others = presses ? 'input, textarea, [role="menu"], button, a' : 'input, textarea, [role="menu"]';
  return target instanceof HTMLElement && target.closest(others) === null;
}

function named(event: KeyboardEvent): string {
  const { key } = event;
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const shift = event.shiftKey ? 'shift+' : '';
  return `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${shift}${event.altKey ? 'alt+' : ''}${plain}`;
}

function toggle({ selection, onSelect }: OutlineOptions, row: Row): void {
  if (row.link === null) {
    onSelect(selection.has(row.id) ? [...selection].filter((id) => id !== row.id) : [...selection, row.id]);
  }
}

function extend({ selection, onSelect }: OutlineOptions, ...rows: (Row | undefined)[]): void {
  const ids = rows.flatMap((row) => (row === undefined || row.link !== null ? [] : row.id));
  onSelect([...new Set([...selection, ...ids])]);
}

const menu = (scroller: RefObject<HTMLDivElement | null>, row: Row) =>
  scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.key)}"] [aria-haspopup="menu"]`)?.click();

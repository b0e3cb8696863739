import { useEffect, useRef } from 'react';

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const above = '[role="dialog"][aria-modal="true"], [role="dialog"][data-open][data-modal], [role="menu"], [role="alertdialog"]';

/** How long the second key of two may take. */
const SECOND_MS = 1200;

/** The first key of two, until when it holds, and the event that pressed it. One for all listeners: they are many, the keyboard is one. */
let first: { key: string; until: number; event: KeyboardEvent } | undefined;

/**
 * Shortcuts of a page: single keys in lower case, or two one after the other, such as `g b`. Silent while somebody types, with a modifier
 * held, or while a dialog is open above. Each stands in `shortcut-list.ts`, which the list of them is made from.
 */
export function useShortcuts(bindings: Record<string, (event: KeyboardEvent) => void>, enabled = true) {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => {
    if (!enabled) {
      return;
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) {
        return;
      }
      if (document.querySelector(above)) {
        return;
      }
      const key = event.key.toLowerCase();
      const pending = first && first.event !== event && event.timeStamp < first.until ? first.key : undefined;
      const run = latest.current[pending ? `${pending} ${key}` : key];
      if (run) {
        first = undefined;
        event.preventDefault();
        run(event);
      } else if (pending === undefined && Object.keys(latest.current).some((each) => each.startsWith(`${key} `))) {
        first = { key, until: event.timeStamp + SECOND_MS, event };
      }
    };
    // The first of two keys counts for one more; a listener on the window hears it after all on the document.
    const onAfter = (event: KeyboardEvent) => {
      if (first && first.event !== event && !/^(Shift|Control|Alt|Meta)$/.test(event.key)) {
        first = undefined;
      }
    };
    document.addEventListener('keydown', onKey);
    window.addEventListener('keydown', onAfter);
    return () => {
      document.removeEventListener('keydown', onKey);
      window.removeEventListener('keydown', onAfter);
    };
  }, [enabled]);
}

/** A key with Ctrl or, on a Mac, Cmd; also while somebody types, which is when it is needed. Not over a dialog. */
export function useControlKey(key: string, run: () => void) {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      if (control && event.key.toLowerCase() === key && !event.defaultPrevented) {
        event.preventDefault();
        if (!document.querySelector(above)) {
          latest.current();
        }
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [key]);
}

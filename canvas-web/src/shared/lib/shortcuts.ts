import { useEffect, useRef } from 'react';

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Single-key shortcuts of a page, keys in lower case. Silent while somebody types, with a modifier held, or while a dialog is open above. */
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
      if (
        document.querySelector(
          '[role="dialog"][aria-modal="true"], [role="dialog"][data-open][data-modal], [role="menu"], [role="alertdialog"]',
        )
      ) {
        return;
      }
      const run = latest.current[event.key.toLowerCase()];
      if (run) {
        event.preventDefault();
        run(event);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [enabled]);
}

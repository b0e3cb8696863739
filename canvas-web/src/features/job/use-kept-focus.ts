import { type RefObject, useEffect, useRef } from 'react';

/** When the button that somebody pressed goes, as "Make ready" does, the keyboard stays in the panel: at its heading. */
export function useKeptFocus(heading: RefObject<HTMLElement | null>) {
  const inside = useRef(false);
  useEffect(() => {
    const onFocus = ({ target }: FocusEvent) => {
      inside.current = target instanceof Node && heading.current?.closest('aside')?.contains(target) === true;
    };
    document.addEventListener('focusin', onFocus);
    return () => document.removeEventListener('focusin', onFocus);
  }, [heading]);
  useEffect(() => {
    if (inside.current && document.activeElement === document.body) {
      heading.current?.focus({ preventScroll: true });
    }
  });
}

import { type ReactNode, startTransition, useEffect, useRef, useState } from 'react';

/** How far outside the view a piece is drawn already. */
const NEAR = '900px 0px';
const LINE_PX = 20;

/** Draws its content once it comes near the view, and keeps its place until then. */
export function LazyPiece({ lines, eager, children }: { lines: number; eager: boolean; children: () => ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(eager || typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    const element = box.current;
    if (near || !element) {
      return;
    }
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          // In small steps: scrolling goes on while the lines are made.
          startTransition(() => setNear(true));
        }
      },
      { rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [near]);
  return (
    <div ref={box} style={near ? undefined : { height: lines * LINE_PX }}>
      {near && children()}
    </div>
  );
}

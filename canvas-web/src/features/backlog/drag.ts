/** Dragging rows: what is dragged, where it would go, and what that means. */
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useEffect, useRef, useState } from 'react';

export type Dragged = { kind: 'job'; job: string } | { kind: 'folder'; path: string };
export type Side = 'before' | 'after' | 'into';

/** The side of a row that the pointer is on. Of a folder the middle is its inside. */
function sideOf(row: Dragged, dragged: Dragged, input: { clientY: number }, element: Element): Side {
  const { top, height } = element.getBoundingClientRect();
  const at = (input.clientY - top) / height;
  if (row.kind === 'job') {
    return at < 0.5 ? 'before' : 'after';
  }
  if (dragged.kind === 'job' || row.path === '') {
    return 'into';
  }
  return at < 0.3 ? 'before' : at > 0.7 ? 'after' : 'into';
}

function draggedOf(data: Record<string | symbol, unknown>): Dragged | undefined {
  if (data.backlog === 'job' && typeof data.id === 'string') {
    return { kind: 'job', job: data.id };
  }
  return data.backlog === 'folder' && typeof data.id === 'string' ? { kind: 'folder', path: data.id } : undefined;
}

/** Makes a row draggable and a place to drop on; answers the side that is pointed at. */
export function useRowDrag(row: Dragged, enabled: boolean) {
  const element = useRef<HTMLDivElement>(null);
  const [side, setSide] = useState<Side>();
  const [dragging, setDragging] = useState(false);
  const id = row.kind === 'job' ? row.job : row.path;
  const { kind } = row;
  useEffect(() => {
    if (!element.current || !enabled) {
      return;
    }
    const own: Dragged = kind === 'job' ? { kind, job: id } : { kind, path: id };
    const target = dropTargetForElements({
      element: element.current,
      canDrop: ({ source }) => {
        const dragged = draggedOf(source.data);
        // Folders go beside and into folders, and neither onto itself.
        return dragged !== undefined && (kind === 'folder' || dragged.kind === 'job') && !(dragged.kind === kind && source.data.id === id);
      },
      getData: ({ input, source, element: over }) => {
        const dragged = draggedOf(source.data) ?? own;
        return { backlog: kind, id, side: sideOf(own, dragged, input, over) };
      },
      onDrag: ({ self }) => setSide(self.data.side as Side),
      onDragLeave: () => setSide(undefined),
      onDrop: () => setSide(undefined),
    });
    if (id === '' && kind === 'folder') {
      return target;
    }
    return combine(
      target,
      draggable({
        element: element.current,
        getInitialData: () => ({ backlog: kind, id }),
        onDragStart: () => setDragging(true),
        onDrop: () => setDragging(false),
      }),
    );
  }, [kind, id, enabled]);
  return { element, side, dragging };
}

/** How near an edge of the list the pointer scrolls it, and how far at a time. */
const EDGE = 48;
const STEP = 14;

/** Hears of drops on rows; while something is dragged near an edge of the list, the list scrolls. */
export function useRowDrops(
  scroller: React.RefObject<HTMLElement | null>,
  onDrop: (dragged: Dragged, target: Dragged, side: Side) => void,
) {
  const latest = useRef(onDrop);
  useEffect(() => {
    latest.current = onDrop;
  });
  useEffect(
    () =>
      monitorForElements({
        canMonitor: ({ source }) => draggedOf(source.data) !== undefined,
        onDrag: ({ location }) => {
          const list = scroller.current;
          if (list) {
            const { top, bottom } = list.getBoundingClientRect();
            const y = location.current.input.clientY;
            list.scrollTop += y < top + EDGE ? -STEP : y > bottom - EDGE ? STEP : 0;
          }
        },
        onDrop: ({ source, location }) => {
          const dragged = draggedOf(source.data);
          const data = location.current.dropTargets[0]?.data;
          const target = data && draggedOf(data);
          if (dragged && target) {
            latest.current(dragged, target, data.side as Side);
          }
        },
      }),
    [scroller],
  );
}

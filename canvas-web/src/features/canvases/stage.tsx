import { dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { CanvasStage, type RenderCard } from '@/canvas/interact';
import type { Point } from '@/canvas/types';
import { cx } from '@/shared/lib/cx';
import { CanvasJobCard } from './job-card';
import { DRAGGED } from './places';
import type { Desk } from './use-desk';

interface Props {
  label: string;
  desk: Desk;
  readOnly: boolean;
  onPlace: (job: string, at: Point) => void;
}

/** The canvas, with job cards in it, and a place to drop jobs on (CAN-4). */
export function Stage({ label, desk, readOnly, onPlace }: Props) {
  const { editor, jobs } = desk;
  const box = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState(false);
  const dependencies = useSyncExternalStore(jobs.subscribe, () => jobs.dependencies());
  const renderCard = useCallback<RenderCard>(
    ({ job }, detail) => job !== null && <CanvasJobCard jobs={jobs} id={job} brief={detail === 'brief'} />,
    [jobs],
  );
  const place = useRef(onPlace);
  useEffect(() => {
    place.current = onPlace;
  });
  useEffect(() => {
    const element = box.current;
    if (!element || readOnly) {
      return;
    }
    return dropTargetForElements({
      element,
      canDrop: ({ source }) => source.data.kind === DRAGGED,
      onDragEnter: () => setOver(true),
      onDragLeave: () => setOver(false),
      onDrop: ({ source, location }) => {
        setOver(false);
        const { left, top } = element.getBoundingClientRect();
        const { clientX, clientY } = location.current.input;
        place.current(String(source.data.job), editor.camera.world({ x: clientX - left, y: clientY - top }));
      },
    });
  }, [editor, readOnly]);
  return (
    <div ref={box} className={cx('absolute inset-0', over && 'outline-2 outline-accent -outline-offset-2')}>
      <CanvasStage editor={editor} label={label} readOnly={readOnly} renderCard={renderCard} dependencies={dependencies} />
    </div>
  );
}

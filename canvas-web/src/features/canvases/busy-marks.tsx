import { LoaderCircle } from 'lucide-react';
import { useStore } from 'zustand';
import type { Editor } from '@/canvas/interact/editor';
import { toScreen } from '@/canvas/scene/geometry';

/** Over ideas that are being made jobs. */
export function BusyMarks({ editor, ids }: { editor: Editor; ids: ReadonlySet<string> }) {
  const { camera, view } = useStore(editor.camera.store);
  return (
    <>
      {[...ids].map((id) => {
        const box = editor.scene.box(id);
        if (!box) {
          return null;
        }
        const { x, y } = toScreen(camera, view, box);
        return (
          <div
            key={id}
            role="status"
            style={{ left: x, top: y, width: box.w * camera.zoom, height: box.h * camera.zoom }}
            className="pointer-events-none absolute z-10 flex items-center justify-center rounded-xl bg-surface/70 text-accent"
          >
            <LoaderCircle className="size-6 animate-spin" aria-hidden />
            <span className="sr-only">Making it a job</span>
          </div>
        );
      })}
    </>
  );
}

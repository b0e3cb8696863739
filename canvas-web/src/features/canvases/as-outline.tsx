import { Frame } from 'lucide-react';
import { lazy, Suspense, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import type { Desk, DeskCalls } from './use-desk';

const Outline = lazy(() => import('@/canvas/outline').then((m) => ({ default: m.Outline })));

interface Props {
  desk: Desk;
  label: string;
  me: string;
  readOnly: boolean;
  calls: DeskCalls;
  /** Shows the canvas, and the object on it when one is given. */
  onCanvas: (id?: string) => void;
}

/** The canvas as a list to go through: for the keyboard, for screen readers, and for phones. */
export function AsOutline({ desk, label, me, readOnly, calls, onCanvas }: Props) {
  const { document, editor, jobs, undo } = desk;
  const selection = useStore(editor.ui, (state) => state.selection);
  const dependencies = useSyncExternalStore(jobs.subscribe, () => jobs.dependencies());
  return (
    <div className="flex h-full flex-col">
      <Suspense fallback={<Loading />}>
        <div className="min-h-0 flex-1">
          <Outline
            document={document}
            me={me}
            jobs={jobs}
            dependencies={dependencies}
            selection={selection}
            onSelect={(ids) => editor.select(ids)}
            onOpen={calls.openJob}
            readOnly={readOnly}
            label={label}
            actions={{
              promote: calls.promote,
              newJob: calls.newJob,
              upload: calls.upload,
              addDependency: calls.addDependency,
              removeDependency: calls.removeDependency,
              changeDependency: calls.changeDependency,
              undo: () => undo.undo(),
              redo: () => undo.redo(),
              showOnCanvas: onCanvas,
              say: calls.say,
            }}
          />
        </div>
      </Suspense>
      <Button
        look="primary"
        className="absolute right-4 bottom-4 z-10 h-10 rounded-full shadow-pop md:hidden"
        icon={<Frame className="size-4" aria-hidden />}
        onClick={() => onCanvas()}
      >
        See canvas
      </Button>
    </div>
  );
}

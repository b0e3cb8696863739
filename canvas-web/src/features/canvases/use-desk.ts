import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type OpenDocument, openDocument } from '@/canvas/document';
import { openUndo, type UndoStack } from '@/canvas/document/undo';
import { Editor, type EditorOptions } from '@/canvas/interact';
import type { CanvasSession } from '@/canvas/sync/session';
import { LiveJobs } from './live-jobs';

/** Everything about an open canvas that is not React. */
export interface Desk {
  readonly document: OpenDocument;
  readonly editor: Editor;
  readonly undo: UndoStack;
  readonly jobs: LiveJobs;
}

/** What the page does for the canvas; looked up at each call, so that it is always the latest. */
export type DeskCalls = Required<
  Pick<
    EditorOptions,
    'say' | 'openJob' | 'newJob' | 'promote' | 'addDependency' | 'removeDependency' | 'changeDependency' | 'upload' | 'fileAddress'
  >
>;

export function useDesk(session: CanvasSession, ws: string, me: string, calls: DeskCalls): Desk | undefined {
  const cache = useQueryClient();
  const [desk, setDesk] = useState<Desk>();
  const [latest] = useState(() => ({ calls }));
  useEffect(() => {
    latest.calls = calls;
  });
  useEffect(() => {
    const document = openDocument(session.doc);
    const jobs = new LiveJobs(cache, ws);
    const editor: Editor = new Editor({
      document,
      me,
      jobs,
      presence: session.presence,
      steps: { undo: () => undo.undo(), redo: () => undo.redo(), stop: () => undo.stop() },
      say: (words) => latest.calls.say(words),
      openJob: (job) => latest.calls.openJob(job),
      newJob: (place) => latest.calls.newJob(place),
      promote: (ids) => latest.calls.promote(ids),
      addDependency: (dependency) => latest.calls.addDependency(dependency),
      removeDependency: (dependency) => latest.calls.removeDependency(dependency),
      changeDependency: (change) => latest.calls.changeDependency(change),
      upload: (file) => latest.calls.upload(file),
      fileAddress: (file) => latest.calls.fileAddress(file),
    });
    const undo: UndoStack = openUndo(
      document,
      () => ({ selection: editor.selected, camera: editor.camera.camera }),
      ({ selection }) => editor.select(selection),
    );
    setDesk({ document, editor, undo, jobs });
    return () => {
      setDesk(undefined);
      editor.destroy();
      undo.destroy();
      jobs.stop();
      document.destroy();
    };
  }, [session, ws, me, cache, latest]);
  return desk;
}

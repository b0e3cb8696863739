/**
 * Undo and redo of this person's own changes (CAN-2). Each command is a step; letters typed within half a second are one. What others or the
 * server did is never taken back, except that going back over another's later change of the very same value returns mine, and redo theirs.
 */
import * as Y from 'yjs';
import type { Camera, CanvasDocument } from '../types';
import { roots } from './heal';
import { LOCAL, TEXT } from './origins';
import { isNewer } from './read';

/** What a person had before them when they made a change. */
export interface Where {
  readonly selection: readonly string[];
  readonly camera: Camera | null;
}

export interface UndoState {
  readonly undo: boolean;
  readonly redo: boolean;
}

export interface UndoStack {
  /** Whether there was something to take back. */
  undo(): boolean;
  redo(): boolean;
  /** Ends the step that is being typed: on leaving a text. */
  stop(): void;
  /** What is possible; the same value until it changes. */
  state(): UndoState;
  subscribe(listener: () => void): () => void;
  destroy(): void;
}

const typingPause = 500;
const key = 'where';

/** `where` is asked at each step; `restore` is told what it said when the step is taken back or made again, after the document changed. */
export function openUndo(document: CanvasDocument, where: () => Where, restore: (where: Where) => void): UndoStack {
  const { doc } = document;
  // Without ignoreRemoteMapChanges, undoing a move that somebody overrode takes the step before it along, and with it the object.
  const manager = new Y.UndoManager([doc.getMap(roots.objects), doc.getMap(roots.links)], {
    trackedOrigins: new Set<unknown>([LOCAL, TEXT]),
    captureTimeout: typingPause,
    ignoreRemoteMapChanges: true,
  });
  const listeners = new Set<() => void>();
  let state: UndoState = { undo: false, redo: false };

  const alone = ({ origin }: Y.Transaction) => {
    if (origin === LOCAL) {
      manager.stopCapturing();
    }
  };
  const changed = () => {
    const next = { undo: manager.canUndo(), redo: manager.canRedo() };
    if (next.undo !== state.undo || next.redo !== state.redo) {
      state = next;
      for (const listener of [...listeners]) {
        listener();
      }
    }
  };
  const step = (take: () => { readonly meta: Map<unknown, unknown> } | null) => {
    if (isNewer(doc)) {
      return false;
    }
    const item = take();
    changed();
    const then = item?.meta.get(key) as Where | undefined;
    if (then !== undefined) {
      restore({ ...then, selection: then.selection.filter((id) => document.objects.has(id) || document.links.has(id)) });
    }
    return item !== null;
  };

  doc.on('beforeTransaction', alone);
  // After the manager's own listener, so that what is typed next is a step of its own.
  doc.on('afterTransaction', alone);
  manager.on('stack-item-added', ({ stackItem }: { stackItem: { readonly meta: Map<unknown, unknown> } }) => {
    stackItem.meta.set(key, where());
    changed();
  });
  manager.on('stack-cleared', changed);

  return {
    undo: () => step(() => manager.undo()),
    redo: () => step(() => manager.redo()),
    stop: () => manager.stopCapturing(),
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    destroy: () => {
      doc.off('beforeTransaction', alone);
      doc.off('afterTransaction', alone);
      manager.destroy();
      listeners.clear();
    },
  };
}

/** Copy, cut, paste and drop on the stage. What is pasted lands under the pointer, or in the middle of the view. */
import { copy, cut, paste, type Received, received, words, write } from '../document';
import type { Point } from '../types';
import type { Editor } from './editor';

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Adds what was received, selects it, and says what was not possible. */
export async function receive(editor: Editor, what: Received, at: Point): Promise<void> {
  if (editor.readOnly) {
    return;
  }
  const parent = editor.scene.groupAt(at, new Set());
  const outcome = await paste(editor.document, what, { at, by: editor.options.me, parent, upload: editor.options.upload });
  const problem = words(outcome);
  if (problem) {
    editor.say(problem);
  }
  if (outcome.ok && outcome.ids.length > 0) {
    editor.select(outcome.ids);
    editor.announce(outcome.ids.length === 1 ? 'One object pasted.' : `${outcome.ids.length} objects pasted.`);
  }
}

export function listenToClipboard(element: HTMLElement, editor: Editor): () => void {
  /** The keyboard is on the canvas, and nobody types. */
  const ours = (event: Event): boolean => {
    const { activeElement } = element.ownerDocument;
    return !event.defaultPrevented && element.contains(activeElement) && !typing(activeElement);
  };
  const jobs = (job: string) => {
    const face = editor.jobs.face(job);
    return face ? { title: face.title, state: face.word } : null;
  };
  const onCopy = (event: ClipboardEvent) => {
    const copied = ours(event) && event.clipboardData ? copy(editor.document, editor.selected, jobs) : null;
    if (copied && event.clipboardData) {
      event.preventDefault();
      write(event.clipboardData, copied);
      if (event.type === 'cut' && !editor.readOnly) {
        const problem = words(cut(editor.document, editor.selected));
        if (problem) {
          editor.say(problem);
        }
        editor.clear();
      }
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (ours(event) && event.clipboardData && !editor.readOnly) {
      event.preventDefault();
      const { x, y } = editor.pointer ?? editor.camera.camera;
      void receive(editor, received(event.clipboardData), { x, y });
    }
  };
  const onOver = (event: DragEvent) => {
    const types = event.dataTransfer?.types ?? [];
    if (!editor.readOnly && (types.includes('Files') || types.includes('text/uri-list') || types.includes('text/plain'))) {
      event.preventDefault();
    }
  };
  const onDrop = (event: DragEvent) => {
    if (event.dataTransfer && !event.defaultPrevented && !editor.readOnly) {
      const what = received(event.dataTransfer);
      if (what.kind !== 'nothing') {
        event.preventDefault();
        const bounds = element.getBoundingClientRect();
        void receive(editor, what, editor.camera.world({ x: event.clientX - bounds.left, y: event.clientY - bounds.top }));
      }
    }
  };
  const { ownerDocument } = element;
  ownerDocument.addEventListener('copy', onCopy);
  ownerDocument.addEventListener('cut', onCopy);
  ownerDocument.addEventListener('paste', onPaste);
  element.addEventListener('dragover', onOver);
  element.addEventListener('drop', onDrop);
  return () => {
    ownerDocument.removeEventListener('copy', onCopy);
    ownerDocument.removeEventListener('cut', onCopy);
    ownerDocument.removeEventListener('paste', onPaste);
    element.removeEventListener('dragover', onOver);
    element.removeEventListener('drop', onDrop);
  };
}

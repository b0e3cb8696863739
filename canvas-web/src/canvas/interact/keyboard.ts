/** Keys on the stage. */
import type { Editor } from './editor';
import type { Pointer } from './pointer';
import { bindingOf } from './shortcuts';
import { typeAtEnd } from './typing';

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Escape: out of what one is in, step by step; from the stage itself it is left to the page. */
function stepOut(editor: Editor, pointer: Pointer | null): boolean {
  const { state } = editor;
  if (pointer?.cancel()) {
    return true;
  }
  if (state.asking || state.find) {
    editor.set({ asking: null, find: false });
  } else if (state.tool !== 'select') {
    editor.setTool('select');
  } else if (state.following !== null) {
    editor.follow(null);
  } else if (state.selection.size + state.links.size > 0) {
    editor.clear();
  } else {
    return false;
  }
  return true;
}

/** A letter typed before the field is there goes into the text all the same, and means no shortcut. */
function typeEarly(editor: Editor, id: string, event: KeyboardEvent): boolean {
  const text = editor.textOf(id);
  if (!text || event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  if (event.key === 'Escape') {
    editor.edit(null);
    return true;
  }
  const letters = event.key === 'Enter' ? '\n' : event.key;
  if (letters.length !== 1) {
    return false;
  }
  typeAtEnd(text, letters);
  return true;
}

export function listenToKeys(element: HTMLElement, editor: Editor, pointer: Pointer): () => void {
  const onDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || typing(event.target)) {
      return;
    }
    const onControl = event.target instanceof Element && event.target.closest('button, a, [role="menuitem"]') !== null;
    if (onControl && (event.key === 'Enter' || event.key === ' ' || event.key === 'Tab')) {
      return;
    }
    let done = true;
    if (editor.state.editing !== null && typeEarly(editor, editor.state.editing, event)) {
      // Into the text: its field appears with the next frame.
    } else if (event.key === 'Escape') {
      done = stepOut(editor, pointer);
      if (done) {
        element.focus({ preventScroll: true });
      }
    } else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      element.querySelector<HTMLElement>('.cv-context button, .cv-context input')?.focus();
    } else if (event.key === ' ') {
      editor.set({ space: true });
    } else if (event.key === 'Enter' && !['select', 'hand', 'connect'].includes(editor.state.tool)) {
      // The tool without a pointer: in the middle of the view.
      editor.place(editor.camera.camera);
    } else if (event.key === 'Tab' && !event.ctrlKey && !event.altKey) {
      // At the end the browser goes on: nobody is caught in here.
      done = editor.focusNext(event.shiftKey ? -1 : 1);
    } else {
      const binding = bindingOf(event);
      done = binding !== undefined;
      if (binding && !(binding.edits && editor.readOnly)) {
        if (editor.state.following !== null && binding.group === 'View') {
          editor.follow(null);
        }
        binding.run(editor, event);
      }
    }
    if (done) {
      event.preventDefault();
    }
  };
  const release = () => {
    if (editor.state.space) {
      editor.set({ space: false });
    }
  };
  const onUp = (event: KeyboardEvent) => {
    if (event.key === ' ') {
      release();
    }
  };
  element.addEventListener('keydown', onDown);
  element.ownerDocument.addEventListener('keyup', onUp);
  globalThis.addEventListener('blur', release);
  return () => {
    element.removeEventListener('keydown', onDown);
    element.ownerDocument.removeEventListener('keyup', onUp);
    globalThis.removeEventListener('blur', release);
  };
}

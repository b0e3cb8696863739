import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { CARD_PAD, GROUP_TITLE, STICKY_PAD, TEXT_PAD } from '../render/layout';
import type { ObjectView } from '../types';
import type { Editor } from './editor';
import { Typing } from './typing';

interface Place {
  left: number;
  top: number;
  right: number;
  bottom?: number;
  height?: number;
  size: number;
  weight: number;
}

/** Where the field lies on the card, so that the letters stay where they were. */
function placeOf(view: ObjectView, size: number): Place {
  switch (view.type) {
    case 'sticky':
      return { left: STICKY_PAD, right: STICKY_PAD, top: STICKY_PAD, bottom: STICKY_PAD, size, weight: 500 };
    case 'text':
      return { left: TEXT_PAD, right: TEXT_PAD, top: TEXT_PAD, bottom: TEXT_PAD, size, weight: 500 };
    case 'group':
      return {
        left: GROUP_TITLE * 0.9,
        right: GROUP_TITLE,
        top: GROUP_TITLE * 0.65,
        height: GROUP_TITLE * 1.5,
        size: GROUP_TITLE,
        weight: 600,
      };
    default:
      return { left: CARD_PAD, right: CARD_PAD, top: 28, bottom: 10, size: 15, weight: 500 };
  }
}

const prompts: Readonly<Record<string, string>> = {
  sticky: 'Write a note',
  idea: 'What should be done? Details go on the next line.',
  group: 'Name of the group',
  text: 'Text',
  link: 'Title',
};

/** The text of a card while it is typed, bound letter by letter. */
export function TextEditor({ editor, view, size }: { editor: Editor; view: ObjectView; size: number }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const typing = useRef<Typing>(undefined);
  const { id } = view;
  // Letters that exist already keep their size while there is room: a jump under one's fingers is worse than a scroll.
  const [first] = useState(size);
  const free = view.type === 'text';
  const place = placeOf(view, free ? first : Math.min(first, size));

  useLayoutEffect(() => {
    const element = field.current;
    const text = editor.textOf(id);
    if (!element || !text) {
      editor.edit(null);
      return;
    }
    const bound = new Typing(text, element, () => editor.say('The text is full: it holds 20,000 characters.'));
    typing.current = bound;
    element.focus({ preventScroll: true });
    element.setSelectionRange(element.value.length, element.value.length);
    return () => {
      bound.destroy();
      editor.grow(id, first);
    };
  }, [editor, id, first]);

  // Plain text has no card to scroll in: the field is as high as what is in it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again with each letter, this person's or another's.
  useLayoutEffect(() => {
    if (free && field.current) {
      field.current.style.height = '0';
      field.current.style.height = `${field.current.scrollHeight}px`;
    }
  }, [free, view.text, view.w]);

  useEffect(() => {
    const element = field.current;
    return () => {
      // Whoever typed stays at the card with the keyboard. While it is still typed in, this is React's rehearsal of an end.
      const { activeElement, body } = element?.ownerDocument ?? {};
      if (editor.state.editing !== id && (activeElement === element || activeElement === body)) {
        editor.refocus();
      }
    };
  }, [editor, id]);

  return (
    <textarea
      ref={field}
      data-own-pointer
      data-own-wheel
      className="cv-field"
      aria-label={`${editor.label(id)}. Text`}
      placeholder={prompts[view.type] ?? 'Text'}
      rows={view.type === 'group' ? 1 : undefined}
      spellCheck
      style={{
        left: place.left,
        top: place.top,
        width: `calc(100% - ${place.left + place.right}px)`,
        height: place.height ?? `calc(100% - ${place.top + (place.bottom ?? 0)}px)`,
        fontSize: place.size,
        lineHeight: 1.35,
        fontWeight: place.weight,
      }}
      onChange={() => typing.current?.input()}
      onCompositionStart={() => typing.current?.compositionStart()}
      onCompositionEnd={() => typing.current?.compositionEnd()}
      onBlur={(event) => {
        // A press on the context bar or another window is not the end of the typing.
        if (
          event.relatedTarget !== null &&
          !(event.relatedTarget instanceof Element && event.relatedTarget.closest('[data-own-pointer]'))
        ) {
          editor.edit(null);
        }
      }}
      onKeyDown={(event) => {
        const key = event.key.toLowerCase();
        const ctrl = event.ctrlKey || event.metaKey;
        if (event.nativeEvent.isComposing) {
          return;
        }
        if (key === 'escape' || (key === 'enter' && (ctrl || view.type === 'group' || view.type === 'link'))) {
          event.preventDefault();
          event.stopPropagation();
          editor.edit(null);
          editor.refocus();
        } else if (ctrl && key === 'z') {
          event.preventDefault();
          event.stopPropagation();
          if (event.shiftKey) {
            editor.redo();
          } else {
            editor.undo();
          }
        } else if (ctrl && key === 'y') {
          event.preventDefault();
          event.stopPropagation();
          editor.redo();
        }
      }}
    />
  );
}

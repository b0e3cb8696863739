import { useEffect, useLayoutEffect, useRef } from 'react';
import { Button } from '@/shared/ui/button';
import { commands, type OpenDocument } from '../document';
import { Typing } from '../interact/typing';

interface Props {
  document: OpenDocument;
  id: string;
  label: string;
  onFull: () => void;
  /** With false, when something else got the keyboard. */
  onDone: (keep: boolean) => void;
}

/** The text of a row while it is typed, bound letter by letter like on its card (CAN-3). */
export function RowText({ document, id, label, onFull, onDone }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const typing = useRef<Typing>(undefined);
  const latest = useRef({ onFull, onDone });
  useEffect(() => {
    latest.current = { onFull, onDone };
  });
  useLayoutEffect(() => {
    const element = field.current;
    if (document.text(id) === undefined) {
      commands.setText(document, id, '');
    }
    const text = document.text(id);
    if (!element || !text) {
      latest.current.onDone(true);
      return;
    }
    const bound = new Typing(text, element, () => latest.current.onFull());
    typing.current = bound;
    const grow = () => {
      element.style.height = 'auto';
      element.style.height = `${element.scrollHeight + 2}px`;
    };
    grow();
    text.observe(grow);
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
    return () => {
      text.unobserve(grow);
      bound.destroy();
    };
  }, [document, id]);
  return (
    <div className="flex min-w-0 flex-1 items-start gap-2">
      <textarea
        ref={field}
        rows={1}
        aria-label={label}
        className="field max-h-60 resize-none"
        spellCheck
        onInput={() => typing.current?.input()}
        onCompositionStart={() => typing.current?.compositionStart()}
        onCompositionEnd={() => typing.current?.compositionEnd()}
        onBlur={() => onDone(false)}
        onKeyDown={(event) => {
          event.stopPropagation();
          // On a touch keyboard Enter is the only way to a new line, and the button is there.
          const touch = matchMedia('(pointer: coarse)').matches;
          if (event.key === 'Escape' || (event.key === 'Enter' && !event.shiftKey && !touch && !event.nativeEvent.isComposing)) {
            event.preventDefault();
            onDone(true);
          }
        }}
      />
      <Button small className="mt-1" onPointerDown={(event) => event.preventDefault()} onClick={() => onDone(true)}>
        Done
      </Button>
    </div>
  );
}

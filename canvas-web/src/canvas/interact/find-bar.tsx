import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { find } from '../document';
import type { Editor } from './editor';

const MOST = 200;

/** Finds by what is written, job titles included. Enter goes to the next place, Shift+Enter to the one before. */
export function FindBar({ editor }: { editor: Editor }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const asked = useDeferredValue(query);
  const result = useMemo(
    () => find(editor.document, asked, { limit: MOST, title: (job) => editor.jobs.face(job)?.title }),
    [editor, asked],
  );
  const { found, total } = result;

  useEffect(() => field.current?.select(), []);

  const show = (place: number) => {
    const one = found[place];
    if (!one) {
      return;
    }
    setAt(place);
    const link = one.kind === 'link';
    const box = link ? editor.scene.curve(one.id)?.box : editor.scene.box(one.id);
    if (box) {
      editor.select(link ? [] : [one.id], link ? [one.id] : []);
      editor.camera.reveal(box, 0.6);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search shows its first place, once.
  useEffect(() => show(0), [result]);

  const step = (by: number) => found.length > 0 && show((at + by + found.length) % found.length);
  const close = () => {
    editor.set({ find: false });
    editor.refocus();
  };
  return (
    <search data-own-pointer data-own-wheel className="cv-find popup">
      <input
        ref={field}
        autoFocus
        value={query}
        placeholder="Find on this canvas"
        aria-label="Find on this canvas"
        className="cv-label"
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault();
            step(event.shiftKey ? -1 : 1);
          } else if (event.key === 'Escape') {
            event.preventDefault();
            event.stopPropagation();
            close();
          }
        }}
      />
      <output className="cv-count">{asked.trim() === '' ? '' : total === 0 ? 'Nothing' : `${at + 1} of ${total}`}</output>
      <button type="button" className="cv-tool" aria-label="The one before" title="The one before (Shift+Enter)" onClick={() => step(-1)}>
        <ChevronUp size={17} aria-hidden />
      </button>
      <button type="button" className="cv-tool" aria-label="The next" title="The next (Enter)" onClick={() => step(1)}>
        <ChevronDown size={17} aria-hidden />
      </button>
      <button type="button" className="cv-tool" aria-label="Close" title="Close (Esc)" onClick={close}>
        <X size={17} aria-hidden />
      </button>
    </search>
  );
}

import { useId, useMemo, useRef, useState } from 'react';
import { cx } from '../lib/cx';
import { Dialog } from './dialog';

interface Props<T> {
  title: string;
  description?: string;
  /** Name of the field. */
  label: string;
  placeholder: string;
  /** What is listed for the words typed; kept by the caller while its choices stay the same. */
  find: (query: string) => readonly T[];
  keyOf: (choice: T) => string;
  row: (choice: T) => React.ReactNode;
  /** Said when nothing is found. */
  nothing: string;
  /** Above the field. */
  children?: React.ReactNode;
  onPick: (choice: T) => void;
  onClose: () => void;
}

/** Chooses one of many by typing, arrows or a tap. */
export function Chooser<T>({ title, description, label, placeholder, find, keyOf, row, nothing, children, onPick, onClose }: Props<T>) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => find(query), [find, query]);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setAt(next);
    box.current?.children[next]?.scrollIntoView?.({ block: 'nearest' });
  };
  const pick = (choice: T | undefined) => {
    if (choice !== undefined) {
      onClose();
      onPick(choice);
    }
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <div className="flex min-h-0 flex-1 flex-col gap-2 px-5 pb-4">
        {children}
        <input
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={found[at] === undefined ? undefined : `${list}-${at}`}
          aria-label={label}
          placeholder={placeholder}
          className="field"
          value={query}
          autoFocus
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
              event.preventDefault();
              move(at + (event.key === 'ArrowDown' ? 1 : -1));
            } else if (event.key === 'Enter') {
              event.preventDefault();
              pick(found[at]);
            }
          }}
        />
        <div ref={box} id={list} role="listbox" aria-label={title} className="-mx-2 min-h-24 overflow-y-auto">
          {found.map((choice, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
            <div
              key={keyOf(choice)}
              id={`${list}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              onClick={() => pick(choice)}
              onPointerMove={() => setAt(index)}
              className={cx('flex min-h-10 cursor-default items-center gap-2.5 rounded-lg px-2 py-1.5 text-sm', index === at && 'bg-hover')}
            >
              {row(choice)}
            </div>
          ))}
          {found.length === 0 && <p className="px-2 py-3 text-ink-3 text-sm">{nothing}</p>}
        </div>
      </div>
    </Dialog>
  );
}

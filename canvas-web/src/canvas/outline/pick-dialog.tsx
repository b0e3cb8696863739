import { useId, useMemo, useRef, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { Dialog } from '@/shared/ui/dialog';
import type { ObjectView } from '../types';
import { TypeChip } from './icons';

export interface Choice {
  readonly id: string | null;
  readonly name: string;
  /** The group it is in, or what it is. */
  readonly hint?: string;
  readonly view?: ObjectView;
}

interface Props {
  title: string;
  description?: string;
  choices: readonly Choice[];
  /** Shown when there is nothing to choose. */
  empty: string;
  children?: React.ReactNode;
  onPick: (id: string | null) => void;
  onClose: () => void;
}

/** So many are listed at once; typing finds the others. */
const shown = 100;

/** Chooses one of many by typing, arrows or a tap. */
export function PickDialog({ title, description, choices, empty, children, onPick, onClose }: Props) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => {
    const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return choices
      .filter(({ name, hint = '' }) => words.every((word) => `${name} ${hint}`.toLocaleLowerCase().includes(word)))
      .slice(0, shown);
  }, [choices, query]);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setAt(next);
    box.current?.children[next]?.scrollIntoView?.({ block: 'nearest' });
  };
  const pick = (choice: Choice | undefined) => {
    if (choice !== undefined) {
      onClose();
      onPick(choice.id);
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
          aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
          aria-label="Search"
          placeholder="Search…"
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
              key={choice.id ?? ''}
              id={`${list}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              onClick={() => pick(choice)}
              onPointerMove={() => setAt(index)}
              className={cx('flex min-h-10 cursor-default items-center gap-2.5 rounded-lg px-2 py-1.5 text-sm', index === at && 'bg-hover')}
            >
              {choice.view && <TypeChip type={choice.view.type} color={choice.view.color} />}
              <span className="min-w-0 flex-1 truncate">{choice.name}</span>
              {choice.hint && <span className="max-w-[40%] truncate text-ink-3 text-xs">{choice.hint}</span>}
            </div>
          ))}
          {found.length === 0 && <p className="px-2 py-3 text-ink-3 text-sm">{choices.length === 0 ? empty : 'Nothing is called so.'}</p>}
        </div>
      </div>
    </Dialog>
  );
}

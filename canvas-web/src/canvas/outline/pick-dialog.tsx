import { useCallback } from 'react';
import { Chooser } from '@/shared/ui/chooser';
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

/** Chooses one of the objects. */
export function PickDialog({ title, description, choices, empty, children, onPick, onClose }: Props) {
  const find = useCallback(
    (query: string) => {
      const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      return choices
        .filter(({ name, hint = '' }) => words.every((word) => `${name} ${hint}`.toLocaleLowerCase().includes(word)))
        .slice(0, shown);
    },
    [choices],
  );
  return (
    <Chooser
      title={title}
      description={description}
      label="Search"
      placeholder="Search…"
      find={find}
      keyOf={({ id }) => id ?? ''}
      row={({ name, hint, view }) => (
        <>
          {view && <TypeChip type={view.type} color={view.color} />}
          <span className="min-w-0 flex-1 truncate">{name}</span>
          {hint && <span className="max-w-[40%] truncate text-ink-3 text-xs">{hint}</span>}
        </>
      )}
      nothing={choices.length === 0 ? empty : 'Nothing is called so.'}
      onPick={({ id }) => onPick(id)}
      onClose={onClose}
    >
      {children}
    </Chooser>
  );
}

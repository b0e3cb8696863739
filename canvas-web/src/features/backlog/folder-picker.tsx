import { Folder, FolderPlus, Inbox } from 'lucide-react';
import { useId, useMemo, useRef, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { pathWords } from '@/shared/lib/folders';
import { Dialog } from '@/shared/ui/dialog';

interface Props {
  title: string;
  description?: string;
  /** Paths in the order they are shown in. */
  folders: readonly string[];
  /** Offer what is in no folder. */
  none: string;
  /** Offer to make what is typed. */
  mayMake?: boolean;
  onPick: (path: string) => void;
  onClose: () => void;
}

interface Choice {
  path: string;
  words: string;
  kind: 'folder' | 'none' | 'new';
}

/** So many are listed at once; typing finds the others. */
const SHOWN = 100;

/** Chooses a folder by typing, arrows or a tap, or names a new one. */
export function FolderPicker({ title, description, folders, none, mayMake = true, onPick, onClose }: Props) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const choices = useMemo<Choice[]>(() => {
    const words = query
      .toLocaleLowerCase()
      .split(/[\s/›]+/)
      .filter(Boolean);
    const all: Choice[] = [
      { path: '', words: none, kind: 'none' },
      ...folders.map((path) => ({ path, words: pathWords(path), kind: 'folder' as const })),
    ];
    const found = all.filter((choice) => words.every((word) => choice.words.toLocaleLowerCase().includes(word))).slice(0, SHOWN);
    const typed = query
      .split('/')
      .map((name) => name.trim())
      .filter(Boolean)
      .join('/');
    if (mayMake && typed !== '' && !folders.includes(typed)) {
      found.push({ path: typed, words: `New folder ${pathWords(typed)}`, kind: 'new' });
    }
    return found;
  }, [query, folders, none, mayMake]);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(choices.length - 1, to));
    setAt(next);
    box.current?.children[next]?.scrollIntoView?.({ block: 'nearest' });
  };
  const pick = (choice: Choice | undefined) => {
    if (choice) {
      onClose();
      onPick(choice.path);
    }
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <div className="flex min-h-0 flex-1 flex-col gap-2 px-5 pb-4">
        <input
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={choices[at] ? `${list}-${at}` : undefined}
          aria-label="Folder"
          placeholder={mayMake ? 'Find, or name a new one' : 'Find'}
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
              pick(choices[at]);
            }
          }}
        />
        <div ref={box} id={list} role="listbox" aria-label={title} className="-mx-2 min-h-24 overflow-y-auto">
          {choices.map((choice, index) => {
            const Icon = choice.kind === 'none' ? Inbox : choice.kind === 'new' ? FolderPlus : Folder;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              <div
                key={`${choice.kind}:${choice.path}`}
                id={`${list}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                onClick={() => pick(choice)}
                onPointerMove={() => setAt(index)}
                className={cx(
                  'flex min-h-9 cursor-default items-center gap-2.5 rounded-lg px-2 py-1.5 text-sm',
                  index === at && 'bg-hover',
                )}
              >
                <Icon className="size-4 shrink-0 text-ink-3" aria-hidden />
                <span dir="auto" className="min-w-0 flex-1 truncate">
                  {choice.words}
                </span>
              </div>
            );
          })}
          {choices.length === 0 && <p className="px-2 py-3 text-ink-3 text-sm">No folder is called so.</p>}
        </div>
      </div>
    </Dialog>
  );
}

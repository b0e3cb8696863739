import { Folder, FolderPlus, Inbox } from 'lucide-react';
import { useCallback } from 'react';
import { pathWords } from '@/shared/lib/folders';
import { Chooser } from '@/shared/ui/chooser';

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

const icons = { folder: Folder, none: Inbox, new: FolderPlus };

/** So many are listed at once; typing finds the others. */
const SHOWN = 100;

/** Chooses a folder, or names a new one. */
export function FolderPicker({ title, description, folders, none, mayMake = true, onPick, onClose }: Props) {
  const find = useCallback(
    (query: string): readonly Choice[] => {
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
    },
    [folders, none, mayMake],
  );
  return (
    <Chooser
      title={title}
      description={description}
      label="Folder"
      placeholder={mayMake ? 'Find, or name a new one' : 'Find'}
      find={find}
      keyOf={({ kind, path }) => `${kind}:${path}`}
      row={({ kind, words }) => {
        const Icon = icons[kind];
        return (
          <>
            <Icon className="size-4 shrink-0 text-ink-3" aria-hidden />
            <span dir="auto" className="min-w-0 flex-1 truncate">
              {words}
            </span>
          </>
        );
      }}
      nothing="No folder is called so."
      onPick={({ path }) => onPick(path)}
      onClose={onClose}
    />
  );
}

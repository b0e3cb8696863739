import { Dialog } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { useId, useMemo, useRef, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { Kbd } from '@/shared/ui/bits';

export interface Action {
  readonly id: string;
  readonly label: string;
  readonly keys?: readonly string[];
  readonly run: () => void;
}

/** Those whose words begin with what is typed, in the order given. */
export function matching(actions: readonly Action[], query: string): Action[] {
  const wanted = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return actions.filter(({ label }) => {
    const words = label.toLocaleLowerCase().split(/[\s,:#()]+/);
    return wanted.every((start) => words.some((word) => word.startsWith(start)));
  });
}

/** Every action of the canvas by its name (Ctrl+K). */
export function ActionPalette({ actions, onClose }: { actions: readonly Action[]; onClose: () => void }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => matching(actions, query).slice(0, 60), [actions, query]);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setAt(next);
    box.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const run = (action: Action | undefined) => {
    if (action) {
      onClose();
      action.run();
    }
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-overlay" />
        <Dialog.Popup
          aria-label="Actions"
          className="fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 flex-col rounded-2xl border bg-raised shadow-pop"
        >
          <div className="flex items-center gap-2 border-b px-3.5">
            <Search className="size-4 text-ink-3" aria-hidden />
            <input
              role="combobox"
              aria-expanded
              aria-controls={list}
              aria-activedescendant={found[at] ? `${list}-${found[at].id}` : undefined}
              aria-label="What to do"
              placeholder="What to do…"
              className="h-11 flex-1 bg-transparent outline-none"
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
                  run(found[at]);
                }
              }}
            />
          </div>
          <div ref={box} id={list} role="listbox" aria-label="Actions" className="min-h-0 overflow-y-auto p-1.5">
            {found.map((action, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              <div
                key={action.id}
                id={`${list}-${action.id}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                onClick={() => run(action)}
                onPointerMove={() => setAt(index)}
                className={cx('flex cursor-default items-center gap-2 rounded-lg px-2.5 py-1.5 text-sm', index === at && 'bg-hover')}
              >
                <span className="min-w-0 flex-1 truncate">{action.label}</span>
                <span className="flex gap-1">
                  {action.keys?.map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </span>
              </div>
            ))}
            {found.length === 0 && <p className="px-2.5 py-3 text-ink-3 text-sm">Nothing is called so.</p>}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

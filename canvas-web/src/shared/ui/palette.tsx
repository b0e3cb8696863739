import { Dialog } from '@base-ui/react/dialog';
import { LoaderCircle, Search } from 'lucide-react';
import { type ReactNode, useId, useMemo, useRef, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import type { Action, ActionGroup } from '@/shared/lib/palette';
import { Kbd } from '@/shared/ui/bits';

interface Props {
  label: string;
  placeholder: string;
  query: string;
  onQuery: (query: string) => void;
  groups: readonly ActionGroup[];
  busy?: boolean;
  /** What stands where nothing was found. */
  none: ReactNode;
  onClose: () => void;
}

/** Everything by its name: a field, and below it what fits, to be chosen by arrows, pointer or finger. */
export function Palette({ label, placeholder, query, onQuery, groups, busy, none, onClose }: Props) {
  const [chosen, setChosen] = useState<string>();
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const all = useMemo(() => groups.flatMap(({ actions }) => actions), [groups]);
  // What was chosen may move as more is found; where it goes, the first one is meant.
  const marked = all.find(({ id }) => id === chosen) ?? all[0];
  const choose = (action: Action | undefined) => {
    if (action) {
      setChosen(action.id);
      window.document.getElementById(`${list}-${action.id}`)?.scrollIntoView({ block: 'nearest' });
    }
  };
  const move = (by: number) => {
    const at = all.findIndex(({ id }) => id === marked?.id);
    choose(all[Math.max(0, Math.min(all.length - 1, at + by))]);
  };
  const run = (action: Action | undefined) => {
    if (action) {
      onClose();
      action.run();
    }
  };
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-overlay" />
        <Dialog.Popup
          aria-label={label}
          className="fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 flex-col rounded-2xl border bg-raised shadow-pop max-md:inset-0 max-md:top-0 max-md:left-0 max-md:max-h-none max-md:w-full max-md:max-w-none max-md:translate-x-0 max-md:rounded-none"
        >
          <div className="flex items-center gap-2 border-b px-3.5">
            {busy ? (
              <LoaderCircle className="size-4 animate-spin text-ink-3" aria-hidden />
            ) : (
              <Search className="size-4 text-ink-3" aria-hidden />
            )}
            <input
              role="combobox"
              aria-expanded
              aria-controls={list}
              aria-autocomplete="list"
              aria-activedescendant={marked ? `${list}-${marked.id}` : undefined}
              aria-label={placeholder}
              placeholder={`${placeholder}…`}
              className="h-11 min-w-0 flex-1 bg-transparent outline-none"
              value={query}
              autoFocus
              onChange={(event) => {
                onQuery(event.target.value);
                setChosen(undefined);
                box.current?.scrollTo({ top: 0 });
              }}
              onKeyDown={(event) => {
                const step = steps[event.key];
                if (step !== undefined) {
                  event.preventDefault();
                  move(step);
                } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
                  event.preventDefault();
                  run(marked);
                }
              }}
            />
            <Dialog.Close className="rounded-md px-1.5 py-1 text-ink-2 text-sm md:hidden">Close</Dialog.Close>
          </div>
          <div ref={box} id={list} role="listbox" aria-label={label} className="min-h-0 overflow-y-auto p-1.5">
            {groups
              .filter(({ actions }) => actions.length > 0)
              .map(({ title, actions }) => (
                // biome-ignore lint/a11y/useSemanticElements: groups of options have no element of their own
                <div key={title} role="group" aria-label={title}>
                  <div aria-hidden className="px-2.5 pt-2 pb-1 font-semibold text-2xs text-ink-3">
                    {title}
                  </div>
                  {actions.map((action) => (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
                    <div
                      key={action.id}
                      id={`${list}-${action.id}`}
                      role="option"
                      tabIndex={-1}
                      aria-selected={action.id === marked?.id}
                      onClick={() => run(action)}
                      onPointerMove={() => action.id !== marked?.id && setChosen(action.id)}
                      className={cx(
                        'flex cursor-default items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm max-md:py-2.5',
                        action.id === marked?.id && 'bg-hover',
                      )}
                    >
                      {action.icon && <span className="flex w-4 shrink-0 justify-center text-ink-3 [&>svg]:size-4">{action.icon}</span>}
                      <span className="min-w-0 flex-1">
                        <span className="block truncate">{action.label}</span>
                        {action.detail && <span className="block truncate text-ink-3 text-xs">{action.detail}</span>}
                      </span>
                      {action.keys && (
                        <span className="flex gap-1 max-md:hidden">
                          {action.keys.map((key) => (
                            <Kbd key={key}>{key}</Kbd>
                          ))}
                        </span>
                      )}
                    </div>
                  ))}
                </div>
              ))}
          </div>
          {all.length === 0 && (
            <p role="status" className="px-4 pt-1 pb-4 text-ink-3 text-sm">
              {none}
            </p>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

import { Menu as Base } from '@base-ui/react/menu';
import { Check, ChevronDown } from 'lucide-react';
import { cx } from '../lib/cx';

export interface Choice {
  value: string;
  label: string;
}

interface Props {
  label: string;
  chosen: readonly string[] | undefined;
  options: readonly Choice[];
  onChange: (chosen: string[] | undefined) => void;
}

/** Chooses several of a list; none chosen means all. */
export function ManyPick({ label, chosen = [], options, onChange }: Props) {
  const missing = chosen.filter((value) => !options.some((option) => option.value === value)).map((value) => ({ value, label: value }));
  const name = (value: string) => options.find((option) => option.value === value)?.label ?? value;
  const words = chosen.length === 0 ? label : chosen.length === 1 ? name(chosen[0] as string) : `${label}: ${chosen.length}`;
  return (
    <Base.Root modal={false}>
      <Base.Trigger
        aria-label={chosen.length === 0 ? label : `${label}: ${chosen.map(name).join(', ')}`}
        className={cx(
          'inline-flex h-8 max-w-44 items-center gap-1 rounded-lg border bg-surface px-2 text-sm dark:bg-raised',
          chosen.length > 0 ? 'border-accent font-medium text-ink' : 'border-line-strong text-ink-2',
        )}
      >
        <span className="truncate">{words}</span>
        <ChevronDown className="size-3.5 shrink-0 text-ink-3" aria-hidden />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner side="bottom" align="start" sideOffset={4} className="z-50">
          <Base.Popup className="popup max-h-[min(24rem,var(--available-height))] min-w-44 max-w-72 overflow-y-auto p-1">
            {options.length + missing.length === 0 && <p className="px-2 py-1 text-ink-3 text-sm">Nothing to choose from yet</p>}
            {[...options, ...missing].map((option) => (
              <Base.CheckboxItem
                key={option.value}
                className="menu-item"
                checked={chosen.includes(option.value)}
                onCheckedChange={(checked) => {
                  const next = checked ? [...chosen, option.value] : chosen.filter((value) => value !== option.value);
                  onChange(next.length === 0 ? undefined : next);
                }}
              >
                <span className="flex size-4 shrink-0 items-center justify-center">
                  <Base.CheckboxItemIndicator>
                    <Check className="size-4 text-accent" aria-hidden />
                  </Base.CheckboxItemIndicator>
                </span>
                <span className="min-w-0 flex-1 truncate">{option.label}</span>
              </Base.CheckboxItem>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

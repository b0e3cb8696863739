import { Tabs as Base } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import { cx } from '../lib/cx';

export interface TabItem<T extends string> {
  value: T;
  label: string;
  badge?: ReactNode;
}

export function TabStrip<T extends string>({ items, className }: { items: readonly TabItem<T>[]; className?: string }) {
  return (
    <Base.List className={cx('relative flex shrink-0 gap-0.5 overflow-x-auto border-b [scrollbar-width:none]', className)}>
      {items.map((item) => (
        <Base.Tab
          key={item.value}
          value={item.value}
          className="relative flex h-9 shrink-0 items-center gap-1.5 px-2.5 text-ink-2 text-sm outline-offset-[-2px] hover:text-ink data-active:font-medium data-active:text-ink data-active:after:absolute data-active:after:inset-x-2 data-active:after:-bottom-px data-active:after:h-0.5 data-active:after:rounded-full data-active:after:bg-accent"
        >
          {item.label}
          {item.badge}
        </Base.Tab>
      ))}
    </Base.List>
  );
}

export const TabBadge = ({ children, loud }: { children: ReactNode; loud?: boolean }) => (
  <span
    className={cx(
      'rounded-full px-1.5 font-medium text-2xs tabular-nums',
      loud ? 'bg-progress-soft text-progress' : 'bg-sunken text-ink-3',
    )}
  >
    {children}
  </span>
);

export const Tabs = Base.Root;
export const TabPanel = Base.Panel;

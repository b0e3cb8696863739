import { Menu as Base } from '@base-ui/react/menu';
import { Check, ChevronRight } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { cx } from '../lib/cx';

export function Menu({
  trigger,
  children,
  align = 'end',
  finalFocus,
}: {
  trigger: ReactElement;
  children: ReactNode;
  align?: 'start' | 'end';
  /** What gets the keyboard when it closes; nothing for false. The trigger when left out. */
  finalFocus?: () => HTMLElement | null | false;
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner side="bottom" align={align} sideOffset={4} className="z-50">
          <Base.Popup finalFocus={finalFocus} className="popup max-h-(--available-height) min-w-44 overflow-y-auto p-1">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  icon,
  danger,
  checked,
  disabled,
  why,
  onSelect,
  children,
}: {
  icon?: ReactNode;
  danger?: boolean;
  checked?: boolean;
  disabled?: boolean;
  /** Why it may not be chosen, in words below it. */
  why?: string;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Base.Item className={cx('menu-item', danger && 'text-failed')} disabled={disabled || why !== undefined} onClick={onSelect}>
      {icon && <span className="text-ink-3 [&>svg]:size-4">{icon}</span>}
      <span className="min-w-0 flex-1">
        <span className="block truncate">{children}</span>
        {why && <span className="block max-w-64 whitespace-normal text-2xs text-ink-3">{why}</span>}
      </span>
      {checked && <Check className="size-4 text-accent" aria-label="chosen" />}
    </Base.Item>
  );
}

export const MenuLine = () => <Base.Separator className="my-1 border-line border-t" />;

export function SubMenu({ icon, label, children }: { icon?: ReactNode; label: string; children: ReactNode }) {
  return (
    <Base.SubmenuRoot>
      <Base.SubmenuTrigger className="menu-item">
        {icon && <span className="text-ink-3 [&>svg]:size-4">{icon}</span>}
        <span className="flex-1">{label}</span>
        <ChevronRight className="size-4 text-ink-3" aria-hidden />
      </Base.SubmenuTrigger>
      <Base.Portal>
        <Base.Positioner side="right" align="start" sideOffset={2} className="z-50">
          <Base.Popup className="popup min-w-40 p-1">{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.SubmenuRoot>
  );
}

export const MenuGroup = ({ label, children }: { label: string; children: ReactNode }) => (
  <Base.Group>
    <Base.GroupLabel className="px-2 pt-1 pb-0.5 text-2xs text-ink-3">{label}</Base.GroupLabel>
    {children}
  </Base.Group>
);

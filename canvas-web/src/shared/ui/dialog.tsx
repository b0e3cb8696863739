import { AlertDialog } from '@base-ui/react/alert-dialog';
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { cx } from '../lib/cx';
import { Button, IconButton } from './button';

const backdrop = 'fixed inset-0 z-40 bg-overlay transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0';

export function Dialog({
  open,
  onClose,
  title,
  description,
  wide,
  children,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  wide?: boolean;
  children: ReactNode;
}) {
  const [before] = useState(() => document.activeElement);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup
          finalFocus={() => keyboardAfter(before)}
          className={cx(
            'fixed z-50 flex flex-col bg-surface shadow-pop transition-[opacity,translate] duration-150 data-ending-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0',
            'inset-x-0 bottom-0 max-h-[92dvh] rounded-t-2xl border-t border-line',
            'md:inset-x-auto md:bottom-auto md:top-[8vh] md:left-1/2 md:max-h-[84vh] md:w-[calc(100vw-3rem)] md:-translate-x-1/2 md:rounded-2xl md:border',
            wide ? 'md:max-w-2xl' : 'md:max-w-md',
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0 flex-1">
              <Base.Title className="font-semibold text-base">{title}</Base.Title>
              {description && <Base.Description className="text-sm text-ink-3">{description}</Base.Description>}
            </div>
            <IconButton label="Close" onClick={onClose} small className="-mr-1.5">
              <X className="size-4" aria-hidden />
            </IconButton>
          </header>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/**
 * Where the keyboard goes when a dialog closes: back to what had it; when that is gone, as an item of a closed menu is, to the place that the
 * page names with `data-keyboard`, the innermost of them.
 */
function keyboardAfter(before: Element | null): HTMLElement | true {
  if (before instanceof HTMLElement && before.isConnected && before !== document.body && before.closest('[role="menu"]') === null) {
    return before;
  }
  return [...document.querySelectorAll<HTMLElement>('[data-keyboard]')].at(-1) ?? true;
}

export const DialogBody = ({ children, className }: { children: ReactNode; className?: string }) => (
  <div className={cx('min-h-0 flex-1 overflow-y-auto px-5 py-3', className)}>{children}</div>
);

export const DialogFooter = ({ children }: { children: ReactNode }) => (
  <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">{children}</footer>
);

export function Confirm({
  open,
  onClose,
  title,
  children,
  action,
  busy,
  onConfirm,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  action: string;
  busy?: boolean;
  onConfirm: () => void;
}) {
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdrop} />
        <AlertDialog.Popup className="fixed top-[22vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-sm -translate-x-1/2 rounded-2xl border border-line bg-surface p-5 shadow-pop transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0">
          <AlertDialog.Title className="font-semibold text-base">{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="mt-1 text-sm text-ink-2">
            {children}
          </AlertDialog.Description>
          <div className="mt-4 flex justify-end gap-2">
            <Button onClick={onClose}>Keep</Button>
            <Button look="danger" busy={busy} onClick={onConfirm}>
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

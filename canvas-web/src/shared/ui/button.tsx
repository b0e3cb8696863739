import { LoaderCircle } from 'lucide-react';
import type { ButtonHTMLAttributes, MouseEvent, ReactNode, Ref } from 'react';
import { cx } from '../lib/cx';
import { toast } from './toast';

type Look = 'primary' | 'plain' | 'ghost' | 'danger' | 'good';

const looks: Record<Look, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover border-transparent',
  plain: 'bg-surface text-ink border-line-strong hover:bg-hover dark:bg-raised',
  ghost: 'bg-transparent text-ink-2 border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-surface text-failed border-line-strong hover:bg-failed-soft hover:border-failed/40 dark:bg-raised',
  good: 'bg-done text-surface border-transparent hover:opacity-90',
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  busy?: boolean;
  icon?: ReactNode;
  /** Why it may not be pressed, in words. It stays where the keyboard and screen readers find it, and says so when pressed. */
  why?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = 'plain', small, busy, icon, why, className, children, disabled, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(
        'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-lg border font-medium transition-colors disabled:opacity-50 aria-disabled:cursor-not-allowed aria-disabled:opacity-50',
        small ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
        looks[look],
        className,
      )}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      aria-disabled={why ? true : undefined}
      aria-description={why}
      title={why}
      onClick={why ? (event) => refuse(event, why) : onClick}
      {...rest}
    >
      {busy ? <LoaderCircle className="size-3.5 animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

function refuse(event: MouseEvent<HTMLButtonElement>, why: string) {
  event.preventDefault();
  toast('Not possible', why);
}

/** A square button whose meaning is its icon; `label` names it for everybody else. */
export function IconButton({ label, className, small, children, ...rest }: Omit<ButtonProps, 'icon' | 'busy'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(
        'inline-flex shrink-0 items-center justify-center rounded-lg text-ink-2 transition-colors hover:bg-hover hover:text-ink disabled:opacity-40',
        small ? 'size-7' : 'size-8',
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}

import type { ReactNode } from 'react';
import { cx } from '../lib/cx';

interface Props {
  title: string;
  lead?: ReactNode;
  action?: ReactNode;
  /** For tables. */
  wide?: boolean;
  children: ReactNode;
}

export function Page({ title, lead, action, wide, children }: Props) {
  return (
    <div className="h-full overflow-y-auto">
      <div className={cx('mx-auto flex flex-col gap-6 px-4 py-6 md:px-8 md:py-8', wide ? 'max-w-6xl' : 'max-w-3xl')}>
        <header className="flex flex-wrap items-start justify-between gap-3">
          <div className="min-w-0 max-w-xl">
            <h1 className="font-semibold text-xl tracking-tight">{title}</h1>
            {lead && <p className="mt-0.5 text-pretty text-ink-2 text-sm">{lead}</p>}
          </div>
          {action}
        </header>
        {children}
      </div>
    </div>
  );
}

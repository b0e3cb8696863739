import { type ReactNode, useId } from 'react';

/** A part of a page with a heading of its own. */
export function Section({ title, lead, action, children }: { title: string; lead?: ReactNode; action?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="mb-2 flex flex-wrap items-end justify-between gap-2">
        <div className="min-w-0">
          <h2 id={id} className="font-semibold text-sm">
            {title}
          </h2>
          {lead && <p className="max-w-xl text-pretty text-ink-3 text-xs">{lead}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}

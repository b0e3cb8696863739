import { useState } from 'react';
import type { Analytics, Share } from '@/api/types';
import { compact } from '@/shared/lib/words';
import { Segmented } from '@/shared/ui/forms';
import { moneyWords, percentWords, spanWords } from './words';

type By = 'agent' | 'runner' | 'domain' | 'person';

const bys: { value: By; label: string; none: string }[] = [
  { value: 'agent', label: 'Agent', none: 'No agent worked in this period.' },
  { value: 'runner', label: 'Runner', none: 'No runner worked in this period.' },
  { value: 'domain', label: 'Domain', none: 'No job came to an end in this period.' },
  { value: 'person', label: 'Owner', none: 'No job came to an end in this period.' },
];

/** The same figures by who did it, and for what. */
export function Shares({ figures }: { figures: Analytics }) {
  const [by, setBy] = useState<By>('agent');
  const rows: readonly Share[] = figures[`by_${by}`];
  const chosen = bys.find(({ value }) => value === by);
  const head = 'py-1.5 pl-4 text-right font-medium whitespace-nowrap';
  const cell = 'py-1.5 pl-4 text-right whitespace-nowrap';
  return (
    <section aria-labelledby="shares" className="flex flex-col gap-3 rounded-xl border bg-surface p-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 id="shares" className="font-semibold text-sm">
          By {chosen?.label.toLowerCase()}
        </h2>
        <Segmented label="By what" small value={by} options={bys} onChange={setBy} />
      </div>
      {rows.length === 0 ? (
        <p className="py-4 text-center text-ink-3 text-sm">{chosen?.none}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <section className="overflow-x-auto" tabIndex={0} aria-label={`Figures by ${chosen?.label.toLowerCase()}`}>
          <table className="w-full text-sm tabular-nums">
            <thead className="text-ink-3 text-xs">
              <tr>
                <th scope="col" className="py-1.5 text-left font-medium">
                  {chosen?.label}
                </th>
                {['Done', 'Failed', 'Success', 'Time to done', 'Attempts', 'Retries', 'Tokens', 'Cost'].map((title) => (
                  <th key={title} scope="col" className={head}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const ended = row.completed + row.failed;
                return (
                  <tr key={row.id ?? row.name ?? ''} className="border-t">
                    <th scope="row" className="max-w-48 truncate py-1.5 text-left font-medium" title={row.name ?? undefined}>
                      {row.name ?? <span className="font-normal text-ink-3">{by === 'domain' ? 'No domain' : 'Former member'}</span>}
                    </th>
                    <td className={cell}>{row.completed}</td>
                    <td className={cell}>{row.failed}</td>
                    <td className={cell}>{percentWords(ended > 0 ? row.completed / ended : null)}</td>
                    <td className={cell}>{spanWords(row.time_to_done_ms)}</td>
                    <td className={cell}>{row.attempts}</td>
                    <td className={cell}>{row.retries}</td>
                    <td className={cell}>{compact(row.tokens)}</td>
                    <td className={cell}>{moneyWords(row.cost_usd)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

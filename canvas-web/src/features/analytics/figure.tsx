import { lazy, Suspense, useId, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { Loading } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import type { Point, Series } from './charts';

const Chart = lazy(() => import('./charts'));

interface Props {
  title: string;
  lead?: string;
  kind: 'bars' | 'lines' | 'rows';
  /** What each point is, such as a day. */
  of: string;
  points: readonly Point[];
  series: readonly Series[];
  words: (value: number) => string;
  className?: string;
}

/** A chart, and the same as a table: for screen readers always, for the eye on demand. */
export function ChartFigure({ title, lead, kind, of, points, series, words, className }: Props) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  const empty = points.every((point) => series.every(({ key }) => !point[key]));
  return (
    <figure aria-labelledby={id} className={cx('flex min-w-0 flex-col gap-2 rounded-xl border bg-surface p-4', className)}>
      <figcaption className="flex items-start justify-between gap-2">
        <div>
          <h2 id={id} className="font-semibold text-sm">
            {title}
          </h2>
          {lead && <p className="text-ink-3 text-xs">{lead}</p>}
        </div>
        <Button small aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Chart' : 'Table'}
          <span className="sr-only"> of {title}</span>
        </Button>
      </figcaption>
      {!asTable && (
        <>
          <ul aria-hidden className="flex flex-wrap gap-x-3 text-ink-2 text-xs">
            {series.map(({ key, label, color }) => (
              <li key={key} className="flex items-center gap-1.5">
                <span className="size-2 rounded-full" style={{ background: color }} />
                {label}
              </li>
            ))}
          </ul>
          {empty ? (
            <p className="flex h-24 items-center justify-center text-ink-3 text-sm">Nothing in this period</p>
          ) : (
            <div aria-hidden className={kind === 'rows' ? 'h-[150px]' : 'h-[200px]'}>
              <Suspense fallback={<Loading label="Drawing" />}>
                <Chart kind={kind} points={points} series={series} words={words} />
              </Suspense>
            </div>
          )}
        </>
      )}
      <div className={asTable ? 'max-h-72 overflow-auto' : 'sr-only'}>
        <table className="w-full text-sm tabular-nums">
          <caption className="sr-only">{title}</caption>
          <thead className="text-left text-ink-3 text-xs">
            <tr>
              <th scope="col" className="py-1 font-medium">
                {of}
              </th>
              {series.map(({ key, label }) => (
                <th key={key} scope="col" className="py-1 text-right font-medium">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={String(point.id)} className="border-t">
                <th scope="row" className="py-1 text-left font-normal">
                  {point.label}
                </th>
                {series.map(({ key }) => (
                  <td key={key} className="py-1 text-right">
                    {words(Number(point[key]))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

import { memo, useMemo } from 'react';
import { collapseReturns, parseAnsi } from '../lib/ansi';
import { cx } from '../lib/cx';

/** Program output with its colours; text nodes only. */
export const Ansi = memo(function Ansi({ text, className }: { text: string; className?: string }) {
  const runs = useMemo(() => parseAnsi(collapseReturns(text).replace(/\n$/, '')).runs, [text]);
  return (
    <pre className={cx('whitespace-pre-wrap break-all font-mono text-xs leading-4.5', className)}>
      {runs.map((run, at) =>
        run.style === '' ? (
          run.text
        ) : (
          <span key={at} className={run.style}>
            {run.text}
          </span>
        ),
      )}
    </pre>
  );
});

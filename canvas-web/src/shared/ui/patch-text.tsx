import { memo } from 'react';
import { cx } from '../lib/cx';

const MOST_LINES = 400;

/** A unified diff as coloured lines, for places where a glance is enough. */
export const PatchText = memo(function PatchText({ patch, title }: { patch: string; title?: string }) {
  const lines = patch.replace(/\n$/, '').split('\n');
  const shown = lines
    .slice(0, MOST_LINES)
    .filter((line) => !/^(diff --git|index |--- |\+\+\+ |new file mode|deleted file mode)/.test(line));
  return (
    <figure className="overflow-hidden rounded-lg border">
      {title && <figcaption className="truncate border-b bg-sunken px-2.5 py-1 font-mono text-ink-2 text-xs">{title}</figcaption>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <pre tabIndex={0} className="overflow-x-auto bg-surface py-1 font-mono text-xs leading-4.5">
        {shown.map((line, at) => (
          <span
            key={at}
            className={cx(
              'block min-w-fit px-2.5',
              line.startsWith('+') && 'bg-done-soft text-done',
              line.startsWith('-') && 'bg-failed-soft text-failed',
              line.startsWith('@@') && 'text-ink-3',
            )}
          >
            {line || ' '}
          </span>
        ))}
        {lines.length > MOST_LINES && <span className="block px-2.5 text-ink-3">… {lines.length - MOST_LINES} more lines</span>}
      </pre>
    </figure>
  );
});

import type { Snippet } from '@/api/types';

/** A piece of text with what was looked for marked. Plain text, whatever it says. */
export function Marked({ snippet: { text, highlights } }: { snippet: Snippet }) {
  const parts = [];
  let at = 0;
  for (const { start, end } of highlights) {
    parts.push(text.slice(at, start), <mark key={start}>{text.slice(start, end)}</mark>);
    at = end;
  }
  return (
    <bdi>
      {parts}
      {text.slice(at)}
    </bdi>
  );
}

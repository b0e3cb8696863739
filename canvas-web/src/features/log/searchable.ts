import { stripAnsi } from '@/shared/lib/ansi';
import type { Row } from './assemble';

const texts = new WeakMap<Row, string>();

/** The words of a row in lower case, without escapes. */
export function searchable(row: Row): string {
  let text = texts.get(row);
  if (text === undefined) {
    text = stripAnsi(wordsOf(row)).toLowerCase();
    texts.set(row, text);
  }
  return text;
}

function wordsOf(row: Row): string {
  switch (row.kind) {
    case 'text':
    case 'thought':
    case 'output':
    case 'system':
      return row.text;
    case 'message':
      return `${row.from} ${row.text}`;
    case 'tool':
      return `${row.call.title} ${row.call.paths.join(' ')} ${row.call.content} ${row.call.output} ${row.call.diffs.map(({ path, diff }) => `${path} ${diff}`).join(' ')}`;
    case 'plan':
      return row.steps.map(({ text }) => text).join(' ');
    case 'request':
      return `${row.ask.title} ${row.ask.body} ${row.answer?.answer.body ?? ''}`;
    case 'answer':
      return row.answer.body ?? '';
    case 'usage':
      return '';
  }
}

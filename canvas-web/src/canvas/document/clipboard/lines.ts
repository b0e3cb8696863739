/** Plain text as a list: what each line, bullet, task or cell becomes. */

import { readTable } from '../files/csv';
import { webAddress } from '../heal';

export interface Listed {
  readonly items: readonly string[];
  /** Cells beside one another, when the text was a table. */
  readonly columns?: number;
}

/** In front of an entry: bullets, numbers, letters, tasks, headings. */
const marker = /^(?:[-*+•‣▪◦–—]\s+(?:\[(?<task>[ xX])\]\s*)?|\[(?<bare>[ xX])\]\s+|(?:\d{1,4}|[a-zA-Z])[.)]\s+|#{1,6}\s+|>\s+)/;

export function listOf(text: string): Listed {
  const source = text.replace(/\r\n?/g, '\n').trim();
  const lines = source.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 0 && (lines.every((line) => line.includes('\t')) || (/^"|\t"/m.test(source) && source.includes('\t')))) {
    const rows = readTable(source, '\t');
    const columns = Math.max(...rows.map((row) => row.length));
    return columns === 1 ? { items: rows.map(([cell = '']) => cell) } : cells(rows, columns);
  }
  if (lines.every((line) => /^\s*"(?:[^"]|"")*"\s*$/.test(line)) || quotedColumn(source)) {
    return { items: readTable(source, ',').map((row) => row.join(', ')) };
  }
  return { items: lines.map(entry).filter((item) => item !== '') };
}

/** A column of cells with quotes around those with line breaks, as spreadsheets copy it. */
const quotedColumn = (source: string) => /^"(?:[^"]|"")*\n(?:[^"]|"")*"$/m.test(source) && (source.match(/"/g)?.length ?? 0) % 2 === 0;

function cells(rows: readonly (readonly string[])[], columns: number): Listed {
  return { items: rows.flatMap((row) => Array.from({ length: columns }, (_, column) => row[column] ?? '')), columns };
}

function entry(line: string): string {
  const trimmed = line.trim();
  const found = marker.exec(trimmed);
  if (found === null) {
    return trimmed;
  }
  const done = (found.groups?.task ?? found.groups?.bare ?? ' ').toLowerCase() === 'x';
  const words = trimmed.slice(found[0].length).trim();
  return done && words !== '' ? `✓ ${words}` : words;
}

/** The address, when the text is one and nothing else. */
export function loneAddress(text: string): string | null {
  const trimmed = text.trim();
  return /\s/.test(trimmed) ? null : webAddress(trimmed);
}

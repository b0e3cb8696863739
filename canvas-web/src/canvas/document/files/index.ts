/** Files that a canvas can come from. */
import { limits } from '../heal';
import { fromCanvasFile, isCanvasFile } from './canvas-file';
import { fromJsonCanvas, isJsonCanvas } from './json-canvas';
import { type Parsed, unreadable } from './parsed';
import { fromTable } from './table';

export { fromCanvasFile, type JobWords, toCanvasFile } from './canvas-file';
export { fromJsonCanvas, toJsonCanvas } from './json-canvas';
export { readableFiles } from './kinds';
export type { Fault, Parsed } from './parsed';
export { fromTable } from './table';

/** Reads a file by what is in it: ours, JSON Canvas, or a table. `insert` adds what it holds. */
export function readFile(name: string, content: string): Parsed {
  if (content.length > limits.document) {
    return unreadable(`This file is too large: at most ${limits.document / 1024 / 1024} MB can be read.`);
  }
  const text = content.trim();
  if (text === '') {
    return unreadable('This file is empty.');
  }
  if (/\.(csv|tsv|txt)$/i.test(name)) {
    return fromTable(content);
  }
  if (!text.startsWith('{')) {
    return unreadable('This is no canvas file. Coord reads its own JSON files, JSON Canvas and CSV tables.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('This file is damaged: it is no valid JSON.');
  }
  if (isCanvasFile(value)) {
    return fromCanvasFile(value);
  }
  return isJsonCanvas(value) ? fromJsonCanvas(value) : unreadable('This JSON file holds no canvas that Coord can read.');
}

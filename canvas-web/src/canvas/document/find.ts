/** Search over everything that is written on a canvas. Case and accents do not count; all words must be there, in any order. */
import type { CanvasDocument, LinkView, ObjectView } from '../types';

export interface Found {
  readonly id: string;
  readonly kind: 'object' | 'link';
  /** What was searched in: text, title of the job, address or folder. */
  readonly text: string;
  /** Where the words stand in `text`: [from, to), in order, without overlaps. */
  readonly ranges: readonly (readonly [number, number])[];
}

export interface Search {
  /** The title of a job that this person may see. */
  readonly title?: (job: string) => string | undefined;
  readonly limit?: number;
}

interface Folded {
  readonly source: string;
  readonly text: string;
}

/** Texts change less often than somebody types into a search. */
const folded = new WeakMap<ObjectView | LinkView, Folded>();

/** The best first: the whole text, its beginning, beginnings of words, anywhere; of equals the shorter one. */
export function find(
  document: CanvasDocument,
  query: string,
  { title, limit = 100 }: Search = {},
): { readonly found: readonly Found[]; readonly total: number } {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) {
    return { found: [], total: 0 };
  }
  const whole = words.join(' ');
  const beginnings = words.map(beginning);
  const hits: { readonly id: string; readonly kind: Found['kind']; readonly source: string; readonly score: number }[] = [];
  const look = (view: ObjectView | LinkView, kind: Found['kind'], source: string) => {
    const known = folded.get(view);
    const text = known?.source === source ? known.text : fold(source);
    if (known?.source !== source) {
      folded.set(view, { source, text });
    }
    const score = rank(text, words, whole, beginnings);
    if (score !== null) {
      hits.push({ id: view.id, kind, source, score });
    }
  };
  for (const view of document.objects.values()) {
    look(view, 'object', written(view, title));
  }
  for (const link of document.links.values()) {
    look(link, 'link', link.text);
  }
  hits.sort((a, b) => a.score - b.score || a.source.length - b.source.length || (a.id < b.id ? -1 : 1));
  const found = hits.slice(0, limit).map(({ id, kind, source }) => ({ id, kind, text: source, ranges: rangesOf(source, words) }));
  return { found, total: hits.length };
}

function written(view: ObjectView, title: Search['title']): string {
  const job = view.job === null ? undefined : title?.(view.job);
  return [job ?? view.text, view.url, view.folder === view.text ? null : view.folder].filter(Boolean).join('\n');
}

const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** Lower is better; null when a word is missing. */
function rank(text: string, words: readonly string[], whole: string, beginnings: readonly RegExp[]): number | null {
  if (!words.every((word) => text.includes(word))) {
    return null;
  }
  if (text === whole) {
    return 0;
  }
  if (text.startsWith(whole)) {
    return 1;
  }
  return beginnings.every((word) => word.test(text)) ? 2 : 3;
}

/** Finds a word at the beginning of a word. */
const beginning = (word: string) => new RegExp(`(?:^|[^\\p{L}\\p{N}])${word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}`, 'u');

/** Where the words stand in the text as it was written, whose characters may fold to more or fewer. */
function rangesOf(source: string, words: readonly string[]): readonly (readonly [number, number])[] {
  let text = '';
  const origins: number[] = [];
  let at = 0;
  for (const character of source) {
    const plain = fold(character);
    for (let unit = 0; unit < plain.length; unit += 1) {
      origins.push(at);
    }
    text += plain;
    at += character.length;
  }
  origins.push(at);
  const ranges: [number, number][] = [];
  for (const word of words) {
    for (let from = text.indexOf(word); from >= 0; from = text.indexOf(word, from + word.length)) {
      const last = origins[from + word.length - 1] ?? at;
      const width = [...source.slice(last)][0]?.length ?? 0;
      ranges.push([origins[from] ?? 0, last + width]);
    }
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const before = merged.at(-1);
    if (before !== undefined && range[0] <= before[1]) {
      before[1] = Math.max(before[1], range[1]);
    } else {
      merged.push(range);
    }
  }
  return merged;
}

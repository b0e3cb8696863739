/** Texts as a whole. Letter by letter is the editor's matter: it takes `document.text(id)`, and `spliceText` with origin `TEXT`. */
import type * as Y from 'yjs';
import type { CanvasDocument } from '../../types';
import { done, edit, type Outcome, refused, textOf } from '../edit';
import { cut, limits } from '../heal';

/** Makes a text what it should be, by changing no more than what differs: what others type elsewhere in it stays. */
export function setText(document: CanvasDocument, id: string, text: string): Outcome {
  const object = document.objects.get(id);
  if (object === undefined && !document.links.has(id)) {
    return refused('The object is gone.');
  }
  if (object?.locked === true) {
    return done([], [{ id, why: 'locked' }]);
  }
  if (text.length > limits.text) {
    return refused(`A text holds at most ${limits.text.toLocaleString('en')} characters.`);
  }
  return edit(document, () => {
    const target = textOf(document, object === undefined ? 'links' : 'objects', id);
    if (target !== undefined) {
      spliceText(target, text);
    }
    return done([id]);
  });
}

/** Replaces the part between the common beginning and end. Never cuts a character in two. */
export function spliceText(target: Y.Text, text: string): void {
  const before = target.toString();
  if (before === text) {
    return;
  }
  const most = Math.min(before.length, text.length);
  let start = 0;
  while (start < most && before[start] === text[start]) {
    start += 1;
  }
  if (isHigh(before, start - 1)) {
    start -= 1;
  }
  let end = 0;
  while (end < most - start && before.at(-1 - end) === text.at(-1 - end)) {
    end += 1;
  }
  if (isLow(before, before.length - end)) {
    end -= 1;
  }
  if (before.length > start + end) {
    target.delete(start, before.length - start - end);
  }
  if (text.length > start + end) {
    target.insert(start, text.slice(start, text.length - end));
  }
}

const isHigh = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xd800;
const isLow = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** The first line of a text as a name, for lists and messages. */
export function nameOf(text: string, otherwise: string): string {
  const line = text.trim().split('\n', 1)[0]?.trim() ?? '';
  return line === '' ? otherwise : line.length > 80 ? `${cut(line, 79)}…` : line;
}

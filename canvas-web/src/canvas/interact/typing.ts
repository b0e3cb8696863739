/**
 * A text field bound to a `Y.Text`, letter by letter. What this person types goes in as the smallest change; what others type comes in
 * without moving this person's caret away from its letters. While an input method composes, neither side is disturbed.
 */
import type * as Y from 'yjs';
import { TEXT } from '../document';
import { schema } from '../schema.gen';

/** What the binding needs of a text area. */
export interface Field {
  value: string;
  readonly selectionStart: number;
  readonly selectionEnd: number;
  setSelectionRange(start: number, end: number): void;
}

export interface Change {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const splits = (text: string, at: number): boolean =>
  (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** The one replacement that makes `after` of `before`, ending at the caret when there is a choice ("aa|" typed into "aaa"). Whole characters. */
export function changeOf(before: string, after: string, caret: number): Change | null {
  if (before === after) {
    return null;
  }
  const least = Math.min(before.length, after.length);
  const tail = Math.max(0, after.length - caret);
  let end = 0;
  while (end < Math.min(least, tail) && before.at(-1 - end) === after.at(-1 - end)) {
    end++;
  }
  let start = 0;
  while (start < least - end && before[start] === after[start]) {
    start++;
  }
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) {
    end++;
  }
  if (splits(before, start) || splits(after, start)) {
    start--;
  }
  if (splits(before, before.length - end) || splits(after, after.length - end)) {
    end--;
  }
  return { at: start, remove: before.length - start - end, insert: after.slice(start, after.length - end) };
}

/** Types at the end of a text for which there is no field yet. */
export function typeAtEnd(text: Y.Text, letters: string): void {
  if (text.length + letters.length <= schema.limits.text) {
    text.doc?.transact(() => text.insert(text.length, letters), TEXT);
  }
}

type Delta = readonly { readonly retain?: number; readonly insert?: unknown; readonly delete?: number }[];

/** Where a place in a text is after others changed it. At an insertion in the very place it stays in front. */
export function shifted(place: number, delta: Delta): number {
  let at = 0;
  let result = place;
  for (const step of delta) {
    if (step.retain !== undefined) {
      at += step.retain;
    } else if (step.delete !== undefined) {
      result -= Math.max(0, Math.min(step.delete, result - at));
    } else if (step.insert !== undefined) {
      const length = typeof step.insert === 'string' ? step.insert.length : 1;
      if (at < result) {
        result += length;
      }
      at += length;
    }
    if (at >= result && step.retain !== undefined) {
      break;
    }
  }
  return result;
}

export class Typing {
  private known: string;
  private composing = false;
  private late: Delta[] = [];
  private own = false;

  constructor(
    private readonly text: Y.Text,
    private readonly field: Field,
    /** Told when not all fitted. */
    private readonly onFull: () => void = () => undefined,
  ) {
    this.known = text.toString();
    field.value = this.known;
    text.observe(this.onText);
  }

  destroy(): void {
    this.text.unobserve(this.onText);
  }

  /** The field changed by hand. */
  input(): void {
    if (!this.composing) {
      this.send();
    }
  }

  compositionStart(): void {
    this.composing = true;
  }

  compositionEnd(): void {
    this.composing = false;
    this.send();
  }

  private send(): void {
    const { text, field } = this;
    const change = changeOf(this.known, field.value, field.selectionEnd);
    const caret = { start: field.selectionStart, end: field.selectionEnd };
    const late = this.late;
    this.late = [];
    if (change) {
      // What others did while an input method composed moves the place of the change.
      const from = late.reduce(shifted, change.at);
      const to = Math.max(from, late.reduce(shifted, change.at + change.remove));
      const room = schema.limits.text - (text.length - (to - from));
      const insert = change.insert.slice(0, Math.max(0, room));
      this.own = true;
      text.doc?.transact(() => {
        if (to > from) {
          text.delete(from, to - from);
        }
        if (insert) {
          text.insert(from, insert);
        }
      }, TEXT);
      this.own = false;
      if (insert.length < change.insert.length) {
        this.onFull();
      }
    }
    this.show(late.reduce(shifted, caret.start), late.reduce(shifted, caret.end));
  }

  private show(start: number, end: number): void {
    const { text, field } = this;
    this.known = text.toString();
    if (field.value !== this.known) {
      field.value = this.known;
      field.setSelectionRange(start, end);
    }
  }

  private readonly onText = (event: Y.YTextEvent): void => {
    if (this.own) {
      return;
    }
    const delta = event.delta as Delta;
    if (this.composing) {
      this.late.push(delta);
      return;
    }
    const { selectionStart, selectionEnd } = this.field;
    this.show(shifted(selectionStart, delta), shifted(selectionEnd, delta));
  };
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { changeOf, type Field, shifted, Typing } from './typing';

class FakeField implements Field {
  value = '';
  selectionStart = 0;
  selectionEnd = 0;
  setSelectionRange(start: number, end: number) {
    this.selectionStart = start;
    this.selectionEnd = end;
  }
  /** Replaces the part from `at` on, as a person does, with the caret after it. */
  type(at: number, remove: number, insert: string) {
    this.value = this.value.slice(0, at) + insert + this.value.slice(at + remove);
    this.setSelectionRange(at + insert.length, at + insert.length);
  }
}

const apply = (text: string, { at, remove, insert }: { at: number; remove: number; insert: string }) =>
  text.slice(0, at) + insert + text.slice(at + remove);

test('CAN-3: typing is told as the smallest change, at the caret', () => {
  expect(changeOf('aaa', 'aaaa', 2)).toEqual({ at: 1, remove: 0, insert: 'a' });
  expect(changeOf('hello', 'hallo', 2)).toEqual({ at: 1, remove: 1, insert: 'a' });
  expect(changeOf('same', 'same', 0)).toBeNull();
  // 🍎 and 🍏 share their first half.
  expect(changeOf('x🍎y', 'x🍏y', 3)).toEqual({ at: 1, remove: 2, insert: '🍏' });
});

test('CAN-3: a change makes the new text of the old and never cuts a character in two', () => {
  const text = fc.array(fc.constantFrom('a', 'b', ' ', '\n', 'é', '🍎', '🍏', '👍🏽'), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, fc.nat(20), (before, after, caret) => {
      const change = changeOf(before, after, Math.min(caret, after.length));
      if (change === null) {
        expect(after).toBe(before);
        return;
      }
      expect(apply(before, change)).toBe(after);
      // Throws at half a character.
      encodeURIComponent(change.insert);
      encodeURIComponent(before.slice(change.at, change.at + change.remove));
    }),
  );
});

test('CAN-3: the caret stays at its letters when others type', () => {
  expect(shifted(3, [{ insert: 'xx' }])).toBe(5);
  expect(shifted(3, [{ retain: 3 }, { insert: 'xx' }])).toBe(3);
  expect(shifted(3, [{ retain: 5 }, { insert: 'xx' }])).toBe(3);
  expect(shifted(3, [{ retain: 1 }, { delete: 1 }])).toBe(2);
  expect(shifted(3, [{ retain: 2 }, { delete: 9 }])).toBe(2);
  expect(shifted(4, [{ retain: 1 }, { insert: 'x' }, { retain: 1 }, { delete: 1 }])).toBe(4);
});

test('CAN-3: what is composed with an input method lands where it was begun, though others typed meanwhile', () => {
  const doc = new Y.Doc();
  const text = doc.getText('t');
  text.insert(0, 'ab');
  const field = new FakeField();
  const typing = new Typing(text, field);
  typing.compositionStart();
  field.type(2, 0, 'に');
  typing.input();
  text.insert(0, 'others ');
  expect(field.value).toBe('abに');
  field.type(2, 1, '日');
  typing.compositionEnd();
  expect(text.toString()).toBe('others ab日');
  expect(field.value).toBe('others ab日');
  expect(field.selectionStart).toBe(text.length);
});

test('CAN-3: two people who type at once, with delays, end with the same text and lose no letter', () => {
  const act = fc.record({
    who: fc.nat(1),
    do: fc.constantFrom('type', 'type', 'type', 'delete', 'deliver'),
    at: fc.nat(30),
    text: fc.constantFrom('a', 'bc', '🍎', '\n'),
    compose: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const docs = [new Y.Doc(), new Y.Doc()] as const;
      const queues: Uint8Array[][] = [[], []];
      docs.forEach((doc, who) => {
        doc.on('update', (update: Uint8Array, origin: unknown) => origin !== 'wire' && queues[1 - who]?.push(update));
      });
      const fields = [new FakeField(), new FakeField()] as const;
      const typings = docs.map((doc, who) => new Typing(doc.getText('t'), fields[who as 0 | 1]));
      const deliver = (who: number) => {
        for (const update of queues[who]?.splice(0) ?? []) {
          Y.applyUpdate(docs[who as 0 | 1], update, 'wire');
        }
      };
      let typed = 0;
      let removed = 0;
      for (const one of acts) {
        const field = fields[one.who as 0 | 1];
        const typing = typings[one.who];
        let at = Math.min(one.at, field.value.length);
        if ((field.value.charCodeAt(at) & 0xfc00) === 0xdc00) {
          at--;
        }
        if (one.do === 'deliver') {
          deliver(one.who);
        } else if (one.do === 'delete') {
          const length = [...field.value.slice(at)][0]?.length ?? 0;
          field.type(at, length, '');
          removed += length;
          typing?.input();
        } else if (one.compose) {
          typing?.compositionStart();
          field.type(at, 0, one.text);
          deliver(one.who);
          typing?.compositionEnd();
          typed += one.text.length;
        } else {
          field.type(at, 0, one.text);
          typing?.input();
          typed += one.text.length;
        }
        expect(field.value).toBe(docs[one.who as 0 | 1].getText('t').toString());
      }
      deliver(0);
      deliver(1);
      expect(fields[0].value).toBe(fields[1].value);
      expect(docs[0].getText('t').toString()).toBe(fields[0].value);
      // Both may have deleted the same letter; none other is missing.
      expect(fields[0].value.length).toBeGreaterThanOrEqual(typed - removed);
      expect(fields[0].value.length).toBeLessThanOrEqual(typed);
    }),
    { numRuns: 300 },
  );
});

/** Several people do anything at all, and updates arrive in any order: in the end everybody sees the same, within the limits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { commands, copy, type OpenDocument, openDocument, openUndo, pasteFragment, type UndoStack, worldPoint } from '.';
import { ancestors } from './geometry';
import { LOCAL, TEXT } from './origins';
import { me } from './testing';
import { wireView } from './wire';

interface Person {
  readonly document: OpenDocument;
  readonly undo: UndoStack;
  /** Updates of others that have not arrived. */
  readonly waiting: Uint8Array[];
}

function people(count: number): Person[] {
  const all = Array.from({ length: count }, (): Person => {
    const document = openDocument(new Y.Doc(), (run) => run());
    const where = { selection: [], camera: null };
    return {
      document,
      waiting: [],
      undo: openUndo(
        document,
        () => where,
        () => undefined,
      ),
    };
  });
  for (const { document } of all) {
    document.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'network') {
        for (const other of all) {
          if (other.document !== document) {
            other.waiting.push(update);
          }
        }
      }
    });
  }
  return all;
}

/** Numbers that choose among what is there. */
interface Choice {
  readonly who: number;
  readonly what: number;
  readonly a: number;
  readonly b: number;
  readonly dx: number;
  readonly dy: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  who: fc.nat(2),
  what: fc.nat(20),
  a: fc.nat(1000),
  b: fc.nat(1000),
  dx: fc.double({ min: -500, max: 500, noNaN: true }),
  dy: fc.integer({ min: -500, max: 500 }),
});

function act({ document, undo }: Person, { what, a, b, dx, dy }: Choice): void {
  const ids = [...document.objects.keys()].sort();
  const links = [...document.links.keys()].sort();
  const one = ids[a % Math.max(1, ids.length)] ?? 'gone';
  const other = ids[b % Math.max(1, ids.length)] ?? 'gone';
  const groups = ids.filter((id) => document.objects.get(id)?.type === 'group');
  const group = groups[b % Math.max(1, groups.length)] ?? null;
  const both = [one, other];
  const text = document.text(one);
  const actions: (() => unknown)[] = [
    () => commands.createObject(document, { type: 'idea', x: dx, y: dy, text: 'new' }, me),
    () => commands.createObject(document, { type: 'group', x: dx, y: dy, parent: group }, me),
    () => commands.moveBy(document, both, dx, dy),
    () => commands.moveBy(document, both, dx, dy, group),
    () => commands.moveBy(document, [one], dx, dy, null),
    () => commands.resize(document, [{ id: one, x: dx, y: dy, w: Math.abs(dx), h: Math.abs(dy) }]),
    () => commands.align(document, ids, 'left'),
    () => commands.tidy(document, both),
    () => commands.distribute(document, ids, 'vertical'),
    () => commands.group(document, both, { by: me }),
    () => commands.ungroup(document, [one]),
    () => commands.deleteObjects(document, [one], { withChildren: a % 2 === 0 }),
    () => commands.duplicate(document, [one], { by: me }),
    () => commands.order(document, both, (['front', 'forward', 'backward', 'back'] as const)[a % 4] ?? 'front'),
    () => commands.connect(document, { from: one, to: other, kind: a % 2 === 0 ? 'rel' : 'dep' }),
    () => commands.deleteObjects(document, [links[a % Math.max(1, links.length)] ?? 'gone']),
    () => commands.update(document, both, { color: 'teal', locked: a % 3 === 0 ? b % 2 === 0 : undefined }),
    () => document.doc.transact(() => text?.insert(a % (text.length + 1), '😀b'), TEXT),
    () => commands.setText(document, one, `text ${a}`),
    () => undo.undo(),
    () => undo.redo(),
  ];
  actions[what % actions.length]?.();
}

/** What must hold for everybody at any time. */
function sound(document: OpenDocument): void {
  for (const view of document.objects.values()) {
    expect(ancestors(document, view.id).length).toBeLessThanOrEqual(8);
    expect(document.children(view.parent)).toContain(view.id);
    expect(view.parent === null || document.objects.get(view.parent)?.type === 'group').toBe(true);
    expect(Math.max(Math.abs(view.x), Math.abs(view.y))).toBeLessThanOrEqual(1e7);
    expect(Math.min(view.w, view.h)).toBeGreaterThanOrEqual(8);
    expect(view.z.length).toBeLessThanOrEqual(64);
  }
  for (const link of document.links.values()) {
    expect(document.objects.has(link.from.object) && document.objects.has(link.to.object)).toBe(true);
  }
}

test('CAN-3: whatever people do and however updates arrive, all see the same in the end', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ choice, arrive: fc.array(fc.nat(100), { maxLength: 3 }) }), { maxLength: 40 }), (history) => {
      const all = people(3);
      for (const { choice, arrive } of history) {
        const person = all[choice.who] as Person;
        act(person, choice);
        sound(person.document);
        for (const number of arrive) {
          // Any waiting update, also before the one it builds on: Yjs keeps it until it fits.
          const to = all[number % all.length] as Person;
          const [update] = to.waiting.splice(number % Math.max(1, to.waiting.length), 1);
          if (update !== undefined) {
            Y.applyUpdate(to.document.doc, update, 'network');
            sound(to.document);
          }
        }
      }
      for (const person of all) {
        for (const update of person.waiting.splice(0)) {
          Y.applyUpdate(person.document.doc, update, 'network');
        }
      }
      const [first, ...others] = all.map(({ document }) => wireView(document));
      for (const other of others) {
        expect(other).toEqual(first);
      }
      const anew = openDocument(all[0]?.document.doc as Y.Doc);
      expect(wireView(anew)).toEqual(first);
      sound(anew);
    }),
    { numRuns: 150 },
  );
});

test('CAN-2: taking back everything one did leaves an empty canvas, making it again brings the same', () => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 25 }), (history) => {
      const [person] = people(1) as [Person];
      for (const one of history) {
        if (one.what < 19) {
          act(person, one);
        }
      }
      const { document, undo } = person;
      const before = wireView(document);
      while (undo.undo()) {
        sound(document);
      }
      expect(document.objects.size + document.links.size).toBe(0);
      while (undo.redo()) {
        sound(document);
      }
      expect(wireView(document)).toEqual(before);
    }),
    { numRuns: 80 },
  );
});

test('CAN-2: moving into groups and out, grouping and ungrouping never move anything on the canvas', () => {
  fc.assert(
    fc.property(fc.array(choice, { minLength: 5, maxLength: 30 }), (history) => {
      const [person] = people(1) as [Person];
      const { document } = person;
      for (const [index, one] of history.entries()) {
        act(person, { ...one, what: index % 4 === 0 ? 1 : 0, dx: Math.round(one.dx) });
      }
      const before = new Map([...document.objects.keys()].map((id) => [id, worldPoint(document, id)]));
      for (const one of history) {
        act(person, { ...one, what: [3, 4, 9, 10][one.what % 4] ?? 3, dx: 0, dy: 0 });
      }
      for (const [id, point] of before) {
        if (document.objects.has(id)) {
          expect(worldPoint(document, id)).toEqual(point);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('CAN-3: a command changes the document in one update', () => {
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 20 }), (history) => {
      const [person] = people(1) as [Person];
      let updates: unknown[] = [];
      person.document.doc.on('update', (_: Uint8Array, origin: unknown) => updates.push(origin));
      for (const one of history.filter(({ what }) => what < 17)) {
        updates = [];
        act(person, one);
        expect(updates.length).toBeLessThanOrEqual(1);
        expect(updates.every((origin) => origin === LOCAL)).toBe(true);
      }
      const whole = copy(person.document, person.document.objects.keys());
      updates = [];
      if (whole !== null) {
        expect(
          pasteFragment(person.document, commands.fragmentOf(person.document, person.document.objects.keys()), {
            at: { x: 0, y: 0 },
            by: me,
          }),
        ).toMatchObject({ ok: true });
        expect(updates.length).toBe(1);
      }
    }),
    { numRuns: 60 },
  );
});

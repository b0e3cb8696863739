import { describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { commands, openDocument, type UndoStack } from '.';
import { LOCAL, TEXT } from './origins';
import { openUndo, type Where } from './undo';

const me = '01930000-0000-7000-8000-0000000000aa';
const job = '01930000-0000-7000-8000-000000000001';

/** Two people at one canvas; `sync` exchanges what they did. */
function two() {
  const [mine, theirs] = [open(), open()];
  const sync = () => {
    Y.applyUpdate(theirs.document.doc, Y.encodeStateAsUpdate(mine.document.doc, Y.encodeStateVector(theirs.document.doc)));
    Y.applyUpdate(mine.document.doc, Y.encodeStateAsUpdate(theirs.document.doc, Y.encodeStateVector(mine.document.doc)));
    expect(mine.document.objects).toEqual(theirs.document.objects);
    expect(mine.document.links).toEqual(theirs.document.links);
  };
  return { mine, theirs, sync };
}

function open() {
  const document = openDocument(new Y.Doc(), (run) => run());
  let where: Where = { selection: [], camera: null };
  const restored: Where[] = [];
  const undo: UndoStack = openUndo(
    document,
    () => where,
    (then) => restored.push(then),
  );
  const look = (then: Where) => {
    where = then;
  };
  return { document, undo, restored, look };
}

type Person = ReturnType<typeof open>;

function sticky(person: Person, text = '', x = 0): string {
  const outcome = commands.createObject(person.document, { type: 'sticky', x, y: 0, text }, me);
  return outcome.ok ? (outcome.ids[0] ?? '') : '';
}

function type(person: Person, id: string, text: string): void {
  person.document.doc.transact(() => person.document.text(id)?.insert(0, text), TEXT);
}

const x = (person: Person, id: string) => person.document.objects.get(id)?.x;
const text = (person: Person, id: string) => person.document.objects.get(id)?.text;

describe('CAN-2: undo', () => {
  test('CAN-2: each command is a step, however fast they follow one another', () => {
    const mine = open();
    const id = sticky(mine);
    commands.moveBy(mine.document, [id], 10, 0);
    commands.moveBy(mine.document, [id], 10, 0);
    expect(mine.undo.state()).toEqual({ undo: true, redo: false });
    mine.undo.undo();
    expect(x(mine, id)).toBe(10);
    mine.undo.undo();
    expect(x(mine, id)).toBe(0);
    mine.undo.undo();
    expect(mine.document.objects.size).toBe(0);
    expect(mine.undo.undo()).toBe(false);
    expect(mine.undo.state()).toEqual({ undo: false, redo: true });
    mine.undo.redo();
    mine.undo.redo();
    expect(x(mine, id)).toBe(10);
  });

  test('CAN-2: what is typed without a pause is one step, apart from commands before and after', async () => {
    const mine = open();
    const id = sticky(mine);
    for (const letter of 'cba') {
      type(mine, id, letter);
    }
    commands.update(mine.document, [id], { color: 'red' });
    type(mine, id, '!');
    // Yjs keeps the real clock to itself.
    await new Promise((go) => setTimeout(go, 550));
    type(mine, id, '?');
    const seen: unknown[] = [];
    for (let step = 0; step < 4; step += 1) {
      mine.undo.undo();
      seen.push([text(mine, id), mine.document.objects.get(id)?.color]);
    }
    expect(seen).toEqual([
      ['!abc', 'red'],
      ['abc', 'red'],
      ['abc', 'amber'],
      ['', 'amber'],
    ]);
  });

  test('CAN-2: undoing a deletion brings back texts, connectors and places', () => {
    const mine = open();
    const [a, b] = [sticky(mine, 'Apples'), sticky(mine, 'Pears', 300)];
    commands.connect(mine.document, { from: a, to: b, text: 'then' });
    const group = commands.group(mine.document, [a, b], { by: me, name: 'Fruit' });
    const before = [new Map(mine.document.objects), new Map(mine.document.links), mine.document.children(null)];
    commands.deleteObjects(mine.document, group.ok ? group.ids : [], { withChildren: true });
    expect([mine.document.objects.size, mine.document.links.size]).toEqual([0, 0]);
    mine.undo.undo();
    expect([mine.document.objects, mine.document.links, mine.document.children(null)]).toEqual(before);
    mine.undo.redo();
    expect(mine.document.objects.size).toBe(0);
  });

  test('CAN-2: selection and view come back with the step, without what is gone', () => {
    const mine = open();
    const [a, b] = [sticky(mine), sticky(mine)];
    const camera = { x: 5, y: 6, zoom: 2 };
    mine.look({ selection: [a, b], camera });
    commands.moveBy(mine.document, [a, b], 10, 0);
    mine.look({ selection: [b], camera: null });
    commands.deleteObjects(mine.document, [a]);
    mine.undo.undo();
    mine.undo.undo();
    expect(mine.restored).toEqual([
      { selection: [b], camera: null },
      { selection: [a, b], camera },
    ]);
    mine.undo.redo();
    expect(mine.restored.at(-1)).toEqual({ selection: [b], camera: null });
  });

  test('CAN-2: buttons are told when undo and redo become possible, once each', () => {
    const mine = open();
    const told = vi.fn();
    mine.undo.subscribe(told);
    sticky(mine);
    sticky(mine);
    expect(told).toHaveBeenCalledTimes(1);
    mine.undo.undo();
    expect(told).toHaveBeenCalledTimes(2);
    mine.undo.destroy();
    sticky(mine);
    expect(told).toHaveBeenCalledTimes(2);
  });
});

describe('CAN-3: undo among others', () => {
  test("CAN-3: undoing a move over another's later one returns my old place, redo theirs, and the object stays", () => {
    const { mine, theirs, sync } = two();
    const id = sticky(mine);
    commands.moveBy(mine.document, [id], 100, 0);
    sync();
    commands.moveBy(theirs.document, [id], 400, 0);
    sync();
    mine.undo.undo();
    sync();
    expect(x(mine, id)).toBe(0);
    mine.undo.redo();
    sync();
    expect(x(mine, id)).toBe(500);
  });

  test('CAN-3: undo never touches what others did', () => {
    const { mine, theirs, sync } = two();
    const [a, b] = [sticky(mine, 'mine'), sticky(mine)];
    sync();
    commands.moveBy(mine.document, [a], 100, 0);
    commands.update(mine.document, [b], { color: 'red' });
    sync();
    const c = sticky(theirs, 'theirs');
    commands.update(theirs.document, [a], { color: 'teal' });
    type(theirs, a, 'not only ');
    commands.moveBy(theirs.document, [b], 0, 70);
    sync();
    mine.undo.undo();
    mine.undo.undo();
    sync();
    expect(mine.document.objects.get(a)).toMatchObject({ x: 0, color: 'teal', text: 'not only mine' });
    expect(mine.document.objects.get(b)).toMatchObject({ y: 70, color: 'amber' });
    expect(mine.document.objects.get(c)).toMatchObject({ text: 'theirs' });
    expect(theirs.undo.state()).toEqual({ undo: true, redo: false });
  });

  test('CAN-4: undo does not take back what the server made of an idea', () => {
    const { mine, theirs: server, sync } = two();
    const outcome = commands.createObject(mine.document, { type: 'idea', x: 0, y: 0, text: 'Plant' }, me);
    const id = outcome.ok ? (outcome.ids[0] ?? '') : '';
    commands.update(mine.document, [id], { color: 'red' });
    sync();
    server.document.doc.transact(() => {
      const entry = server.document.doc.getMap('objects').get(id) as Y.Map<unknown>;
      entry.set('t', 'job');
      entry.set('job', job);
    }, 'server');
    sync();
    mine.undo.undo();
    sync();
    expect(mine.document.objects.get(id)).toMatchObject({ type: 'job', job, color: 'gray', text: 'Plant' });
  });

  test('CAN-3: what another wrote into an object that I deleted and brought back leaves it readable', () => {
    const { mine, theirs, sync } = two();
    const id = sticky(mine, 'mine', 40);
    sync();
    commands.deleteObjects(mine.document, [id]);
    commands.moveBy(theirs.document, [id], 5, 5);
    commands.update(theirs.document, [id], { color: 'pink' });
    sync();
    expect(mine.document.objects.size).toBe(0);
    mine.undo.undo();
    sync();
    expect(mine.document.objects.get(id)).toMatchObject({ type: 'sticky', text: 'mine', w: 200 });
    commands.setText(theirs.document, id, 'ours');
    sync();
    expect(text(mine, id)).toBe('ours');
  });

  test('CAN-3: changes of others, whatever their origin, are no steps of mine', () => {
    const { mine, theirs, sync } = two();
    sticky(theirs);
    sync();
    mine.document.doc.transact(() => mine.document.doc.getMap('objects').set('x', new Y.Map()), 'import');
    expect(mine.undo.state()).toEqual({ undo: false, redo: false });
    mine.document.doc.transact(() => mine.document.doc.getMap('meta').set('note', 1), LOCAL);
    expect(mine.undo.undo()).toBe(false);
  });
});

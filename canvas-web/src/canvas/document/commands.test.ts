import { describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { ObjectView } from '../types';
import { commands, type Outcome, openDocument, words, worldBox, worldPoint } from '.';
import { LOCAL } from './origins';

const me = '01930000-0000-7000-8000-0000000000aa';
const job = '01930000-0000-7000-8000-000000000001';

const open = () => openDocument(new Y.Doc(), (run) => run());
type Open = ReturnType<typeof open>;

function made(outcome: Outcome): string {
  expect(outcome).toMatchObject({ ok: true });
  return outcome.ok ? (outcome.ids[0] ?? '') : '';
}

const sticky = (document: Open, x: number, y: number, more: Partial<commands.NewObject> = {}) =>
  made(commands.createObject(document, { type: 'sticky', x, y, ...more }, me));

const view = (document: Open, id: string) => document.objects.get(id) as ObjectView;
const reason = (outcome: Outcome) => (outcome.ok ? undefined : outcome.reason);

/** The number of transactions that changed something, and the origin of each. */
function transactions(document: Open): unknown[] {
  const origins: unknown[] = [];
  document.doc.on('update', (_: Uint8Array, origin: unknown) => origins.push(origin));
  return origins;
}

describe('CAN-2: making and changing objects', () => {
  test('CAN-2: a new object is whole at birth, on top, in one transaction of mine', () => {
    const document = open();
    const seen = transactions(document);
    const id = made(commands.createObject(document, { type: 'idea', x: 10.13, y: 20, text: 'Plant a tree' }, me, 5));
    expect(view(document, id)).toEqual({
      id,
      type: 'idea',
      parent: null,
      x: 10.25,
      y: 20,
      w: 240,
      h: 120,
      z: expect.stringMatching(/^a0../),
      text: 'Plant a tree',
      color: 'violet',
      by: me,
      ts: 5,
      locked: false,
      job: null,
      url: null,
      file: null,
      folder: null,
    });
    expect(id).toMatch(/^[0-9a-z]{26}$/);
    expect(document.text(id)?.toString()).toBe('Plant a tree');
    const others = commands.createObjects(
      document,
      [
        { type: 'sticky', x: 0, y: 0 },
        { type: 'sticky', x: 5, y: 0 },
      ],
      me,
    );
    expect(document.children(null)).toEqual([id, ...(others.ok ? others.ids : [])]);
    expect(seen).toEqual([LOCAL, LOCAL]);
  });

  test('CAN-2: what cannot be made is refused in words, and nothing is written', () => {
    const document = open();
    const note = sticky(document, 0, 0);
    const seen = transactions(document);
    const refuse = (object: Partial<commands.NewObject>) =>
      reason(commands.createObject(document, { type: 'sticky', x: 0, y: 0, ...object }, me));
    expect(refuse({ text: 'x'.repeat(20_001) })).toBe('A text holds at most 20,000 characters.');
    expect(refuse({ type: 'link', url: 'javascript:alert(1)' })).toContain('http://');
    expect(refuse({ type: 'job', job: 'soon' })).toBe('A job card needs a job.');
    expect(refuse({ parent: note })).toBe('The group is gone.');
    expect(refuse({ id: note })).toBe('An object with this id is there already.');
    expect(seen).toEqual([]);
  });

  test('CAN-2: a full canvas takes no more', () => {
    const document = open();
    vi.spyOn(document.objects, 'size', 'get').mockReturnValue(19_999);
    expect(made(commands.createObject(document, { type: 'sticky', x: 0, y: 0 }, me))).not.toBe('');
    expect(reason(commands.createObjects(document, Array(2).fill({ type: 'sticky', x: 0, y: 0 }), me))).toBe(
      'A canvas holds at most 20,000 objects; this one has 19,999.',
    );
  });

  test('CAN-2: a document of a later version is not written to', () => {
    const document = open();
    document.doc.getMap('meta').set('schema', 9);
    expect(reason(commands.createObject(document, { type: 'sticky', x: 0, y: 0 }, me))).toContain('newer version');
    expect(document.objects.size).toBe(0);
  });

  test('CAN-2: locked objects are left alone, named, and can be unlocked', () => {
    const document = open();
    const [free, locked] = [sticky(document, 0, 0), sticky(document, 300, 0)];
    commands.update(document, [locked], { locked: true });
    const both = [free, locked];
    const outcomes = [
      commands.update(document, both, { color: 'teal' }),
      commands.moveBy(document, both, 5, 5),
      commands.resize(document, [{ id: locked, x: 0, y: 0, w: 50, h: 50 }]),
      commands.order(document, [locked], 'back'),
      commands.setText(document, locked, 'x'),
      commands.retype(document, [locked], 'idea'),
      commands.group(document, [locked], { by: me }),
    ];
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ ok: true, skipped: [{ id: locked, why: 'locked' }] });
      expect(words(outcome)).toBe('One object is locked and was left alone.');
    }
    expect(view(document, free)).toMatchObject({ color: 'teal', x: 5, y: 5 });
    expect(view(document, locked)).toMatchObject({ color: 'amber', x: 300, y: 0, w: 200, type: 'sticky', text: '', locked: true });
    expect(commands.deleteObjects(document, both)).toMatchObject({ ids: [free] });
    expect(words(commands.update(document, [locked], { locked: false }))).toBeNull();
    expect(view(document, locked).locked).toBe(false);
  });

  test('CAN-2: stickies, ideas and texts become one another with the size of the new kind, unless it was chosen', () => {
    const document = open();
    const [plain, sized] = [sticky(document, 0, 0, { text: 'a' }), sticky(document, 0, 0, { w: 300, h: 90 })];
    const card = made(commands.createObject(document, { type: 'job', x: 0, y: 0, job }, me));
    expect(commands.retype(document, [plain, sized, card], 'idea')).toMatchObject({ ids: [plain, sized] });
    expect(view(document, plain)).toMatchObject({ type: 'idea', w: 240, h: 120, color: 'violet', text: 'a' });
    expect(view(document, sized)).toMatchObject({ type: 'idea', w: 300, h: 90 });
    expect(view(document, card).type).toBe('job');
  });

  test('CAN-5: a job card is written with the id of its job and nothing else about it', () => {
    const document = open();
    const id = made(commands.createObject(document, { type: 'job', x: 0, y: 0, job }, me));
    const entry = document.doc.getMap('objects').get(id) as Y.Map<unknown>;
    expect([...entry.keys()].sort()).toEqual(['at', 'by', 'job', 't', 'ts', 'txt', 'z']);
    expect(document.text(id)?.length).toBe(0);
  });
});

describe('CAN-2: moving and sizing', () => {
  test('CAN-2: a group carries what is in it, and a move into a group keeps the place on the canvas', () => {
    const document = open();
    const note = sticky(document, 100, 100);
    const box = made(commands.createObject(document, { type: 'group', x: 50, y: 60 }, me));
    commands.moveBy(document, [note], 10, 0, box);
    expect(view(document, note)).toMatchObject({ parent: box, x: 60, y: 40 });
    commands.moveBy(document, [box, note], 100, 0);
    expect(view(document, note)).toMatchObject({ x: 60, y: 40 });
    expect(worldPoint(document, note)).toEqual({ x: 210, y: 100 });
    commands.moveBy(document, [note], 0, 0, null);
    expect(view(document, note)).toMatchObject({ parent: null, x: 210, y: 100 });
    expect(document.children(null)).toEqual([box, note]);
  });

  test('CAN-2: no group goes into itself or too deep', () => {
    const document = open();
    const ids = Array.from({ length: 9 }, () => made(commands.createObject(document, { type: 'group', x: 0, y: 0 }, me)));
    ids.slice(1).forEach((id, place) => {
      expect(words(commands.moveBy(document, [id], 0, 0, ids[place]))).toBeNull();
    });
    const [top, second] = ids as [string, string];
    const circle = commands.moveBy(document, [top], 0, 0, second);
    expect(circle).toMatchObject({ ids: [], skipped: [{ id: top, why: 'nesting' }] });
    const note = sticky(document, 0, 0);
    expect(commands.moveBy(document, [note], 0, 0, ids[8])).toMatchObject({ skipped: [{ id: note, why: 'nesting' }] });
    expect(words(commands.moveBy(document, [note], 0, 0, ids[7]))).toBeNull();
    expect(reason(commands.group(document, [note], { by: me }))).toBe('Groups go 8 deep at most.');
  });

  test('CAN-2: making a group larger to the left leaves its contents where they are', () => {
    const document = open();
    const box = made(commands.createObject(document, { type: 'group', x: 100, y: 100 }, me));
    const note = sticky(document, 20, 20, { parent: box });
    commands.resize(document, [{ id: box, x: 40, y: 90, w: 700, h: 410 }]);
    expect(view(document, box)).toMatchObject({ x: 40, y: 90, w: 700, h: 410 });
    expect(worldPoint(document, note)).toEqual({ x: 120, y: 120 });
  });

  test.each([
    ['left', [0, 0], [0, 300]],
    ['right', [200, 0], [300, 300]],
    ['center', [100, 0], [150, 300]],
    ['top', [0, 0], [300, 0]],
    ['bottom', [0, 200], [300, 300]],
    ['middle', [0, 100], [300, 150]],
  ] as const)('CAN-2: align %s', (edge, first, second) => {
    const document = open();
    const a = sticky(document, 0, 0);
    const b = sticky(document, 300, 300, { w: 100, h: 100 });
    commands.align(document, [a, b], edge);
    const at = (id: string) => [view(document, id).x, view(document, id).y];
    expect([at(a), at(b)]).toEqual([first, second]);
  });

  test('CAN-2: objects of different groups line up on the canvas', () => {
    const document = open();
    const box = made(commands.createObject(document, { type: 'group', x: 1000, y: 1000 }, me));
    const [inner, outer] = [sticky(document, 10, 10, { parent: box }), sticky(document, 0, 0)];
    commands.align(document, [inner, outer], 'left');
    expect(worldPoint(document, inner)).toEqual({ x: 0, y: 1010 });
    expect(view(document, inner).parent).toBe(box);
  });

  test('CAN-2: distribute makes gaps equal and leaves the outer ones', () => {
    const document = open();
    const ids = [sticky(document, 0, 0), sticky(document, 900, 5), sticky(document, 210, 9, { w: 100 })];
    commands.distribute(document, ids, 'horizontal');
    expect(ids.map((id) => view(document, id).x)).toEqual([0, 900, 500]);
    expect(ids.map((id) => view(document, id).y)).toEqual([0, 5, 9]);
  });

  test('CAN-2: tidy puts objects into a grid without overlaps, in reading order', () => {
    const document = open();
    const ids = Array.from({ length: 10 }, (_, place) =>
      sticky(document, (place % 4) * 170, Math.floor(place / 4) * 150 + (place % 3) * 9),
    );
    commands.tidy(document, ids);
    const boxes = ids.map((id) => worldBox(document, id));
    expect(boxes[0]).toMatchObject({ x: 0, y: 0 });
    for (const [place, box] of boxes.entries()) {
      expect([(box?.x ?? 1) % 224, (box?.y ?? 1) % 224]).toEqual([0, 0]);
      expect(boxes.findIndex((other) => other?.x === box?.x && other?.y === box?.y)).toBe(place);
    }
    const places = boxes.map((box) => (box?.y ?? 0) * 1000 + (box?.x ?? 0));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('CAN-3: a drag costs no more than 60 bytes of the document', () => {
    const document = open();
    const note = sticky(document, 0, 0);
    const sizes: number[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      commands.moveBy(document, [note], 13.5, -7.25);
    }
    document.doc.on('update', (update: Uint8Array) => sizes.push(update.length));
    for (let turn = 0; turn < 50; turn += 1) {
      commands.moveBy(document, [note], 13.5, -7.25);
    }
    expect(sizes.length).toBe(50);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(60);
  });
});

describe('CAN-2: groups and deleting', () => {
  test('CAN-2: grouping puts a group around the selection at its height; ungrouping puts all back', () => {
    const document = open();
    const [a, b, c, d] = [sticky(document, 0, 0), sticky(document, 10, 0), sticky(document, 300, 100), sticky(document, 20, 0)];
    const before = new Map([a, b, c, d].map((id) => [id, worldPoint(document, id)]));
    const box = made(commands.group(document, [c, a], { by: me, name: 'Fruit' }));
    expect(document.children(null)).toEqual([b, box, d]);
    expect(document.children(box)).toEqual([a, c]);
    expect(worldBox(document, box)).toEqual({ x: -32, y: -64, w: 564, h: 396 });
    expect(view(document, box).text).toBe('Fruit');
    expect(commands.ungroup(document, [box])).toMatchObject({ ok: true, ids: [a, c] });
    expect(document.children(null)).toEqual([b, a, c, d]);
    for (const [id, point] of before) {
      expect(worldPoint(document, id)).toEqual(point);
    }
  });

  test('CAN-2: objects of several groups are grouped in the innermost group that holds them all', () => {
    const document = open();
    const outer = made(commands.createObject(document, { type: 'group', x: 100, y: 100 }, me));
    const inner = made(commands.createObject(document, { type: 'group', x: 50, y: 50, parent: outer }, me));
    const [a, b] = [sticky(document, 5, 5, { parent: inner }), sticky(document, 500, 5, { parent: outer })];
    const box = made(commands.group(document, [a, b], { by: me }));
    expect(view(document, box).parent).toBe(outer);
    expect(document.children(outer)).toEqual([inner, box]);
    expect([worldPoint(document, a), worldPoint(document, b)]).toEqual([
      { x: 155, y: 155 },
      { x: 600, y: 105 },
    ]);
  });

  test('CAN-2: deleting a group keeps what is in it, and its connectors go', () => {
    const document = open();
    const outer = made(commands.createObject(document, { type: 'group', x: 100, y: 100 }, me));
    const inner = made(commands.createObject(document, { type: 'group', x: 50, y: 50, parent: outer }, me));
    const note = sticky(document, 5, 5, { parent: inner });
    const other = sticky(document, 0, 0);
    commands.connect(document, { from: note, to: other });
    commands.connect(document, { from: outer, to: other });
    const seen = transactions(document);
    commands.deleteObjects(document, [outer, inner]);
    expect(seen).toEqual([LOCAL]);
    expect(document.children(null)).toEqual([note, other]);
    expect(worldPoint(document, note)).toEqual({ x: 155, y: 155 });
    expect([...document.links.values()].map(({ from, to }) => [from.object, to.object])).toEqual([[note, other]]);
  });

  test('CAN-2: deleting with contents spares what is locked', () => {
    const document = open();
    const box = made(commands.createObject(document, { type: 'group', x: 100, y: 100 }, me));
    const [gone, kept] = [sticky(document, 5, 5, { parent: box }), sticky(document, 9, 9, { parent: box, locked: true })];
    const outcome = commands.deleteObjects(document, [box], { withChildren: true });
    expect(outcome).toMatchObject({ ids: [box, gone], skipped: [{ id: kept, why: 'locked' }] });
    expect([...document.objects.keys()]).toEqual([kept]);
    expect(worldPoint(document, kept)).toEqual({ x: 109, y: 109 });
  });

  test('CAN-2: a duplicate has its contents and the connectors among them, with ids of its own', () => {
    const document = open();
    const box = made(commands.createObject(document, { type: 'group', x: 100, y: 100, text: 'Box', folder: 'Orchard' }, me));
    const [a, b] = [sticky(document, 5, 5, { parent: box, text: 'A' }), sticky(document, 300, 5, { parent: box, locked: true })];
    const other = sticky(document, 900, 0);
    commands.connect(document, { from: a, to: b, text: 'then' });
    commands.connect(document, { from: a, to: other });
    const copy = made(commands.duplicate(document, [box, a], { by: me }));
    expect(view(document, copy)).toMatchObject({ text: 'Box', x: 124, y: 124, folder: null });
    const inside = document.children(copy).map((id) => view(document, id));
    expect(inside).toMatchObject([
      { text: 'A', x: 5, y: 5, locked: false },
      { x: 300, y: 5, locked: false },
    ]);
    expect(document.objects.size).toBe(7);
    expect([...document.links.values()].map(({ text }) => text).sort()).toEqual(['', 'then', 'then']);
    expect(document.children(null).at(-1)).toBe(copy);
  });

  test('CAN-2: to the front, back, and past the next one it touches', () => {
    const document = open();
    const [a, far, b, c] = [sticky(document, 0, 0), sticky(document, 5000, 0), sticky(document, 50, 50), sticky(document, 90, 90)];
    const ordered = (direction: commands.Direction, ...ids: string[]) => {
      commands.order(document, ids, direction);
      return document.children(null);
    };
    expect(ordered('forward', a)).toEqual([far, b, a, c]);
    expect(ordered('front', far)).toEqual([b, a, c, far]);
    expect(ordered('backward', a)).toEqual([a, b, c, far]);
    expect(ordered('back', c, far)).toEqual([c, far, a, b]);
    expect(ordered('forward', c, far)).toEqual([a, c, far, b]);
  });

  test('CAN-2: siblings with the same or unreadable order keys still get an order', () => {
    const document = open();
    document.doc.transact(() => {
      for (const [id, z] of Object.entries({ a: 'a0', b: 'a0', c: '~', d: '', e: 'a0' })) {
        document.doc.getMap('objects').set(id, new Y.Map(Object.entries({ z })));
      }
    });
    expect(document.children(null)).toEqual(['d', 'a', 'b', 'e', 'c']);
    commands.order(document, ['d'], 'forward');
    expect(document.children(null)).toEqual(['a', 'd', 'b', 'e', 'c']);
    commands.order(document, ['e'], 'front');
    expect(document.children(null)).toEqual(['a', 'd', 'b', 'c', 'e']);
  });

  test('CAN-2: order keys stay within their limit however often something is put at one place', () => {
    const document = open();
    const [low, high] = [sticky(document, 0, 0), sticky(document, 0, 0)];
    for (let turn = 0; turn < 600; turn += 1) {
      const one = turn % 2 === 0 ? low : high;
      commands.order(document, [one], 'front');
      commands.order(document, [sticky(document, 0, 0)], 'backward');
    }
    const orders = [...document.objects.values()].map(({ z }) => z);
    expect(Math.max(...orders.map((z) => z.length))).toBeLessThanOrEqual(64);
    expect(new Set(orders).size).toBe(orders.length);
  });
});

describe('CAN-6: connectors', () => {
  test('CAN-6: only ideas and jobs wait for one another, never in a circle, and two jobs by the server', () => {
    const document = open();
    const idea = () => made(commands.createObject(document, { type: 'idea', x: 0, y: 0 }, me));
    const card = (id: string) => made(commands.createObject(document, { type: 'job', x: 0, y: 0, job: id }, me));
    const [a, b, c, note] = [idea(), idea(), idea(), sticky(document, 0, 0)];
    const [first, second] = [card(job), card(me)];
    const dep = (from: string, to: string) => commands.connect(document, { from, to, kind: 'dep' });
    expect(words(dep(a, b))).toBeNull();
    expect(words(dep(b, c))).toBeNull();
    expect(words(dep(c, first))).toBeNull();
    expect(reason(dep(c, a))).toBe('They would wait for each other.');
    expect(reason(dep(note, a))).toBe('Only ideas and jobs can wait for one another.');
    expect(reason(dep(first, second))).toBe('A dependency between two jobs belongs to the jobs.');
    expect(reason(dep(a, a))).toBe('An object cannot be connected to itself.');
    expect(reason(dep(a, 'gone'))).toBe('One of the two objects is gone.');
    expect(document.links.size).toBe(3);
  });

  test('CAN-2: the same connector twice is one; its ends can move; it can go', () => {
    const document = open();
    const [a, b, c] = [sticky(document, 0, 0), sticky(document, 0, 0), sticky(document, 0, 0)];
    const link = made(commands.connect(document, { from: a, to: b, toSide: 'left' }));
    expect(made(commands.connect(document, { from: a, to: b }))).toBe(link);
    commands.relink(document, link, { to: { object: c, side: 'top' } });
    expect(document.links.get(link)).toMatchObject({ from: { object: a, side: 'auto' }, to: { object: c, side: 'top' } });
    expect(reason(commands.relink(document, link, { to: { object: a, side: 'top' } }))).toContain('itself');
    commands.update(document, [link], { color: 'red' });
    commands.setText(document, link, 'leads to');
    expect(document.links.get(link)).toMatchObject({ color: 'red', text: 'leads to' });
    commands.disconnect(document, [link]);
    expect(document.links.size).toBe(0);
  });
});

describe('CAN-3: texts', () => {
  test('CAN-3: only what differs is changed, so what another types elsewhere stays', () => {
    const document = open();
    const id = sticky(document, 0, 0, { text: 'one two three' });
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(document.doc));
    const theirs = openDocument(other);
    theirs.text(id)?.insert(0, 'Zero ');
    commands.setText(document, id, 'one 2 three');
    Y.applyUpdate(document.doc, Y.encodeStateAsUpdate(other));
    expect(view(document, id).text).toBe('Zero one 2 three');
  });

  test('CAN-3: no character is cut in two', () => {
    const document = open();
    const id = sticky(document, 0, 0, { text: 'a😀b' });
    const deltas: unknown[] = [];
    document.text(id)?.observe((event) => deltas.push(event.delta));
    commands.setText(document, id, 'a😁b');
    commands.setText(document, id, 'a🤁b');
    expect(view(document, id).text).toBe('a🤁b');
    expect(deltas).toEqual(
      [
        [{ retain: 1 }, { delete: 2 }, { insert: '😁' }],
        [{ retain: 1 }, { delete: 2 }, { insert: '🤁' }],
      ].map((delta) => expect.arrayContaining(delta)),
    );
  });

  test('CAN-3: a text that is missing is made', () => {
    const document = open();
    document.doc.getMap('objects').set('bare', new Y.Map([['t', 'idea']]));
    commands.setText(document, 'bare', 'here');
    expect(view(document, 'bare').text).toBe('here');
  });
});

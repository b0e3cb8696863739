import { describe, expect, test } from 'vitest';
import { commands, overlap, worldBox } from '..';
import { anOpenDocument, create, made, me } from '../testing';

const boxes = (document: ReturnType<typeof anOpenDocument>, parent: string | null) =>
  document.children(parent).map((id) => worldBox(document, id) as NonNullable<ReturnType<typeof worldBox>>);

function noneOverlap(all: ReturnType<typeof boxes>): void {
  all.forEach((one, place) => {
    expect(all.slice(place + 1).some((other) => overlap(one, other))).toBe(false);
  });
}

describe('CAN-2: placing by keyboard alone', () => {
  test('CAN-2: room for a box of any size is free, on the canvas and in groups', () => {
    const document = anOpenDocument();
    const group = create(document, { type: 'group', x: 300, y: 300 });
    const note = create(document, { x: 32, y: 64, parent: group });
    const middle = commands.roomBeside(document, { w: 100, h: 60 }, { parent: group, near: note });
    expect(middle).toEqual({ x: 300 + 32 + 200 + 24 + 50, y: 300 + 64 + 30 });
    expect(commands.roomBeside(document, { w: 500, h: 500 }, { near: group })).toEqual({ x: 300 + 640 + 24 + 250, y: 300 + 250 });
  });

  test('CAN-2: new objects lie beside the given one, without overlaps', () => {
    const document = anOpenDocument();
    const first = create(document, { x: 500, y: 500 });
    for (let count = 0; count < 12; count += 1) {
      made(commands.createBeside(document, { type: 'idea', text: 'x' }, { by: me, near: first }));
    }
    noneOverlap(boxes(document, null));
    expect(boxes(document, null)[1]).toMatchObject({ x: 724, y: 500 });
  });

  test('CAN-2: on an empty canvas at the origin, and without a neighbour below all', () => {
    const document = anOpenDocument();
    expect(worldBox(document, made(commands.createBeside(document, { type: 'idea' }, { by: me })))).toMatchObject({ x: 0, y: 0 });
    expect(worldBox(document, made(commands.createBeside(document, { type: 'idea' }, { by: me })))).toMatchObject({ x: 0, y: 168 });
  });

  test('CAN-2: a group grows to hold what is put into it, unless it is locked', () => {
    const document = anOpenDocument();
    const group = create(document, { type: 'group', w: 300, h: 200 });
    for (let count = 0; count < 5; count += 1) {
      made(commands.createBeside(document, { type: 'sticky' }, { by: me, parent: group }));
    }
    noneOverlap(boxes(document, group));
    expect(document.objects.get(group)).toMatchObject({ w: 300, h: 64 + 5 * 224 - 24 + 32 });
    commands.update(document, [group], { locked: true });
    made(commands.createBeside(document, { type: 'sticky' }, { by: me, parent: group }));
    expect(document.objects.get(group)?.h).toBe(64 + 5 * 224 - 24 + 32);
  });

  test('CAN-2: into a group and out again, in one step each, locked ones left alone', () => {
    const document = anOpenDocument();
    const group = create(document, { type: 'group', x: 1000, y: 0, w: 700, h: 400 });
    const [a, b, locked] = [create(document), create(document, { x: 300 }), create(document, { x: 600, locked: true })];
    const updates: unknown[] = [];
    document.doc.on('update', (update: Uint8Array) => updates.push(update));
    expect(commands.moveInto(document, [a, b, locked], group)).toMatchObject({ ok: true, skipped: [{ id: locked, why: 'locked' }] });
    expect(updates.length).toBe(1);
    expect(document.children(group)).toEqual([a, b]);
    noneOverlap(boxes(document, group));
    commands.moveInto(document, [a, b], null);
    expect(document.children(group)).toEqual([]);
    noneOverlap(boxes(document, null));
    expect(worldBox(document, a)?.x).toBeGreaterThanOrEqual(1700);
  });
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { openDocument, openUndo } from '../document';
import { link, put, type Sample } from '../scene/sample';
import { OWN } from '../scene/scene';
import { Editor, type EditorOptions } from './editor';
import { drag, link as draw, marquee, moveEnd, resize } from './gestures';
import { bindingOf, bindings, shortcuts } from './shortcuts';

let editors: Editor[] = [];
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const editor of editors) {
    editor.destroy();
  }
  editors = [];
  vi.useRealTimers();
});

const one = '01890a5d-ac96-774b-bcce-b302099a8057';
const two = '01890a5d-ac96-774b-bcce-b302099a8058';
const keys = { shift: false, alt: false, ctrl: true };
const screen = { x: 0, y: 0 };
const frame = () => vi.advanceTimersByTime(40);

function editorOf(options: Partial<EditorOptions>, ...samples: Sample[]) {
  const doc = new Y.Doc();
  put(doc, ...samples);
  const document = openDocument(doc);
  const editor = new Editor({ document, me: null, ...options });
  editor.camera.resize({ w: 1000, h: 800 });
  editors.push(editor);
  return { doc, document, editor };
}

test('CAN-2: a drop into a group is one step, and the object stays where it is on the canvas', () => {
  const { editor, document } = editorOf({}, { id: 'g', type: 'group', x: 300, y: 300, w: 400, h: 400 }, { id: 's' });
  const undo = openUndo(
    document,
    () => ({ selection: [], camera: null }),
    () => undefined,
  );
  editor.select(['s']);
  const gesture = drag(editor, { x: 50, y: 50 });
  gesture?.move({ x: 450, y: 450 }, screen, keys);
  expect(editor.state.target).toBe('g');
  expect(document.objects.get('s')?.parent, 'nothing is written before the drop').toBeNull();
  gesture?.end({ x: 450, y: 450 }, screen, keys);
  frame();
  expect(document.objects.get('s')).toMatchObject({ parent: 'g', x: 100, y: 100 });
  expect(editor.scene.box('s')).toMatchObject({ x: 400, y: 400 });
  undo.undo();
  frame();
  expect(document.objects.get('s')).toMatchObject({ parent: null, x: 0, y: 0 });
  undo.destroy();
});

test('CAN-2: a drag that is broken off changes nothing, and locked objects stay', () => {
  const { editor, document } = editorOf({}, { id: 's' }, { id: 'fast', x: 200, locked: true });
  editor.select(['s', 'fast']);
  const gesture = drag(editor, { x: 0, y: 0 });
  gesture?.move({ x: 100, y: 0 }, screen, keys);
  expect(editor.scene.box('fast')?.x).toBe(200);
  gesture?.cancel();
  expect(editor.scene.isDrafted('s')).toBe(false);
  expect(document.objects.get('s')?.x).toBe(0);
  editor.select(['fast']);
  expect(drag(editor, { x: 0, y: 0 })).toBeNull();
});

test('CAN-3: others see a drag as it goes, and its end only after the drop', () => {
  const set = vi.fn();
  const { editor } = editorOf({ presence: { peers: new Map(), subscribe: () => () => undefined, set } }, { id: 's' });
  editor.select(['s']);
  const gesture = drag(editor, { x: 0, y: 0 });
  gesture?.move({ x: 30, y: 5 }, screen, keys);
  expect(set).toHaveBeenLastCalledWith({ drag: { ids: ['s'], dx: 30, dy: 5 } });
  const written: string[] = [];
  editor.document.doc.on('afterTransaction', () => written.push('drop'));
  set.mockImplementation((partial) => 'drag' in partial && written.push('end'));
  gesture?.end({ x: 30, y: 5 }, screen, keys);
  expect(written).toEqual(['drop', 'end']);
});

test('CAN-2: several objects are resized together in proportion', () => {
  const { editor, document } = editorOf({}, { id: 'a' }, { id: 'b', x: 100, y: 100 });
  editor.select(['a', 'b']);
  const gesture = resize(editor, 'se', { x: 200, y: 200 });
  gesture?.end({ x: 400, y: 400 }, screen, keys);
  frame();
  expect(document.objects.get('a')).toMatchObject({ x: 0, y: 0, w: 200, h: 200 });
  expect(document.objects.get('b')).toMatchObject({ x: 200, y: 200, w: 200, h: 200 });
  expect(editor.scene.isDrafted('a')).toBe(false);
});

test('CAN-2: the marquee takes what it touches, groups only whole, and not what is inside of those', () => {
  const { editor } = editorOf(
    {},
    { id: 'g', type: 'group', w: 300, h: 300 },
    { id: 'in', parent: 'g', x: 50, y: 50 },
    { id: 'out', x: 400 },
  );
  const part = marquee(editor, { x: 40, y: 40 }, false);
  part.move({ x: 420, y: 60 }, screen, keys);
  expect(new Set(editor.selected)).toEqual(new Set(['in', 'out']));
  part.end({ x: 420, y: 60 }, screen, keys);
  const whole = marquee(editor, { x: -10, y: -10 }, false);
  whole.move({ x: 310, y: 310 }, screen, keys);
  expect(editor.selected).toEqual(['g']);
  whole.cancel();
});

test('CAN-6: a connector between two job cards asks the server for a dependency and writes nothing', () => {
  const addDependency = vi.fn();
  const removeDependency = vi.fn();
  const { editor, document } = editorOf(
    { addDependency, removeDependency },
    { id: 'a', type: 'job', job: one },
    { id: 'b', type: 'job', job: two, x: 400 },
  );
  const gesture = draw(editor, 'a', 'right');
  gesture.end({ x: 450, y: 50 }, screen, keys);
  expect(addDependency).toHaveBeenCalledWith({ first: one, waits: two });
  expect(document.links.size).toBe(0);
  editor.scene.setDependencies([{ first: one, waits: two }]);
  frame();
  editor.select([], ['jobs:a:b']);
  editor.remove();
  expect(removeDependency).toHaveBeenCalledWith({ first: one, waits: two });
});

test('CAN-2: a connector that ends on nothing makes an object there', () => {
  const { editor, document } = editorOf({}, { id: 'a' });
  draw(editor, 'a', 'right').end({ x: 600, y: 50 }, screen, keys);
  expect(document.objects.size).toBe(2);
  expect([...document.links.values()][0]?.from.object).toBe('a');
  expect(editor.state.editing).not.toBeNull();
});

test('CAN-10: who only watches can select and look, and changes nothing by any key', () => {
  const { editor, doc } = editorOf({}, { id: 'a' }, { id: 'b', x: 200 }, { id: 'g', type: 'group', y: 300 });
  link(doc, 'l', 'a', 'b');
  frame();
  editor.setReadOnly(true);
  editor.select(['a', 'b', 'g'], ['l']);
  const before = Y.encodeStateAsUpdate(doc);
  for (const binding of bindings) {
    binding.run(editor, new KeyboardEvent('keydown'));
    editor.place({ x: 0, y: 0 });
  }
  editor.drop(['a'], 10, 10);
  editor.color('red');
  editor.setKind('dep');
  editor.connect('a', 'b');
  expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  expect(editor.state.editing).toBeNull();
});

test('CAN-3: what another deletes leaves the selection, and who was typing in it is told', () => {
  const say = vi.fn();
  const { editor, doc } = editorOf({ say }, { id: 'a' }, { id: 'b' });
  editor.select(['a', 'b']);
  editor.edit('a');
  doc.getMap('objects').delete('a');
  frame();
  expect(editor.state.editing).toBeNull();
  expect(editor.state.focus).toBeNull();
  expect(editor.selected).toEqual([]);
  expect(say).toHaveBeenCalledOnce();
});

test('CAN-5: a card of a job that one may not see says “private job” and nothing more', () => {
  const jobs = {
    face: (id: string) => (id === one ? { number: 7, title: 'Prune', word: 'Ready', tone: 'ready' as const } : undefined),
    subscribe: () => () => undefined,
  };
  const { editor } = editorOf(
    { jobs },
    { id: 'a', type: 'job', job: one },
    { id: 'b', type: 'job', job: two, text: 'what it was called before' },
  );
  expect(editor.label('a')).toBe('Job card, #7, Prune, Ready');
  expect(editor.label('b')).toBe('Job card, Private job');
});

test('CAN-2: Tab goes in reading order: row by row, and into groups', () => {
  const { editor } = editorOf(
    {},
    { id: 'right', x: 800, y: 10 },
    { id: 'g', type: 'group', x: 0, y: 0, w: 400, h: 400 },
    { id: 'low', parent: 'g', x: 20, y: 250 },
    { id: 'high', parent: 'g', x: 20, y: 50 },
    { id: 'below', x: 0, y: 900 },
  );
  expect(editor.reading()).toEqual(['g', 'high', 'low', 'right', 'below']);
  expect(editor.focusNext(1)).toBe(true);
  expect(editor.state.focus).toBe('g');
  editor.focusOn('below');
  expect(editor.focusNext(1)).toBe(false);
  editor.focusOn('high');
  editor.focusTowards(0, 1);
  expect(editor.state.focus).toBe('low');
});

test('CAN-2: plain text and ideas grow with what is written, a note keeps its size, and none shrinks', () => {
  const long = 'word '.repeat(60);
  const { editor, document } = editorOf(
    {},
    { id: 't', type: 'text', h: 40, text: long },
    { id: 'i', type: 'idea', h: 60, text: `Title\n${long}` },
    { id: 's', text: long },
    { id: 'big', type: 'text', h: 900, text: 'short' },
    { id: 'fast', type: 'text', h: 40, text: long, locked: true },
  );
  for (const id of ['t', 'i', 's', 'big', 'fast']) {
    editor.grow(id, 22);
  }
  expect(document.objects.get('t')?.h).toBeGreaterThan(200);
  expect(document.objects.get('i')?.h).toBe(360);
  expect(document.objects.get('s')?.h).toBe(100);
  expect(document.objects.get('big')?.h).toBe(900);
  expect(document.objects.get('fast')?.h).toBe(40);
});

test('CAN-2: no key means two things, and each is on the sheet', () => {
  const all = bindings.flatMap(({ on }) => on);
  expect(new Set(all).size).toBe(all.length);
  for (const { meaning } of bindings) {
    expect(shortcuts.some((shortcut) => shortcut.meaning === meaning)).toBe(true);
  }
  expect(bindingOf(new KeyboardEvent('keydown', { key: 'å', code: 'KeyA', altKey: true }))?.meaning).toBe('Align left');
  expect(bindingOf(new KeyboardEvent('keydown', { key: '!', code: 'Digit1', shiftKey: true }))?.meaning).toBe('All of the canvas');
});

test('CAN-2: a drag of thousands ends without a trace of the draft', () => {
  const many = Array.from({ length: 1000 }, (_, at) => ({ id: `o${at}`, x: at * 10 }));
  const { editor, document } = editorOf({}, ...many);
  editor.selectAll();
  const gesture = drag(editor, { x: 0, y: 0 });
  gesture?.move({ x: 0, y: 64 }, screen, keys);
  gesture?.end({ x: 0, y: 64 }, screen, keys);
  frame();
  expect(document.objects.get('o999')?.y).toBe(64);
  expect(editor.scene.box('o999')?.y).toBe(64);
  editor.scene.setDraft(OWN, null);
  expect(editor.scene.box('o999')?.y).toBe(64);
});

test('CAN-2: the end of a connector is dragged to another object, seen on the way, in one step that can be undone', () => {
  const { doc, editor, document } = editorOf({}, { id: 'a' }, { id: 'b', x: 500 }, { id: 'c', x: 500, y: 500 });
  link(doc, 'l', 'a', 'b');
  frame();
  const undo = openUndo(
    document,
    () => ({ selection: [], camera: null }),
    () => undefined,
  );
  editor.select([], ['l']);
  const before = editor.scene.curve('l')?.to;
  const gesture = moveEnd(editor, 'l', 'to');
  gesture?.move({ x: 250, y: 900 }, screen, keys);
  expect(editor.scene.curve('l')?.to, 'it follows the pointer').toEqual({ x: 250, y: 900 });
  expect(document.links.get('l')?.to.object, 'nothing is written on the way').toBe('b');
  gesture?.end({ x: 250, y: 900 }, screen, keys);
  expect(editor.scene.curve('l')?.to, 'let go over nothing it goes back').toEqual(before);

  const again = moveEnd(editor, 'l', 'to');
  const over = { x: 560, y: 560 };
  again?.move(over, screen, keys);
  again?.end(over, screen, keys);
  frame();
  expect(document.links.get('l')).toMatchObject({ from: { object: 'a' }, to: { object: 'c' } });
  undo.undo();
  frame();
  expect(document.links.get('l')?.to.object).toBe('b');
  undo.destroy();
});

test('CAN-2: a connector holds on to the side its end is dropped at, and cannot be bent back to where it begins', () => {
  const { doc, editor, document } = editorOf({}, { id: 'a' }, { id: 'b', x: 500 });
  link(doc, 'l', 'a', 'b');
  frame();
  const box = editor.scene.box('b');
  const bottom = { x: (box?.x ?? 0) + (box?.w ?? 0) / 2, y: (box?.y ?? 0) + (box?.h ?? 0) - 2 };
  const { camera, view } = editor.camera;
  const shown = { x: (bottom.x - camera.x) * camera.zoom + view.w / 2, y: (bottom.y - camera.y) * camera.zoom + view.h / 2 };
  moveEnd(editor, 'l', 'to')?.end(bottom, shown, keys);
  frame();
  expect(document.links.get('l')?.to).toEqual({ object: 'b', side: 'bottom' });
  moveEnd(editor, 'l', 'to')?.end({ x: 20, y: 20 }, screen, keys);
  frame();
  expect(document.links.get('l')?.to.object).toBe('b');
});

test('CAN-6: dragging an end of a dependency between jobs asks the server, and draws nothing before it has answered', () => {
  const three = '01890a5d-ac96-774b-bcce-b302099a8059';
  const changeDependency = vi.fn();
  const { editor, document } = editorOf(
    { changeDependency },
    { id: 'a', type: 'job', job: one },
    { id: 'b', type: 'job', job: two, x: 500 },
    { id: 'c', type: 'job', job: three, x: 500, y: 500 },
    { id: 'i', type: 'idea', x: 1000 },
  );
  editor.scene.setDependencies([{ first: one, waits: two }]);
  const id = 'jobs:a:b';
  editor.moveEnd(id, 'to', { object: 'c', side: 'auto' });
  expect(changeDependency).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ old: { first: one, waits: two }, next: { first: one, waits: three } }),
  );
  editor.moveEnd(id, 'to', { object: 'i', side: 'auto' });
  expect(changeDependency.mock.lastCall?.[0]).toMatchObject({ old: { first: one, waits: two }, next: null });
  frame();
  expect(document.links.size).toBe(0);
  changeDependency.mock.lastCall?.[0].done();
  frame();
  expect([...document.links.values()]).toMatchObject([{ from: { object: 'a' }, to: { object: 'i' }, kind: 'dep' }]);
});

test('CAN-6: a planned dependency whose end comes to a job becomes the job’s own once the server took it', () => {
  const changeDependency = vi.fn();
  const say = vi.fn();
  const { doc, editor, document } = editorOf(
    { changeDependency, say },
    { id: 'a', type: 'job', job: one },
    { id: 'i', type: 'idea', x: 500 },
    { id: 'b', type: 'job', job: two, x: 500, y: 500 },
    { id: 's', x: 1000 },
  );
  link(doc, 'l', 'a', 'i', 'dep');
  frame();
  editor.moveEnd('l', 'to', { object: 's', side: 'auto' });
  expect(say, 'a note cannot wait').toHaveBeenCalledOnce();
  editor.moveEnd('l', 'to', { object: 'b', side: 'auto' });
  expect(changeDependency.mock.lastCall?.[0]).toMatchObject({ old: null, next: { first: one, waits: two } });
  frame();
  expect(document.links.get('l')?.to.object, 'a refusal leaves it as it was').toBe('i');
  changeDependency.mock.lastCall?.[0].done();
  frame();
  expect(document.links.size).toBe(0);
});

test('CAN-2: what is selected is brought into view, connectors too', () => {
  const { doc, editor } = editorOf({}, { id: 'a', x: 9000 }, { id: 'b', x: 9900, y: 800 });
  link(doc, 'l', 'a', 'b');
  frame();
  editor.select([], ['l']);
  editor.fitSelection();
  vi.advanceTimersByTime(2000);
  const { x, y } = editor.camera.camera;
  const box = editor.scene.curve('l')?.box;
  expect(Math.hypot(x - ((box?.x ?? 0) + (box?.w ?? 0) / 2), y - ((box?.y ?? 0) + (box?.h ?? 0) / 2))).toBeLessThan(2);
});

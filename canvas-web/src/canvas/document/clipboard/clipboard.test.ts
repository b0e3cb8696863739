import { describe, expect, test, vi } from 'vitest';
import { commands, copy, cut, type Pasting, paste, received, worldBox, worldPoint, write } from '..';
import { aJobId, anOpenDocument, create, made, me, reason } from '../testing';
import { listOf } from './lines';

const at = { x: 1000, y: 1000 };
const pasting: Pasting = { at, by: me };

/** What an event carries. */
function transfer(data: Record<string, string> = {}, files: File[] = []) {
  const kept = new Map(Object.entries(data));
  return {
    setData: (type: string, value: string) => void kept.set(type, value),
    getData: (type: string) => kept.get(type) ?? '',
    files: files as unknown as FileList,
    kept,
  };
}

function aBoard() {
  const document = anOpenDocument();
  const group = create(document, { type: 'group', x: 100, y: 100, text: 'Fruit', w: 700, h: 400 });
  const apples = create(document, { parent: group, x: 20, y: 80, text: 'Apples & <pears>' });
  const job = create(document, { parent: group, type: 'job', x: 300, y: 80, job: aJobId });
  const link = create(document, { type: 'link', x: 900, y: 100, url: 'https://example.org/a?b="c"' });
  commands.connect(document, { from: apples, to: job, text: 'then' });
  commands.connect(document, { from: apples, to: link });
  return { document, group, apples, job, link };
}

const jobs = (id: string) => (id === aJobId ? { title: 'Prune the trees', state: 'ready' } : null);

describe('CAN-2: copy and paste', () => {
  test('CAN-2: between canvases: ids are new, places to one another, contents and connectors stay', async () => {
    const { document, group, apples, link } = aBoard();
    const data = transfer();
    const copied = copy(document, [link, group, apples]);
    expect(copied).not.toBeNull();
    write(data, copied as NonNullable<typeof copied>);

    const other = anOpenDocument();
    const outcome = await paste(other, received(data), pasting);
    const [box = '', card = ''] = outcome.ok ? outcome.ids : [];
    expect(other.objects.size).toBe(4);
    expect([...other.objects.keys()].filter((id) => document.objects.has(id))).toEqual([]);
    expect(other.objects.get(box)).toMatchObject({ type: 'group', text: 'Fruit', by: me });
    expect(other.objects.get(card)?.url).toBe('https://example.org/a?b="c"');
    const before = [worldPoint(document, group), worldPoint(document, link)] as const;
    const after = [worldPoint(other, box), worldPoint(other, card)] as const;
    expect(after[1].x - after[0].x).toBe(before[1].x - before[0].x);
    expect(after[1].y - after[0].y).toBe(before[1].y - before[0].y);
    expect(worldBox(other, box)).toMatchObject({ x: 460, y: 800 });
    expect(other.children(box).map((id) => other.objects.get(id)?.text)).toEqual(['Apples & <pears>', '']);
    expect([...other.links.values()].map(({ text }) => text).sort()).toEqual(['', 'then']);
  });

  test('CAN-2: the list in HTML carries the copy where a browser keeps nothing else', async () => {
    const { document, group } = aBoard();
    const copied = copy(document, [group], jobs);
    const what = received(transfer({ 'text/html': `<meta charset="utf-8">${copied?.html}`, 'text/plain': copied?.text ?? '' }));
    expect(what.kind).toBe('fragment');
    const other = anOpenDocument();
    await paste(other, what, pasting);
    expect([...other.objects.values()].map(({ text }) => text).sort()).toEqual(['', 'Apples & <pears>', 'Fruit']);
  });

  test('CAN-2: other programs get a list, with nothing in it that could be taken for markup', () => {
    const { document, group, apples, link } = aBoard();
    const copied = copy(document, [group, link], jobs);
    expect(copied?.text).toBe('- Fruit\n  - Apples & <pears>\n  - Prune the trees\n- https://example.org/a?b="c"');
    expect(copied?.html).toContain('<li>Apples &amp; &lt;pears&gt;</li><li>Prune the trees</li>');
    expect(copied?.html).toContain('<a href="https://example.org/a?b=&quot;c&quot;">');
    expect(copy(document, [apples])?.text).toBe('Apples & <pears>');
    expect(copy(document, ['gone'])).toBeNull();
  });

  test('CAN-5: a copy says no more of a job than its id; the list says what this person may see', () => {
    const { document, job } = aBoard();
    expect(copy(document, [job], jobs)?.json).not.toContain('Prune');
    expect(copy(document, [job])?.text).toBe('Private job');
    expect(copy(document, [job], jobs)?.text).toBe('Prune the trees');
  });

  test('CAN-2: cut takes the originals away, except what is locked', () => {
    const { document, group, apples, link } = aBoard();
    commands.update(document, [apples], { locked: true });
    cut(document, [group, link]);
    expect([...document.objects.keys()]).toEqual([apples]);
    expect(worldPoint(document, apples)).toEqual({ x: 120, y: 180 });
  });

  test('CAN-9: a forged copy is not taken for one', async () => {
    const { document, group } = aBoard();
    const copied = copy(document, [group]);
    const forged = copied?.json.replace('"w":700', '"w":-1') ?? '';
    expect(forged).not.toBe(copied?.json);
    expect(received(transfer({ 'application/x-coord-canvas+json': forged })).kind).toBe('nothing');
    expect(received(transfer({ 'text/html': '<ul data-coord-canvas="%E0%A4%A">', 'text/plain': 'x' }))).toEqual({
      kind: 'text',
      text: 'x',
    });
    expect(reason(await paste(document, { kind: 'nothing' }, pasting))).toContain('nothing on the clipboard');
  });

  test('CAN-2: what is pasted into a group lies in it, at the same place of the canvas', async () => {
    const document = anOpenDocument();
    const box = create(document, { type: 'group', x: 500, y: 500 });
    const note = create(document, { text: 'x' });
    const copied = copy(document, [note]);
    const what = received(transfer({ 'application/x-coord-canvas+json': copied?.json ?? '' }));
    const id = made(await paste(document, what, { ...pasting, parent: box }));
    expect(document.objects.get(id)?.parent).toBe(box);
    expect(worldBox(document, id)).toEqual({ x: 900, y: 900, w: 200, h: 200 });
    const line = made(await paste(document, { kind: 'text', text: 'one line' }, { ...pasting, parent: box }));
    expect(document.objects.get(line)).toMatchObject({ parent: box, type: 'sticky', text: 'one line' });
    expect(worldPoint(document, line)).toEqual({ x: 900, y: 900 });
  });
});

describe('CAN-2: pasting text', () => {
  test.each([
    ['lines', 'one\n\n  two \r\nthree', ['one', 'two', 'three']],
    ['bullets', '- one\n  * two\n• three\n– four', ['one', 'two', 'three', 'four']],
    ['numbers', '1. one\n2) two\n10. ten\na) letter', ['one', 'two', 'ten', 'letter']],
    ['tasks', '- [ ] open\n- [x] done\n* [X] too\n[ ] bare', ['open', '✓ done', '✓ too', 'bare']],
    ['headings', '# one\n### two\n#hashtag', ['one', 'two', '#hashtag']],
    ['years and words stay', '2024. was\n-5 degrees\nA. Nobody', ['was', '-5 degrees', 'Nobody']],
    ['a column of cells', '"two\nlines"\nplain\n"say ""hi"""', ['two\nlines', 'plain', 'say "hi"']],
    ['a column of CSV', '"Fix, now"\n"Later"', ['Fix, now', 'Later']],
  ])('CAN-2: %s', (_, text, items) => {
    expect(listOf(text).items).toEqual(items);
  });

  test('CAN-2: cells of a spreadsheet keep their rows and columns; empty ones make nothing', async () => {
    const document = anOpenDocument();
    const outcome = await paste(document, { kind: 'text', text: 'a\tb\t\nc\t\td\n' }, pasting);
    const views = (outcome.ok ? outcome.ids : []).map((id) => document.objects.get(id));
    expect(views.map((view) => view?.text)).toEqual(['a', 'b', 'c', 'd']);
    const [a, b, c, d] = views;
    expect([b?.y, c?.x]).toEqual([a?.y, a?.x]);
    expect([d?.y, (d?.x ?? 0) - (a?.x ?? 0)]).toEqual([c?.y, 2 * (240 + 24)]);
  });

  test('CAN-2: several lines are an idea each, in a grid around the point, in one step', async () => {
    const document = anOpenDocument();
    const updates = vi.fn();
    document.doc.on('update', updates);
    const outcome = await paste(
      document,
      { kind: 'text', text: Array.from({ length: 9 }, (_, index) => `- line ${index}`).join('\n') },
      pasting,
    );
    expect(updates).toHaveBeenCalledTimes(1);
    const ids = outcome.ok ? outcome.ids : [];
    expect(ids.map((id) => document.objects.get(id)?.type)).toEqual(Array(9).fill('idea'));
    const boxes = ids.map((id) => worldBox(document, id));
    const xs = boxes.flatMap((box) => [box?.x ?? 0, (box?.x ?? 0) + 240]);
    expect((Math.min(...xs) + Math.max(...xs)) / 2).toBe(1000);
  });

  test('CAN-2: an address is a link card, alone or in a list; too many lines are refused', async () => {
    const document = anOpenDocument();
    const id = made(await paste(document, { kind: 'text', text: ' https://example.org/x ' }, pasting));
    expect(document.objects.get(id)).toMatchObject({ type: 'link', url: 'https://example.org/x', text: '' });
    const outcome = await paste(document, { kind: 'text', text: '- https://example.org/y\n- see https://example.org' }, pasting);
    expect((outcome.ok ? outcome.ids : []).map((one) => document.objects.get(one)?.type)).toEqual(['link', 'idea']);
    expect(reason(await paste(document, { kind: 'text', text: 'x\n'.repeat(501) }, pasting))).toBe(
      'That is 501 lines; at most 500 can be pasted at once.',
    );
  });
});

describe('CAN-2: pasting pictures', () => {
  const picture = new File(['x'], 'tree.png', { type: 'image/png' });

  test('CAN-2: each is stored first and then lies there, not too large', async () => {
    const document = anOpenDocument();
    const what = received(transfer({}, [picture, new File(['x'], 'notes.pdf', { type: 'application/pdf' })]));
    expect(what).toEqual({ kind: 'images', files: [picture] });
    const upload = vi.fn(async () => ({ id: 'f-1', w: 1280, h: 640 }));
    const id = made(await paste(document, what, { ...pasting, upload }));
    expect(document.objects.get(id)).toMatchObject({ type: 'image', file: 'f-1', w: 640, h: 320, x: 680, y: 840, text: 'tree.png' });
  });

  test('CAN-2: what was not stored leaves nothing; text beside a picture wins', async () => {
    const document = anOpenDocument();
    const outcome = await paste(document, { kind: 'images', files: [picture] }, { ...pasting, upload: async () => undefined });
    expect(outcome).toMatchObject({ ok: true, ids: [] });
    expect(document.objects.size).toBe(0);
    expect(received(transfer({ 'text/plain': 'cells' }, [picture]))).toEqual({ kind: 'text', text: 'cells' });
    expect(reason(await paste(document, { kind: 'images', files: [picture] }, pasting))).toBe('Pictures cannot be pasted here.');
  });
});

import { describe, expect, test } from 'vitest';
import { commands, worldPoint } from '..';
import { template, templateFile } from '../templates';
import { aJobId, anOpenDocument, create, me } from '../testing';
import { fromCanvasFile, fromJsonCanvas, type Parsed, readFile, toCanvasFile, toJsonCanvas } from '.';
import { readTable } from './csv';

function aBoard() {
  const document = anOpenDocument();
  const outer = create(document, { type: 'group', x: 100, y: 100, w: 900, h: 700, text: 'Outer' });
  const inner = create(document, {
    type: 'group',
    x: 50,
    y: 50,
    w: 400,
    h: 400,
    text: 'Inner',
    parent: outer,
    folder: 'Orchard',
    color: 'blue',
  });
  const note = create(document, { x: 10, y: 10, parent: inner, text: 'Note' });
  const idea = create(document, { type: 'idea', x: 10, y: 240, parent: inner, text: 'Idea', color: 'pink' });
  const job = create(document, { type: 'job', x: 500, y: 10, parent: outer, job: aJobId });
  create(document, { type: 'link', x: -400, y: 0, url: 'https://example.org/', text: 'Site' });
  commands.connect(document, { from: note, to: idea, fromSide: 'bottom', toSide: 'top', text: 'then', color: 'red' });
  commands.connect(document, { from: idea, to: job, kind: 'dep' });
  return { document, outer, inner, note, idea, job };
}

/** A document with what a file held. */
function opened(parsed: Parsed) {
  expect(parsed).toMatchObject({ ok: true });
  const document = anOpenDocument();
  if (parsed.ok) {
    expect(commands.insert(document, parsed.fragment, { by: me })).toMatchObject({ ok: true });
  }
  return document;
}

/** Without what is new in a copy. */
const shape = (document: ReturnType<typeof anOpenDocument>) =>
  [...document.objects.values()]
    .map(({ type, text, w, h, color, job, url, folder, id, parent }) => {
      const { x, y } = worldPoint(document, id);
      const inside = parent === null ? null : document.objects.get(parent)?.text;
      return { type, text, x, y, w, h, color, job, url, folder, inside, order: document.children(parent).indexOf(id) };
    })
    .sort((a, b) => a.x - b.x || a.y - b.y || a.type.localeCompare(b.type));

const faults = (parsed: Parsed) => (parsed.ok ? [] : parsed.faults.map(({ field, why }) => `${field} ${why}`));

describe("CAN-11: Coord's own files", () => {
  test('CAN-11: what is exported comes back the same', () => {
    const { document } = aBoard();
    const file = toCanvasFile(document, 'Board', () => ({ title: 'Prune', state: 'ready' }));
    expect(file.objects.find(({ type }) => type === 'job')).toMatchObject({ job: aJobId, job_title: 'Prune', job_state: 'ready' });
    const again = opened(readFile('board.json', JSON.stringify(file)));
    expect(shape(again)).toEqual(shape(document));
    const links = (one: typeof document) =>
      [...one.links.values()].map(({ kind, color, text, from }) => [kind, color, text, from.side]).sort();
    expect(links(again)).toEqual(links(document));
  });

  test('CAN-11: each fault is named by its place', () => {
    const { document, note } = aBoard();
    const spoil = (change: (file: ReturnType<typeof toCanvasFile>) => unknown) => {
      const file = JSON.parse(JSON.stringify(toCanvasFile(document, 'Board')));
      // The note first: ids of one moment are in no order.
      file.objects.sort((a: { id: string }, b: { id: string }) => Number(b.id === note) - Number(a.id === note));
      change(file);
      return faults(fromCanvasFile(file));
    };
    const object = (values: object) => spoil((file) => Object.assign(file.objects[0] as object, values));
    expect(spoil((file) => Object.assign(file, { coord_canvas: 2 }))).toEqual(['coord_canvas must be 1']);
    expect(spoil((file) => Object.assign(file, { name: '' }))).toEqual(['name must have 1 to 200 characters']);
    expect(spoil((file) => Object.assign(file, { objects: 5 }))).toEqual(['objects must be a list']);
    expect(object({ x: '5' })).toEqual(['objects[0].x must be a number from -10000000 to 10000000']);
    expect(object({ w: 5 })).toEqual(['objects[0].w must be a number from 8 to 20000']);
    expect(object({ text: 7 })).toEqual(['objects[0].text must be a text of at most 20000 characters']);
    expect(object({ color: '#fff' })[0]).toContain('objects[0].color must be one of gray');
    expect(object({ url: 'https://example.org' })).toEqual(['objects[0].url must not be there: only objects of type link have it']);
    expect(object({ parent: 'gone' })).toEqual(['objects[0].parent must be a group of this file, without circles and at most 8 deep']);
    expect(spoil((file) => file.objects.push(file.objects[0] as never))).toContain('objects[6].id must not be there twice');
    expect(spoil((file) => Object.assign(file.links[0] as object, { from: { object: 'x', side: 'top' } }))).toEqual([
      'links[0].from.object must be an object of this file',
    ]);
    expect(faults(fromCanvasFile([]))).toEqual(['the file must be an object']);
  });

  test('CAN-11: what is no canvas is said so', () => {
    const said = (name: string, content: string) => {
      const parsed = readFile(name, content);
      return parsed.ok ? 'read' : parsed.reason;
    };
    expect(said('a.json', '')).toBe('This file is empty.');
    expect(said('a.json', '{"a":')).toBe('This file is damaged: it is no valid JSON.');
    expect(said('a.json', '{"a":1}')).toBe('This JSON file holds no canvas that Coord can read.');
    expect(said('a.png', '\x89PNG')).toContain('This is no canvas file.');
    expect(said('a.json', `{"coord_canvas":1,"name":"x","objects":[]}`)).toBe('This canvas file cannot be read: links must be a list.');
    expect(said('a.json', 'x'.repeat(11 * 1024 * 1024))).toBe('This file is too large: at most 10 MB can be read.');
  });
});

describe('CAN-11: JSON Canvas', () => {
  test('CAN-11: groups, texts, links, colours and connectors survive the way there and back', () => {
    const { document } = aBoard();
    const file = toJsonCanvas(document, () => ({ title: 'Prune', state: 'ready' }));
    expect(file.nodes.every((node) => ['text', 'link', 'group', 'file'].includes(String(node.type)))).toBe(true);
    const again = opened(readFile('board.canvas', JSON.stringify(file)));
    const kept = shape(document).map((one) => {
      const plain = { ...one, folder: null };
      return one.type === 'job' ? { ...plain, type: 'sticky', text: 'Prune', job: null } : plain;
    });
    expect(shape(again)).toEqual(kept);
    expect([...again.links.values()].map(({ kind, text, color, to }) => [kind, text, color, to.side]).sort()).toEqual([
      ['dep', '', 'gray', 'auto'],
      ['rel', 'then', 'red', 'top'],
    ]);
  });

  test('CAN-11: a file of another program: what lies within a group is in it, hex colours find their nearest', () => {
    const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });
    const document = opened(
      fromJsonCanvas({
        nodes: [
          { id: 'n 1', type: 'text', text: 'in both', ...box(20, 20, 50, 50), color: '#12a150' },
          { id: 'g1', type: 'group', label: 'Small', ...box(10, 10, 100, 100), background: 'x.png' },
          { id: 'g2', type: 'group', label: 'Large', ...box(0, 0, 500, 500), color: '6' },
          { id: 'n2', type: 'file', file: 'notes/a.md', ...box(490, 490, 50, 50) },
          { id: 'n3', type: 'link', url: 'javascript:alert(1)', ...box(900, 0, 50, 50) },
        ],
        edges: [{ id: 'e', fromNode: 'n 1', toNode: 'n2', fromEnd: 'arrow', label: 'see' }],
      }),
    );
    expect(shape(document).map(({ type, text, inside, color, x, y }) => [type, text, inside, color, x, y])).toEqual([
      ['group', 'Large', null, 'violet', 0, 0],
      ['group', 'Small', 'Large', 'gray', 10, 10],
      ['sticky', 'in both', 'Small', 'green', 20, 20],
      ['text', 'notes/a.md', null, 'gray', 490, 490],
      ['text', 'javascript:alert(1)', null, 'gray', 900, 0],
    ]);
    expect([...document.links.values()]).toMatchObject([{ text: 'see', from: { side: 'auto' } }]);
  });

  test('CAN-11: faults are named by their place', () => {
    expect(
      faults(fromJsonCanvas({ nodes: [{ id: 'a', type: 'blob', x: 0, y: 'b', width: 1, height: 1 }], edges: [{ fromNode: 'a' }] })),
    ).toEqual([
      'nodes[0].type must be one of text, link, file, group',
      'nodes[0].y must be a number from -10000000 to 10000000',
      'edges[0].fromNode must be a node of this file',
      'edges[0].toNode must be a node of this file',
    ]);
  });
});

describe('CAN-11: tables', () => {
  test('CAN-11: rows become ideas in their groups, with their colours', () => {
    const document = opened(
      readFile('ideas.csv', '\ufeffTitle;Colour;Group;Text\r\nPlant;green;Now;"A tree;\nor two"\nWater;;Now;\nRest;Yellow;;\n'),
    );
    expect(shape(document).map(({ type, text, color, inside }) => [type, text, color, inside])).toEqual([
      ['idea', 'Rest', 'amber', null],
      ['group', 'Now', 'gray', null],
      ['idea', 'Plant\nA tree;\nor two', 'green', 'Now'],
      ['idea', 'Water', 'violet', 'Now'],
    ]);
  });

  test('CAN-11: columns must be named and colours known', () => {
    expect(faults(readFile('a.csv', 'a,b\n1,2'))).toEqual(['the first row must name the columns: title, text, colour, group']);
    expect(faults(readFile('a.csv', 'title,color\nx,red\ny,mauve'))).toEqual([
      'row 3 has the colour mauve, which must be one of gray, red, orange, amber, green, teal, blue, violet, pink',
    ]);
  });

  test('CAN-11: quotes, separators and line ends of any program', () => {
    expect(readTable('a,"b ""c""\nd",e\r\n\r\n ,f')).toEqual([
      ['a', 'b "c"\nd', 'e'],
      ['', 'f'],
    ]);
    expect(readTable('a\tb,c\nd')).toEqual([['a', 'b,c'], ['d']]);
  });
});

describe('CAN-2: templates', () => {
  test.each(['retro', 'roadmap', 'breakdown'] as const)('CAN-2: %s fills an empty canvas, and its file is one the server takes', (name) => {
    const document = anOpenDocument();
    expect(commands.insert(document, template(name), { by: me })).toMatchObject({ ok: true });
    expect(document.objects.size).toBeGreaterThan(6);
    for (const view of document.objects.values()) {
      expect(view.text).not.toBe('');
      const group = view.parent === null ? null : document.objects.get(view.parent);
      if (group) {
        expect(view.x >= 0 && view.y >= 0 && view.x + view.w <= group.w && view.y + view.h <= group.h).toBe(true);
      }
    }
    const file = templateFile(name, 'New canvas');
    expect(fromCanvasFile(JSON.parse(JSON.stringify(file)))).toMatchObject({ ok: true, name: 'New canvas' });
    expect(file.objects.length).toBe(document.objects.size);
  });
});

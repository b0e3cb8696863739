import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { DocumentChange, ObjectView } from '../types';
import { isNewer, openDocument } from './read';

const at = (parent: unknown, x: unknown = 0, y: unknown = 0) => [parent, x, y];

function put(doc: Y.Doc, id: string, entry: Record<string, unknown> | null): void {
  doc.transact(() => {
    const objects = doc.getMap('objects');
    if (entry === null) {
      objects.delete(id);
      return;
    }
    const map = new Y.Map<unknown>();
    objects.set(id, map);
    for (const [key, value] of Object.entries(entry)) {
      map.set(key, key === 'txt' && typeof value === 'string' ? new Y.Text(value) : value);
    }
  });
}

const group = (parent = '') => ({ t: 'group', at: at(parent) });

function reading(fill: (doc: Y.Doc) => void) {
  const doc = new Y.Doc();
  fill(doc);
  return openDocument(doc, (run) => run());
}

describe('CAN-1: what a reader makes of the document', () => {
  test('CAN-1: rule 1: an entry that is no map, or whose key is no id, is not there', () => {
    const read = reading((doc) => {
      const objects = doc.getMap('objects');
      objects.set('number', 7);
      objects.set('array', new Y.Array());
      objects.set('text', new Y.Text('x'));
      objects.set('hook', new Y.XmlHook('x'));
      put(doc, 'has space', {});
      put(doc, '', {});
      put(doc, 'x'.repeat(65), {});
      put(doc, 'fine', {});
      doc.getMap('links').set('number', 7);
    });
    expect([...read.objects.keys()]).toEqual(['fine']);
    expect(read.links.size).toBe(0);
  });

  test('CAN-1: rule 2: what is missing or of another form is the default; an unknown type is kept', () => {
    const read = reading((doc) => {
      put(doc, 'empty', {});
      put(doc, 'rubbish', { t: 5, at: 'here', sz: 'large', z: 9, txt: 3, c: 'url(x)', by: 'me', ts: 'now', lock: 'yes' });
      put(doc, 'future', { t: 'hologram' });
      put(doc, 'xml', { txt: new Y.XmlText('x') });
    });
    const sticky: Partial<ObjectView> = {
      type: 'sticky',
      parent: null,
      x: 0,
      y: 0,
      w: 200,
      h: 200,
      z: '',
      text: '',
      color: 'amber',
      by: null,
      ts: 0,
      locked: false,
    };
    expect(read.objects.get('empty')).toMatchObject(sticky);
    expect(read.objects.get('rubbish')).toMatchObject(sticky);
    expect(read.objects.get('xml')).toMatchObject(sticky);
    expect(read.objects.get('future')?.type).toBe('hologram');
  });

  test('CAN-1: rule 3: coordinates out of bounds are 0, sizes are clamped', () => {
    const read = reading((doc) => {
      put(doc, 'a', { at: at('', Number.NaN, 1e7), sz: [1, 1e9] });
      put(doc, 'b', { at: at('', 1e7 + 1, '5'), sz: [Number.NaN, 50] });
      put(doc, 'c', { at: at('', -0, -12.5) });
    });
    expect(read.objects.get('a')).toMatchObject({ x: 0, y: 1e7, w: 8, h: 20000 });
    expect(read.objects.get('b')).toMatchObject({ x: 0, y: 0, w: 200, h: 50 });
    expect(Object.is(read.objects.get('c')?.x, 0)).toBe(true);
    expect(read.objects.get('c')?.y).toBe(-12.5);
  });

  test('CAN-1: rule 4: missing parents, parents that are no groups, circles and depth', () => {
    const read = reading((doc) => {
      put(doc, 'orphan', { at: at('gone', 3, 4) });
      put(doc, 'note', {});
      put(doc, 'onNote', { at: at('note') });
      put(doc, 'c2', group('c1'));
      put(doc, 'c3', group('c2'));
      put(doc, 'c1', group('c3'));
      put(doc, 'self', group('self'));
      for (let depth = 0; depth <= 10; depth += 1) {
        put(doc, `g${String(depth).padStart(2, '0')}`, group(depth === 0 ? '' : `g${String(depth - 1).padStart(2, '0')}`));
      }
    });
    const parent = (id: string) => read.objects.get(id)?.parent;
    expect(read.objects.get('orphan')).toMatchObject({ parent: null, x: 3, y: 4 });
    expect(parent('onNote')).toBeNull();
    expect([parent('c1'), parent('c2'), parent('c3')]).toEqual([null, 'c1', 'c2']);
    expect(parent('self')).toBeNull();
    // g08 is in eight groups, g09 would be in nine.
    expect([parent('g08'), parent('g09'), parent('g10')]).toEqual(['g07', null, 'g09']);
  });

  test('CAN-1: rule 5: long texts and orders are cut, without half a character at the end', () => {
    const read = reading((doc) => {
      put(doc, 'a', { txt: `${'x'.repeat(19_999)}😀`, z: 'z'.repeat(70) });
      put(doc, 'b', { t: 'idea', c: 'mauve' });
    });
    expect(read.objects.get('a')?.text).toBe('x'.repeat(19_999));
    expect(read.objects.get('a')?.z).toBe('z'.repeat(64));
    expect(read.objects.get('b')?.color).toBe('violet');
  });

  test('CAN-5: rule 6: job, address, file and folder count on their own type only', () => {
    const job = '01930000-0000-7000-8000-000000000001';
    const everything = { job: job.toUpperCase(), url: 'https://example.org/', file: 'f-1', fold: 'Orchard' };
    const read = reading((doc) => {
      for (const t of ['sticky', 'job', 'link', 'image', 'group']) {
        put(doc, t, { t, ...everything });
      }
      put(doc, 'nojob', { t: 'job', job: 'soon' });
      put(doc, 'bad', { t: 'link', url: 'javascript:alert(1)' });
    });
    const owned = (id: string) => {
      const { job, url, file, folder } = read.objects.get(id) as ObjectView;
      return [job, url, file, folder];
    };
    expect(owned('sticky')).toEqual([null, null, null, null]);
    expect(owned('job')).toEqual([job, null, null, null]);
    expect(owned('link')).toEqual([null, 'https://example.org/', null, null]);
    expect(owned('image')).toEqual([null, null, 'f-1', null]);
    expect(owned('group')).toEqual([null, null, null, 'Orchard']);
    expect(read.objects.get('nojob')).toMatchObject({ type: 'idea', w: 240, color: 'violet' });
    expect(read.objects.get('bad')?.url).toBeNull();
  });

  test('CAN-2: rule 7: a connector shows while both its ends are there', () => {
    const read = reading((doc) => {
      put(doc, 'a', {});
      const link = (f: unknown, to: unknown, more = {}) => new Y.Map(Object.entries({ f, to, ...more }));
      doc.getMap('links').set('ab', link(['a', 'top'], ['b', 'inside'], { k: 'blocks', c: 'red' }));
      doc.getMap('links').set('aa', link(['a', 'top'], ['a', 'left']));
      doc.getMap('links').set('none', link(7, ['a', 'left']));
    });
    expect(read.links.size).toBe(0);
    put(read.doc, 'b', {});
    expect(read.links.get('ab')).toEqual({
      id: 'ab',
      from: { object: 'a', side: 'top' },
      to: { object: 'b', side: 'auto' },
      kind: 'rel',
      color: 'red',
      text: '',
    });
    expect([...read.links.keys()]).toEqual(['ab']);
    expect(read.linksAt('b')).toEqual(['ab']);
    put(read.doc, 'a', null);
    expect(read.links.size).toBe(0);
  });

  test('CAN-1: a document of a later version is recognised', () => {
    const doc = new Y.Doc();
    expect(isNewer(doc)).toBe(false);
    doc.getMap('meta').set('schema', 2);
    expect(isNewer(doc)).toBe(true);
  });
});

describe('CAN-3: being told of changes', () => {
  test('CAN-3: once per frame, with the ids that are different now, and views that stayed are the same', () => {
    const doc = new Y.Doc();
    put(doc, 'a', {});
    put(doc, 'b', {});
    let frame: (() => void) | undefined;
    const read = openDocument(doc, (run) => {
      frame = run;
    });
    const told: DocumentChange[] = [];
    read.subscribe((change) => told.push(change));
    const before = read.objects.get('b');
    put(doc, 'a', { at: at('', 5, 5) });
    put(doc, 'a', { at: at('', 6, 6) });
    put(doc, 'b', {});
    expect(read.objects.get('a')?.x).toBe(6);
    expect(told).toEqual([]);
    frame?.();
    expect(told.map(({ objects, links }) => [[...objects], [...links]])).toEqual([[['a'], []]]);
    expect(read.objects.get('b')).toBe(before);
  });

  test('CAN-3: what became of the others when a group came or went is told too', () => {
    const told: string[][] = [];
    const read = reading((doc) => put(doc, 'a', { at: at('g', 1, 1) }));
    read.subscribe((change) => told.push([...change.objects].sort()));
    put(read.doc, 'g', group());
    expect(read.children('g')).toEqual(['a']);
    put(read.doc, 'g', null);
    expect(read.children(null)).toEqual(['a']);
    expect(told).toEqual([
      ['a', 'g'],
      ['a', 'g'],
    ]);
  });

  test('CAN-3: only what was touched is read again', () => {
    const read = reading((doc) => {
      for (let index = 0; index < 500; index += 1) {
        put(doc, `n${index}`, { txt: 'x' });
      }
    });
    const reads = vi.spyOn(Y.Text.prototype as { toString: () => string }, 'toString');
    read.text('n7')?.insert(0, 'y');
    expect(read.objects.get('n7')?.text).toBe('yx');
    expect(reads).toHaveBeenCalledTimes(1);
  });

  test('CAN-3: nothing after destroy', () => {
    const read = reading((doc) => put(doc, 'a', {}));
    const listener = vi.fn();
    read.subscribe(listener);
    read.destroy();
    put(read.doc, 'b', {});
    expect(listener).not.toHaveBeenCalled();
    expect(read.objects.has('b')).toBe(false);
  });
});

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const rubbish = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', 'x', -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 7n),
  fc.array(fc.constantFrom<unknown>('a', 1, null), { maxLength: 4 }),
  fc.constantFrom<unknown>({ a: 1 }, new Uint8Array([1, 2])),
);
const anyId = fc.constantFrom(...ids);
const place = fc.tuple(
  fc.oneof({ weight: 6, arbitrary: anyId }, { weight: 1, arbitrary: fc.constantFrom('', 'gone') }),
  fc.integer(),
  fc.double(),
);
const anEntry = fc.record(
  {
    t: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>('group', 'group', 'group', 'sticky', 'job', 'link') },
      { weight: 1, arbitrary: rubbish },
    ),
    at: fc.oneof({ weight: 9, arbitrary: place as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: rubbish }),
    sz: fc.oneof<fc.Arbitrary<unknown>[]>(fc.tuple(fc.double(), fc.integer()), rubbish),
    z: fc.oneof<fc.Arbitrary<unknown>[]>(fc.string({ maxLength: 80 }), rubbish),
    c: fc.oneof<fc.Arbitrary<unknown>[]>(fc.constantFrom('red', 'teal', 'none'), rubbish),
    url: fc.oneof<fc.Arbitrary<unknown>[]>(fc.webUrl(), rubbish),
  },
  { requiredKeys: [] },
);
type Step = { kind: 'put'; id: string; entry: Record<string, unknown> | null } | { kind: 'set'; id: string; key: string; value: unknown };
const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id: anyId, entry: fc.option(anEntry, { freq: 4 }) }),
  fc.record({ kind: fc.constant('set' as const), id: anyId, key: fc.constant('at'), value: place as fc.Arbitrary<unknown> }),
  fc.record({ kind: fc.constant('set' as const), id: anyId, key: fc.constantFrom('t', 'z', 'c', 'txt', 'lock'), value: rubbish }),
);

function take(doc: Y.Doc, step: Step): void {
  if (step.kind === 'put') {
    put(doc, step.id, step.entry);
  } else {
    const map = doc.getMap('objects').get(step.id);
    if (map instanceof Y.Map) {
      map.set(step.key, step.value);
    }
  }
}

/** Rule 4 once more, the slow way. */
function parentsByTheRule(read: ReturnType<typeof reading>): Map<string, string | null> {
  const named = new Map<string, string | null>();
  for (const [id] of read.objects) {
    const value: unknown = (read.doc.getMap('objects').get(id) as Y.Map<unknown>).get('at');
    const parent: unknown = Array.isArray(value) ? value[0] : null;
    named.set(id, typeof parent === 'string' && read.objects.get(parent)?.type === 'group' ? parent : null);
  }
  for (const id of [...named.keys()].sort()) {
    let next = named.get(id);
    for (let steps = 0; next !== null && next !== undefined && next !== id && steps < 50; steps += 1) {
      next = named.get(next);
    }
    if (next === id) {
      named.set(id, null);
    }
  }
  return named;
}

describe('CAN-3: any history', () => {
  test('CAN-3: reading bit by bit gives what reading anew gives, within the limits', () => {
    fc.assert(
      fc.property(fc.array(fc.array(aStep, { minLength: 1, maxLength: 5 }), { maxLength: 12 }), (transactions) => {
        const read = reading(() => {});
        const seen = new Map<string, ObjectView>();
        read.subscribe((change) => {
          for (const id of change.objects) {
            const view = read.objects.get(id);
            if (view === undefined) {
              seen.delete(id);
            } else {
              seen.set(id, view);
            }
          }
        });
        for (const steps of transactions) {
          read.doc.transact(() => {
            for (const step of steps) {
              take(read.doc, step);
            }
          });
        }
        const anew = openDocument(read.doc);
        const sorted = (views: ReadonlyMap<string, ObjectView>) => [...views.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(sorted(read.objects)).toEqual(sorted(anew.objects));
        expect(sorted(seen)).toEqual(sorted(anew.objects));
        for (const parent of [null, ...ids]) {
          expect(read.children(parent)).toEqual(anew.children(parent));
        }
        const rule4 = parentsByTheRule(read);
        for (const view of read.objects.values()) {
          expect(view.parent).toBe(rule4.get(view.id));
          expect(Math.max(Math.abs(view.x), Math.abs(view.y))).toBeLessThanOrEqual(1e7);
          expect(Math.min(view.w, view.h)).toBeGreaterThanOrEqual(8);
          expect(Math.max(view.w, view.h)).toBeLessThanOrEqual(20_000);
          expect(view.z.length).toBeLessThanOrEqual(64);
          expect(read.children(view.parent)).toContain(view.id);
        }
      }),
      { numRuns: 400 },
    );
  });
});

// Writes protocol/fixtures/canvas/yjs-*.json: documents made by Yjs, each with the view that every reader must have of it.
// Run in canvas-web: node scripts/make-fixtures.mjs. The same run gives the same bytes. What is expected is written out here by hand.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as Y from 'yjs';

const folder = fileURLToPath(new URL('../../protocol/fixtures/canvas/', import.meta.url));
mkdirSync(folder, { recursive: true });

const ALICE = '018f2b1e-7c3a-7000-8000-0000000000a1';
const BOB = '018f2b1e-7c3a-7000-8000-0000000000b0';
const JOB = '018f2b1e-7c3a-7000-8000-000000000101';
const OTHER_JOB = '018f2b1e-7c3a-7000-8000-000000000102';

// ---- making documents

function document(client, from) {
  const doc = new Y.Doc({ guid: 'canvas' });
  doc.clientID = client;
  if (from !== undefined) {
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(from));
  }
  return doc;
}

const objects = (doc) => doc.getMap('objects');
const links = (doc) => doc.getMap('links');

/** Adds an entry with these values, in their order. `txt` given as a string becomes a text. */
function add(root, id, values = {}) {
  const map = new Y.Map();
  root.set(id, map);
  for (const [key, value] of Object.entries(values)) {
    map.set(key, key === 'txt' && typeof value === 'string' ? new Y.Text(value) : value);
  }
  return map;
}

function both(one, other) {
  const [a, b] = [Y.encodeStateAsUpdate(one), Y.encodeStateAsUpdate(other)];
  Y.applyUpdate(one, b);
  Y.applyUpdate(other, a);
}

// ---- what is expected

const looks = {
  sticky: [200, 200, 'amber'],
  idea: [240, 120, 'violet'],
  job: [280, 136, 'gray'],
  group: [640, 400, 'gray'],
  text: [240, 40, 'gray'],
  image: [320, 240, 'gray'],
  link: [280, 96, 'gray'],
};

function object(id, type, rest = {}) {
  const [w, h, color] = Object.hasOwn(looks, type) ? looks[type] : [200, 200, 'gray'];
  return { id, type, parent: null, x: 0, y: 0, w, h, z: '', text: '', color, ts: 0, locked: false, ...rest };
}

function link(id, from, to, rest = {}) {
  const end = (value) => (typeof value === 'string' ? { object: value, side: 'auto' } : { object: value[0], side: value[1] });
  return { id, from: end(from), to: end(to), kind: 'rel', color: 'gray', text: '', ...rest };
}

const byId = (a, b) => (a.id < b.id ? -1 : 1);

function write(name, doc, view) {
  const update = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64');
  const sorted = { objects: [...(view.objects ?? [])].sort(byId), links: [...(view.links ?? [])].sort(byId) };
  writeFileSync(`${folder}yjs-${name}.json`, `${JSON.stringify({ name: `yjs-${name}`, update, view: sorted }, null, 2)}\n`);
}

// ---- the samples

/** What people make every day. */
function board() {
  const doc = document(11);
  doc.getMap('meta').set('schema', 1);
  doc.transact(() => {
    const o = objects(doc);
    add(o, 'plan', { t: 'group', at: ['', -40, 25.5], sz: [900, 600], z: 'a0', txt: 'Plan', c: 'blue', by: ALICE, ts: 1795000000000, fold: 'Website' });
    add(o, 'inner', { t: 'group', at: ['plan', 20, 60], sz: [400, 300], z: 'a0', txt: 'Now', c: 'teal' });
    add(o, 'note', { t: 'sticky', at: ['inner', 10, 20], sz: [200, 160], z: 'a1', txt: 'Buy milk\nand bread', c: 'amber', by: ALICE, ts: 1795000000001 });
    add(o, 'idea', { t: 'idea', at: ['inner', 220, 20.25], sz: [240, 120], z: 'a2', txt: 'A quicker search', c: 'violet', by: BOB });
    add(o, 'card', { t: 'job', at: ['plan', 500, 60], sz: [280, 136], z: 'a1', txt: '', c: 'gray', job: JOB });
    add(o, 'words', { t: 'text', at: ['', 0, 700], sz: [240, 40], z: 'a1', txt: 'Grüße, 世界 👋🏽', c: 'gray', lock: true });
    add(o, 'photo', { t: 'image', at: ['', 300, 700], sz: [320, 240], z: 'a2', txt: 'The whiteboard', file: '018f2b1e-7c3a-7000-8000-0000000000f1' });
    add(o, 'site', { t: 'link', at: ['', 700, 700], sz: [280, 96], z: 'a3', txt: 'Style guide', url: 'https://example.org/guide?a=1#b' });
    add(links(doc), 'l1', { f: ['idea', 'right'], to: ['card', 'left'], k: 'dep', c: 'red', txt: 'first' });
    add(links(doc), 'l2', { f: ['note', 'auto'], to: ['idea', 'top'], k: 'rel', c: 'gray', txt: '' });
  });
  write('board', doc, {
    objects: [
      object('plan', 'group', { x: -40, y: 25.5, w: 900, h: 600, z: 'a0', text: 'Plan', color: 'blue', by: ALICE, ts: 1795000000000, folder: 'Website' }),
      object('inner', 'group', { parent: 'plan', x: 20, y: 60, w: 400, h: 300, z: 'a0', text: 'Now', color: 'teal' }),
      object('note', 'sticky', { parent: 'inner', x: 10, y: 20, h: 160, z: 'a1', text: 'Buy milk\nand bread', by: ALICE, ts: 1795000000001 }),
      object('idea', 'idea', { parent: 'inner', x: 220, y: 20.25, z: 'a2', text: 'A quicker search', by: BOB }),
      object('card', 'job', { parent: 'plan', x: 500, y: 60, z: 'a1', job: JOB }),
      object('words', 'text', { y: 700, z: 'a1', text: 'Grüße, 世界 👋🏽', locked: true }),
      object('photo', 'image', { x: 300, y: 700, z: 'a2', text: 'The whiteboard', file: '018f2b1e-7c3a-7000-8000-0000000000f1' }),
      object('site', 'link', { x: 700, y: 700, z: 'a3', text: 'Style guide', url: 'https://example.org/guide?a=1#b' }),
    ],
    links: [
      link('l1', ['idea', 'right'], ['card', 'left'], { kind: 'dep', color: 'red', text: 'first' }),
      link('l2', 'note', ['idea', 'top']),
    ],
  });
}

/** Missing keys: each type with its defaults. */
function defaults() {
  const doc = document(12);
  const expected = [object('bare', 'sticky'), object('later', 'kanban-lane')];
  doc.transact(() => {
    add(objects(doc), 'bare');
    add(objects(doc), 'later', { t: 'kanban-lane' });
    for (const type of Object.keys(looks)) {
      add(objects(doc), `of-${type}`, type === 'job' ? { t: type, job: JOB } : { t: type });
      expected.push(object(`of-${type}`, type, type === 'job' ? { job: JOB } : {}));
    }
    add(links(doc), 'l', { f: ['bare'], to: ['of-idea'] });
  });
  write('defaults', doc, { objects: expected, links: [link('l', 'bare', 'of-idea')] });
}

/** Values of a wrong form under every key, and things that are no objects at all. */
function rubbish() {
  const doc = document(13);
  const expected = [];
  const one = (id, values, type = 'sticky', rest = {}) => {
    add(objects(doc), id, values);
    expected.push(object(id, type, rest));
  };
  doc.transact(() => {
    const o = objects(doc);
    // Rule 1.
    o.set('a-string', 'hello');
    o.set('a-number', 7);
    o.set('a-list', ['', 1, 2]);
    o.set('a-plain-object', { t: 'sticky', at: ['', 1, 2] });
    o.set('a-nothing', null);
    o.set('bytes', new Uint8Array([1, 2, 3]));
    o.set('an-array', Y.Array.from([1, 2]));
    o.set('a-text', new Y.Text('hello'));
    o.set('an-element', new Y.XmlElement('p'));
    o.set('a-fragment', new Y.XmlFragment());
    o.set('an-xml-text', new Y.XmlText('hello'));
    add(o, '', { t: 'idea' });
    add(o, 'has space', { t: 'idea' });
    add(o, 'ümlaut', { t: 'idea' });
    add(o, 'a'.repeat(65), { t: 'idea' });
    one('a'.repeat(64), {});
    one('__proto__', { t: 'idea' }, 'idea');
    one('-', { t: 'text' }, 'text');

    // Rule 2.
    for (const [index, value] of [0, 1.5, true, null, undefined, '', 'has space', 'w'.repeat(65), ['idea'], { t: 'idea' }].entries()) {
      one(`type-${index}`, { t: value });
    }
    one('type-text', { t: new Y.Text('idea') });
    one('type-proto', { t: 'constructor' }, 'constructor');
    one('type-upper', { t: 'Idea' }, 'Idea');

    // Rule 3.
    const places = [
      [7, 0, 0],
      ['', 0, 0],
      [{ 0: '', 1: 5, 2: 5 }, 0, 0],
      [[], 0, 0],
      [[''], 0, 0],
      [['', 3], 3, 0],
      [['', 3, 4, 5], 3, 4],
      [['', '3', 4], 0, 4],
      [['', null, 4], 0, 4],
      [['', Number.NaN, 4], 0, 4],
      [['', Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 0, 0],
      [['', 1e7, -1e7], 1e7, -1e7],
      [['', 1e7 + 0.5, -1e7 - 1], 0, 0],
      [['', 1e300, 2 ** 53], 0, 0],
      [['', 0.1, 1 / 3], 0.1, 1 / 3],
      [['', 5e-324, -1e-9], 5e-324, -1e-9],
      [['', -0, true], 0, 0],
      [[7, 8, 9], 8, 9],
      [[null, 8, 9], 8, 9],
      [['no id', 8, 9], 8, 9],
    ];
    for (const [index, [value, x, y]] of places.entries()) {
      one(`at-${index}`, { at: value }, 'sticky', { x, y });
    }
    one('at-array', { at: Y.Array.from(['', 1, 2]) });
    const sizes = [
      [100, 200, 200],
      [[], 200, 200],
      [[50], 50, 200],
      [[50, 60, 70], 50, 60],
      [[0, -5], 8, 8],
      [[7.999, 8], 8, 8],
      [[20000, 20000.5], 20000, 20000],
      [[1e300, 12.5], 20000, 12.5],
      [[Number.NaN, Number.POSITIVE_INFINITY], 200, 200],
      [['50', null], 200, 200],
      [[true, { w: 1 }], 200, 200],
    ];
    for (const [index, [value, w, h]] of sizes.entries()) {
      one(`size-${index}`, { sz: value }, 'sticky', { w, h });
    }
    one('size-of-idea', { t: 'idea', sz: ['x'] }, 'idea');

    // Rule 5.
    for (const [index, value] of [7, null, ['a0'], { z: 'a0' }, new Y.Text('a0')].entries()) {
      one(`order-${index}`, { z: value });
    }
    one('order-any', { z: '¡weird 🙂 key' }, 'sticky', { z: '¡weird 🙂 key' });
    for (const [index, value] of ['crimson', 'Red', '#ff0000', '', 7, null, ['red'], 'constructor'].entries()) {
      one(`color-${index}`, { t: 'idea', c: value }, 'idea');
    }
    for (const [index, value] of [7, true, null, ['x'], { x: 1 }, Y.Array.from(['x']), new Y.XmlText('x'), new Y.Map([['x', 1]])].entries()) {
      one(`text-${index}`, { txt: value });
    }
    add(o, 'text-plain').set('txt', 'not typed');
    expected.push(object('text-plain', 'sticky'));

    // What has a form of its own.
    one('by-upper', { by: ALICE.toUpperCase() }, 'sticky', { by: ALICE });
    for (const [index, value] of [ALICE.replaceAll('-', ''), `{${ALICE}}`, `urn:uuid:${ALICE}`, ` ${ALICE}`, `${ALICE}0`, 'me', '', 7, null, [ALICE]].entries()) {
      one(`by-${index}`, { by: value });
    }
    for (const [index, value] of ['1795000000000', 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), true, null, [1]].entries()) {
      one(`time-${index}`, { ts: value });
    }
    one('time-most', { ts: Number.MAX_SAFE_INTEGER }, 'sticky', { ts: Number.MAX_SAFE_INTEGER });
    one('time-before', { ts: -5 }, 'sticky', { ts: -5 });
    one('time-zero', { ts: -0 });
    for (const [index, value] of [1, 'true', null, [true], {}].entries()) {
      one(`lock-${index}`, { lock: value });
    }

    // Rule 6.
    for (const [index, value] of [undefined, null, '', 'job-1', 7, JOB.slice(1), `{${JOB}}`, [JOB]].entries()) {
      one(`job-${index}`, { t: 'job', job: value }, 'idea');
    }
    one('job-upper', { t: 'job', job: JOB.toUpperCase() }, 'job', { job: JOB });
    one('job-on-idea', { t: 'idea', job: JOB }, 'idea');
    const refused = ['javascript:alert(1)', 'ftp://example.org', 'http:example.org', 'http://', 'https:///x', 'http:// x', '//example.org', ' https://example.org', 'data:text/html,x', '', 7, null];
    for (const [index, value] of refused.entries()) {
      one(`url-${index}`, { t: 'link', url: value }, 'link');
    }
    one('url-upper', { t: 'link', url: 'HTTPS://Example.org' }, 'link', { url: 'HTTPS://Example.org' });
    one('url-on-note', { t: 'sticky', url: 'https://example.org' });
    for (const [index, value] of ['', 'has space', '../secrets', 7, null, ['x']].entries()) {
      one(`file-${index}`, { t: 'image', file: value }, 'image');
    }
    one('file-on-note', { file: 'f1' });
    for (const [index, value] of ['', 7, null, ['x']].entries()) {
      one(`fold-${index}`, { t: 'group', fold: value }, 'group');
    }
    one('fold-any', { t: 'group', fold: 'Büro / 2026' }, 'group', { folder: 'Büro / 2026' });
    one('fold-on-note', { fold: 'Website' });
    one('unknown-key', { t: 'idea', rotation: 90, more: new Y.Map([['x', 1]]) }, 'idea');
    doc.getMap('meta').set('schema', 'one');
    doc.getMap('elsewhere').set('x', 1);
  });
  const stranger = document(10);
  stranger.getText('objects').insert(0, 'the same root as a text');
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(stranger));
  write('rubbish', doc, { objects: expected });
}

/** Rule 4: parents that are missing or no groups, circles, and groups too deep. */
function groups() {
  const doc = document(14);
  const expected = [];
  const one = (id, named, parent, type = 'group') => {
    add(objects(doc), id, { t: type, at: [named, 3, 4] });
    expected.push(object(id, type, { parent, x: 3, y: 4 }));
  };
  doc.transact(() => {
    one('note', '', null, 'sticky');
    one('in-nothing', 'nowhere', null, 'sticky');
    one('in-a-note', 'note', null, 'sticky');
    one('in-a-broken-id', 'no id', null, 'sticky');
    one('in-itself', 'in-itself', null);
    one('below-itself', 'in-itself', 'in-itself', 'idea');
    // A circle of two, one of three, and what hangs below.
    one('b2', 'b1', 'b1');
    one('b1', 'b2', null);
    one('b3', 'b2', 'b2', 'sticky');
    one('c3', 'c1', 'c1');
    one('c2', 'c3', 'c3');
    one('c1', 'c2', null);
    one('c0', 'c2', 'c2');
    // Upper case is smaller.
    one('Da', 'da', null);
    one('da', 'Da', 'Da');
    // The circle would go through a note: it is none.
    one('e1', 'e2', null);
    one('e2', 'e1', 'e1', 'sticky');
    // Twenty groups in one another: the tenth and the nineteenth are in none.
    for (let depth = 0; depth < 20; depth += 1) {
      const name = (at) => `f${String(at).padStart(2, '0')}`;
      one(name(depth), depth === 0 ? '' : name(depth - 1), depth % 9 === 0 ? null : name(depth - 1));
    }
    one('f-note-8', 'f07', 'f07', 'sticky');
    one('f-note-9', 'f08', null, 'sticky');
  });
  write('groups', doc, { objects: expected });
}

/** Rule 7. */
function connectors() {
  const doc = document(15);
  const expected = [];
  doc.transact(() => {
    for (const id of ['a', 'b', 'c']) {
      add(objects(doc), id);
    }
    const l = links(doc);
    const one = (id, values, rest = {}, from = 'a', to = 'b') => {
      add(l, id, { f: ['a', 'auto'], to: ['b', 'auto'], ...values });
      expected.push(link(id, from, to, rest));
    };
    for (const [id, values] of Object.entries({
      empty: {},
      'no-to': { f: ['a', 'auto'] },
      'no-from': { to: ['a', 'auto'] },
      itself: { f: ['a', 'left'], to: ['a', 'right'] },
      'to-nothing': { f: ['a', 'auto'], to: ['nowhere', 'auto'] },
      'from-nothing': { f: ['nowhere', 'auto'], to: ['a', 'auto'] },
      'to-a-link': { f: ['a', 'auto'], to: ['l1', 'auto'] },
      words: { f: 'a', to: 'b' },
      numbers: { f: [1, 2], to: [3, 4] },
      lists: { f: [['a']], to: [['b']] },
      'bare-list': { f: [], to: [] },
    })) {
      add(l, id, values);
    }
    l.set('a-string', 'x');
    l.set('an-array', Y.Array.from([['a', 'auto'], ['b', 'auto']]));
    add(l, 'bad id', { f: ['a', 'auto'], to: ['b', 'auto'] });
    one('l1', {});
    one('back', { f: ['b', 'bottom'], to: ['a', 'left'] }, {}, ['b', 'bottom'], ['a', 'left']);
    one('again', { k: 'dep', c: 'pink', txt: 'needs' }, { kind: 'dep', color: 'pink', text: 'needs' });
    one('sides', { f: ['a', 'middle'], to: ['b', 7] });
    one('short', { f: ['a'], to: ['b', 'top', 'x'] }, {}, 'a', ['b', 'top']);
    for (const [index, value] of ['DEP', 'blocks', '', 7, null, ['dep']].entries()) {
      one(`kind-${index}`, { k: value, c: value });
    }
    one('late', { to: ['c', 'auto'] }, {}, 'a', 'c');
  });
  write('connectors', doc, { objects: ['a', 'b', 'c'].map((id) => object(id, 'sticky')), links: expected });
}

/** Deleted, made again, undone and redone. */
function deleted() {
  const doc = document(16);
  const [o, l] = [objects(doc), links(doc)];
  const undo = new Y.UndoManager([o, l], { captureTimeout: 0, ignoreRemoteMapChanges: true });
  const step = (run) => {
    undo.stopCapturing();
    doc.transact(run);
  };
  step(() => {
    for (const id of ['gone', 'back', 'again', 'undone', 'redone', 'kept', 'moved']) {
      add(o, id, { t: 'idea', at: ['', 1, 2], txt: id });
    }
    add(l, 'to-gone', { f: ['kept', 'auto'], to: ['gone', 'auto'], txt: 'hidden' });
    add(l, 'to-back', { f: ['kept', 'auto'], to: ['back', 'auto'] });
    add(l, 'removed', { f: ['kept', 'auto'], to: ['again', 'auto'] });
    add(l, 'to-again', { f: ['again', 'auto'], to: ['kept', 'auto'] });
  });
  step(() => o.delete('gone'));
  step(() => l.delete('removed'));
  step(() => o.delete('again'));
  step(() => add(o, 'again', { t: 'sticky', txt: 'second life' }));
  step(() => o.delete('back'));
  undo.undo();
  o.get('back').get('txt').insert(4, ' for good');
  step(() => add(o, 'never', { t: 'text' }));
  undo.undo();
  step(() => o.get('undone').set('at', ['', 9, 9]));
  undo.undo();
  step(() => o.get('redone').set('at', ['', 5, 6]));
  undo.undo();
  undo.redo();
  for (let at = 0; at < 50; at += 1) {
    step(() => o.get('moved').set('at', ['', at, -at]));
  }
  step(() => o.get('kept').get('txt').delete(0, 2));
  step(() => o.get('kept').delete('t'));
  undo.destroy();
  const idea = (id, x, y, text = id) => object(id, 'idea', { x, y, text });
  write('deleted', doc, {
    objects: [
      idea('back', 1, 2, 'back for good'),
      object('again', 'sticky', { text: 'second life' }),
      idea('undone', 1, 2),
      idea('redone', 5, 6),
      idea('moved', 49, -49),
      object('kept', 'sticky', { x: 1, y: 2, text: 'pt' }),
    ],
    links: [link('to-back', 'kept', 'back'), link('to-again', 'again', 'kept')],
  });
}

/** Text counts in UTF-16 units: emoji are two, and an edit may cut one in half. */
function emoji() {
  const doc = document(17);
  const texts = {};
  doc.transact(() => {
    for (const [id, text] of Object.entries({ after: '👍👍', between: '👍👍', family: '👨‍👩‍👧 home', half: 'a👍b', formatted: 'bold 👍 end', embed: 'one two' })) {
      add(objects(doc), id, { txt: text });
      texts[id] = objects(doc).get(id).get('txt');
    }
  });
  texts.after.insert(4, '!');
  texts.between.insert(2, '🙂');
  texts.between.delete(0, 2);
  texts.family.delete(0, '👨‍👩‍👧 '.length);
  texts.family.insert(0, '🏠 ');
  texts.half.insert(2, '-');
  texts.formatted.format(0, 4, { bold: true });
  texts.formatted.format(5, 2, { italic: true });
  texts.formatted.insert(7, '?');
  texts.embed.insertEmbed(3, { image: 'x.png' });
  texts.embed.insert(4, '👍');
  // As everybody else has it: the one who cut the pair in half still holds the halves.
  const copy = document(99, doc);
  write('emoji', copy, {
    objects: Object.entries({
      after: '👍👍!',
      between: '🙂👍',
      family: '🏠 home',
      half: 'a\ufffd-\ufffdb',
      formatted: 'bold 👍? end',
      embed: 'one👍 two',
    }).map(([id, text]) => object(id, 'sticky', { text })),
  });
}

/** Two people apart for a while. Of two values under one key that of the higher client number stays. */
function concurrent() {
  const start = document(20);
  start.transact(() => {
    add(objects(start), 'group', { t: 'group', at: ['', 100, 100] });
    add(objects(start), 'other', { t: 'group', at: ['', 900, 100] });
    for (const id of ['typed', 'moved', 'pulled', 'deleted', 'inside', 'linked']) {
      add(objects(start), id, { t: 'idea', at: [id === 'inside' ? 'group' : '', 0, 0], txt: 'word' });
    }
  });
  const [a, b] = [document(21, start), document(22, start)];
  a.transact(() => {
    const o = objects(a);
    o.get('typed').get('txt').insert(0, 'left ');
    o.get('moved').set('at', ['group', 1, 1]);
    o.get('moved').set('c', 'red');
    o.get('pulled').set('at', ['group', 1, 1]);
    o.delete('deleted');
    o.delete('group');
    add(links(a), 'from-a', { f: ['typed', 'auto'], to: ['linked', 'auto'] });
    add(o, 'same-id', { t: 'text', txt: 'by a', c: 'pink' });
    // A circle that neither of the two made alone.
    add(o, 'g1', { t: 'group', at: ['g2', 0, 0] });
  });
  b.transact(() => {
    const o = objects(b);
    o.get('typed').get('txt').insert(4, ' right');
    o.get('moved').set('at', ['other', 2, 2]);
    o.get('pulled').set('c', 'green');
    o.get('deleted').get('txt').insert(4, ' is lost');
    o.get('inside').set('at', ['group', 7, 7]);
    o.delete('linked');
    add(links(b), 'from-b', { f: ['typed', 'auto'], to: ['deleted', 'auto'] });
    add(o, 'same-id', { t: 'idea', txt: 'by b' });
    add(o, 'g2', { t: 'group', at: ['g1', 0, 0] });
  });
  both(a, b);
  objects(b).get('typed').get('txt').insert(0, '> ');
  const idea = (id, rest = {}) => object(id, 'idea', { text: 'word', ...rest });
  write('concurrent', b, {
    objects: [
      object('other', 'group', { x: 900, y: 100 }),
      idea('typed', { text: '> left word right' }),
      idea('moved', { parent: 'other', x: 2, y: 2, color: 'red' }),
      idea('pulled', { x: 1, y: 1, color: 'green' }),
      idea('inside', { x: 7, y: 7 }),
      object('same-id', 'idea', { text: 'by b' }),
      object('g1', 'group'),
      object('g2', 'group', { parent: 'g1' }),
    ],
  });
}

/** Just within and just beyond the lengths of rule 5. */
function lengths() {
  const doc = document(18);
  const most = 20_000;
  const url = (length) => `https://example.org/${'x'.repeat(length - 20)}`;
  doc.transact(() => {
    const o = objects(doc);
    add(o, 'over', { txt: 'y'.repeat(most + 1) });
    add(o, 'pair-cut', { txt: `${'x'.repeat(most - 1)}👍!` });
    add(o, 'order', { z: `a${'0'.repeat(63)}` });
    add(o, 'order-over', { z: `b${'1'.repeat(64)}` });
    add(o, 'order-pair', { z: `c${'2'.repeat(62)}👍` });
    add(o, 'url', { t: 'link', url: url(2000) });
    add(o, 'url-over', { t: 'link', url: url(2001) });
  });
  write('lengths', doc, {
    objects: [
      object('over', 'sticky', { text: 'y'.repeat(most) }),
      object('pair-cut', 'sticky', { text: 'x'.repeat(most - 1) }),
      object('order', 'sticky', { z: `a${'0'.repeat(63)}` }),
      object('order-over', 'sticky', { z: `b${'1'.repeat(63)}` }),
      object('order-pair', 'sticky', { z: `c${'2'.repeat(62)}` }),
      object('url', 'link', { url: url(2000) }),
      object('url-over', 'link'),
    ],
  });
}

/** The card of a job after a promotion that two asked for at once, and a document with collected content from a long life. */
function life() {
  const server = document(30);
  const client = document(31);
  client.transact(() => {
    add(objects(client), 'idea', { t: 'idea', at: ['', 5, 5], txt: 'Search\nby letter', c: 'pink' });
    add(objects(client), 'next', { t: 'idea', at: ['', 5, 300], txt: 'Then this' });
    add(links(client), 'then', { f: ['idea', 'bottom'], to: ['next', 'top'], k: 'dep' });
  });
  both(server, client);
  server.transact(() => {
    const idea = objects(server).get('idea');
    idea.set('t', 'job');
    idea.set('job', OTHER_JOB);
  });
  client.transact(() => objects(client).get('idea').set('at', ['', 50, 60]));
  for (let round = 0; round < 30; round += 1) {
    add(objects(client), `short-${round}`, { t: 'sticky', txt: `Number ${round}` });
    objects(client).delete(`short-${round}`);
  }
  both(server, client);
  write('life', server, {
    objects: [
      object('idea', 'job', { x: 50, y: 60, text: 'Search\nby letter', color: 'pink', job: OTHER_JOB }),
      object('next', 'idea', { x: 5, y: 300, text: 'Then this' }),
    ],
    links: [link('then', ['idea', 'bottom'], ['next', 'top'], { kind: 'dep' })],
  });
}

for (const make of [board, defaults, rubbish, groups, connectors, deleted, emoji, concurrent, lengths, life]) {
  make();
}

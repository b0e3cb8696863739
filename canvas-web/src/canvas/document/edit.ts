/** What all commands share: one transaction each, what they answer, and the only functions that write. */
import * as Y from 'yjs';
import type { CanvasDocument, ObjectView, Point, Side } from '../types';
import { asMap, asText, clampSize, defaultsOf, keys, limits, roots } from './heal';
import { keysAt, type Ordered } from './order';
import { LOCAL } from './origins';
import { isNewer } from './read';

/** An object that a command left as it was. */
export interface Skipped {
  readonly id: string;
  readonly why: 'gone' | 'locked' | 'nesting';
}

export interface Done {
  readonly ok: true;
  /** What was made or changed, objects or connectors: what to select next. */
  readonly ids: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** Nothing was changed, and why in words for the person. */
export interface Refused {
  readonly ok: false;
  readonly reason: string;
}

export type Outcome = Done | Refused;

export const refused = (reason: string): Refused => ({ ok: false, reason });
export const done = (ids: readonly string[], skipped: readonly Skipped[] = []): Done => ({ ok: true, ids, skipped });

const newer = 'This canvas was changed by a newer version of Coord. Reload the page to go on.';

/** Runs a command in one transaction. It decides by the document as it was at its start, and refuses before it writes. */
export function edit(document: CanvasDocument, run: () => Outcome): Outcome {
  if (isNewer(document.doc)) {
    return refused(newer);
  }
  return document.doc.transact(run, LOCAL);
}

/** What to tell the person about an outcome; null when it went as asked. */
export function words(outcome: Outcome): string | null {
  if (!outcome.ok) {
    return outcome.reason;
  }
  const count = (why: Skipped['why']) => outcome.skipped.filter((skipped) => skipped.why === why).length;
  const [locked, nesting] = [count('locked'), count('nesting')];
  if (locked > 0) {
    return locked === 1 ? 'One object is locked and was left alone.' : `${locked} objects are locked and were left alone.`;
  }
  if (nesting > 0) {
    return `A group cannot hold itself, and groups go ${limits.depth} deep at most.`;
  }
  return null;
}

/** Parts ids into the objects that a command may change and those it leaves alone. */
export function changeable(document: CanvasDocument, ids: Iterable<string>): { free: ObjectView[]; skipped: Skipped[] } {
  const free: ObjectView[] = [];
  const skipped: Skipped[] = [];
  for (const id of new Set(ids)) {
    const view = document.objects.get(id);
    if (view === undefined) {
      skipped.push({ id, why: 'gone' });
    } else if (view.locked) {
      skipped.push({ id, why: 'locked' });
    } else {
      free.push(view);
    }
  }
  return { free, skipped };
}

/** Those for which something holds, and the others; each once. */
export function partition(ids: Iterable<string>, holds: (id: string) => boolean): [string[], string[]] {
  const yes: string[] = [];
  const no: string[] = [];
  for (const id of new Set(ids)) {
    (holds(id) ? yes : no).push(id);
  }
  return [yes, no];
}

export function groupBy<K, T>(values: Iterable<T>, key: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group === undefined) {
      groups.set(key(value), [value]);
    } else {
      group.push(value);
    }
  }
  return groups;
}

/** Quarters of a unit: nobody sees less, and the numbers stay short. */
const rounded = (value: number) => Math.min(limits.coordinate, Math.max(-limits.coordinate, Math.round(value * 4) / 4)) + 0;

const entry = (document: CanvasDocument, root: 'objects' | 'links', id: string) => asMap(document.doc.getMap(roots[root]).get(id));

/** Where an object is, as one value. Nothing is written when it is there already. */
export function setPlace(document: CanvasDocument, id: string, parent: string | null, point: Point): void {
  const [x, y] = [rounded(point.x), rounded(point.y)];
  const view = document.objects.get(id);
  if (view?.parent !== parent || view.x !== x || view.y !== y) {
    entry(document, 'objects', id)?.set(keys.at, [parent ?? '', x, y]);
  }
}

export function setSize(document: CanvasDocument, id: string, w: number, h: number): void {
  const view = document.objects.get(id);
  const size = [clampSize(rounded(w), limits.minSize), clampSize(rounded(h), limits.minSize)] as const;
  if (view?.w !== size[0] || view.h !== size[1]) {
    entry(document, 'objects', id)?.set(keys.size, [...size]);
  }
}

type Key = keyof typeof keys;

/** One of the plain values; undefined takes it away. */
export function setKey(
  document: CanvasDocument,
  root: 'objects' | 'links',
  id: string,
  key: Key,
  value: string | boolean | undefined,
): void {
  const map = entry(document, root, id);
  if (value === undefined) {
    map?.delete(keys[key]);
  } else if (map?.get(keys[key]) !== value) {
    map?.set(keys[key], value);
  }
}

export function setEnd(document: CanvasDocument, id: string, which: 'from' | 'to', object: string, side: Side): void {
  entry(document, 'links', id)?.set(keys[which], [object, side]);
}

/** The text of an entry, made where it is missing. */
export function textOf(document: CanvasDocument, root: 'objects' | 'links', id: string): Y.Text | undefined {
  const map = entry(document, root, id);
  const text = asText(map?.get(keys.text));
  return text ?? map?.set(keys.text, new Y.Text());
}

export function remove(document: CanvasDocument, root: 'objects' | 'links', id: string): void {
  document.doc.getMap(roots[root]).delete(id);
}

/** What an object is born with. */
export interface Birth {
  readonly id: string;
  readonly type: string;
  readonly parent: string | null;
  readonly x: number;
  readonly y: number;
  readonly w?: number;
  readonly h?: number;
  readonly z: string;
  readonly text?: string;
  readonly color?: string;
  readonly by: string | null;
  readonly ts: number;
  readonly locked?: boolean;
  readonly job?: string | null;
  readonly url?: string | null;
  readonly file?: string | null;
  readonly folder?: string | null;
}

/** Writes a new object. Defaults are not written, so that an idea that becomes a job takes the size and colour of a job card. */
export function bear(document: CanvasDocument, birth: Birth): void {
  const { w, h, color } = defaultsOf(birth.type);
  const size = [clampSize(rounded(birth.w ?? w), w), clampSize(rounded(birth.h ?? h), h)];
  const map = new Y.Map<unknown>();
  map.set(keys.type, birth.type);
  map.set(keys.at, [birth.parent ?? '', rounded(birth.x), rounded(birth.y)]);
  map.set(keys.order, birth.z);
  map.set(keys.text, new Y.Text(birth.text ?? ''));
  map.set(keys.time, birth.ts);
  const optional: [string, unknown][] = [
    [keys.size, size[0] === w && size[1] === h ? null : size],
    [keys.color, birth.color === color ? null : birth.color],
    [keys.by, birth.by],
    [keys.lock, birth.locked === true ? true : null],
    [keys.job, birth.job],
    [keys.url, birth.url],
    [keys.file, birth.file],
    [keys.folder, birth.folder],
  ];
  for (const [key, value] of optional) {
    if (value !== null && value !== undefined) {
      map.set(key, value);
    }
  }
  document.doc.getMap(roots.objects).set(birth.id, map);
}

export interface LinkBirth {
  readonly id: string;
  readonly from: { readonly object: string; readonly side: string };
  readonly to: { readonly object: string; readonly side: string };
  readonly kind: string;
  readonly color?: string;
  readonly text?: string;
}

export function bearLink(document: CanvasDocument, link: LinkBirth): void {
  const map = new Y.Map<unknown>();
  map.set(keys.from, [link.from.object, link.from.side]);
  map.set(keys.to, [link.to.object, link.to.side]);
  map.set(keys.kind, link.kind);
  map.set(keys.text, new Y.Text(link.text ?? ''));
  if (link.color !== undefined && link.color !== 'gray') {
    map.set(keys.color, link.color);
  }
  document.doc.getMap(roots.links).set(link.id, map);
}

const ordered = (document: CanvasDocument, ids: readonly string[]): Ordered[] =>
  ids.map((id) => ({ id, z: document.objects.get(id)?.z ?? '' }));

/** Order keys that make `ids` the drawing order. Those in `fresh` get new ones, which are answered; others only where there is no room. */
export function ordersFor(document: CanvasDocument, ids: readonly string[], fresh: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let siblings = ordered(
    document,
    ids.filter((id) => !fresh.has(id)),
  );
  const displaced = new Set<string>();
  for (let start = 0; start < ids.length; start += 1) {
    let end = start;
    while (end < ids.length && fresh.has(ids[end] as string)) {
      end += 1;
    }
    if (end > start) {
      const run = ids.slice(start, end);
      const { keys: made, moved } = keysAt(siblings, start, run.length);
      const anew = new Map(moved.map(({ id, z }) => [id, z]));
      siblings = siblings.map((one) => ({ id: one.id, z: anew.get(one.id) ?? one.z }));
      siblings.splice(start, 0, ...run.map((id, place) => ({ id, z: made[place] ?? '' })));
      for (const id of anew.keys()) {
        displaced.add(id);
      }
      start = end;
    }
  }
  for (const { id, z } of siblings) {
    if (fresh.has(id)) {
      found.set(id, z);
    } else if (displaced.has(id)) {
      setKey(document, 'objects', id, 'order', z);
    }
  }
  return found;
}

/** Order keys for so many new children on top of the others. */
export function keysOnTop(document: CanvasDocument, parent: string | null, count: number): readonly string[] {
  const { keys: made, moved } = keysAt(ordered(document, document.children(parent)), document.children(parent).length, count);
  for (const { id, z } of moved) {
    setKey(document, 'objects', id, 'order', z);
  }
  return made;
}

/** Null while there is room for so many more. */
export function full(document: CanvasDocument, objects: number, links = 0): Refused | null {
  const most = limits.objects.toLocaleString('en');
  if (document.objects.size + objects > limits.objects) {
    return refused(`A canvas holds at most ${most} objects; this one has ${document.objects.size.toLocaleString('en')}.`);
  }
  if (document.links.size + links > limits.objects) {
    return refused(`A canvas holds at most ${most} connectors; this one has ${document.links.size.toLocaleString('en')}.`);
  }
  return null;
}

/** New objects, and changes of what they are. */
import type { CanvasDocument, Color, ObjectType } from '../../types';
import { bear, changeable, done, edit, full, groupBy, keysOnTop, type Outcome, partition, refused, setKey, setSize } from '../edit';
import { ancestors } from '../geometry';
import { defaultsOf, isColor, limits, uuid, webAddress } from '../heal';
import { newId } from '../ids';

export interface NewObject {
  /** Made by the caller when it has to know beforehand. */
  readonly id?: string;
  readonly type: ObjectType;
  /** Relative to the group, when one is given. */
  readonly x: number;
  readonly y: number;
  readonly parent?: string | null;
  /** The type's own when left out. */
  readonly w?: number;
  readonly h?: number;
  readonly color?: Color;
  readonly text?: string;
  readonly locked?: boolean;
  /** Of a job card: nothing else about the job is ever in the document (INV-9). */
  readonly job?: string;
  readonly url?: string;
  readonly file?: string;
  readonly folder?: string;
}

/** Puts objects on top of what is there, in the order given. `by` is the account of whoever makes them. */
export function createObjects(document: CanvasDocument, objects: readonly NewObject[], by: string | null, now = Date.now()): Outcome {
  const problem = full(document, objects.length) ?? firstProblem(document, objects);
  if (problem !== null) {
    return problem;
  }
  return edit(document, () => {
    const ids: string[] = [];
    const orders = new Map<string | null, Iterator<string>>();
    for (const [parent, children] of groupBy(objects, (object) => object.parent ?? null)) {
      orders.set(parent, keysOnTop(document, parent, children.length)[Symbol.iterator]());
    }
    for (const object of objects) {
      const parent = object.parent ?? null;
      const z: string = orders.get(parent)?.next().value ?? '';
      const id = object.id ?? newId(now);
      bear(document, { ...object, id, parent, z, by, ts: now });
      ids.push(id);
    }
    return done(ids);
  });
}

export const createObject = (document: CanvasDocument, object: NewObject, by: string | null, now = Date.now()) =>
  createObjects(document, [object], by, now);

function firstProblem(document: CanvasDocument, objects: readonly NewObject[]): Outcome | null {
  for (const object of objects) {
    const parent = object.parent ?? null;
    if ((object.text?.length ?? 0) > limits.text) {
      return refused(tooLong);
    }
    if (object.type === 'job' && uuid(object.job) === null) {
      return refused('A job card needs a job.');
    }
    if (object.type === 'link' && webAddress(object.url) === null) {
      return refused(badAddress);
    }
    if (object.id !== undefined && document.objects.has(object.id)) {
      return refused('An object with this id is there already.');
    }
    if (parent !== null && document.objects.get(parent)?.type !== 'group') {
      return refused('The group is gone.');
    }
    if (parent !== null && ancestors(document, parent).length + 1 > limits.depth) {
      return refused(`Groups go ${limits.depth} deep at most.`);
    }
  }
  return null;
}

const tooLong = `A text holds at most ${limits.text.toLocaleString('en')} characters.`;
const badAddress = `A link card needs an address that begins with http:// or https://, of at most ${limits.url.toLocaleString('en')} characters.`;

export interface Patch {
  readonly color?: Color;
  readonly locked?: boolean;
  /** Of link cards. */
  readonly url?: string;
  /** Of groups: the Backlog folder it stands for; null for none. */
  readonly folder?: string | null;
  readonly size?: { readonly w: number; readonly h: number };
}

/** Changes objects, and the colour of connectors among `ids`. Unlocking works on locked ones, and nothing else does. */
export function update(document: CanvasDocument, ids: Iterable<string>, patch: Patch): Outcome {
  const [links, objects] = partition(ids, (id) => document.links.has(id));
  const { free, skipped } = changeable(document, objects);
  const url = patch.url === undefined ? undefined : webAddress(patch.url.trim());
  if (url === null) {
    return refused(badAddress);
  }
  return edit(document, () => {
    const unlocked = patch.locked === false ? skipped.filter(({ why }) => why === 'locked').map(({ id }) => id) : [];
    for (const id of unlocked) {
      setKey(document, 'objects', id, 'lock', undefined);
    }
    for (const id of links) {
      if (patch.color !== undefined) {
        setKey(document, 'links', id, 'color', patch.color);
      }
    }
    for (const { id, type, w, h } of free) {
      if (isColor(patch.color)) {
        setKey(document, 'objects', id, 'color', patch.color);
      }
      if (patch.size !== undefined && (patch.size.w !== w || patch.size.h !== h)) {
        setSize(document, id, patch.size.w, patch.size.h);
      }
      if (url !== undefined && type === 'link') {
        setKey(document, 'objects', id, 'url', url);
      }
      if (patch.folder !== undefined && type === 'group') {
        setKey(document, 'objects', id, 'folder', patch.folder === null || patch.folder === '' ? undefined : patch.folder);
      }
      if (patch.locked === true) {
        setKey(document, 'objects', id, 'lock', true);
      }
    }
    const left = skipped.filter(({ id }) => !unlocked.includes(id));
    return done([...free.map(({ id }) => id), ...unlocked, ...links], left);
  });
}

const interchangeable: readonly string[] = ['sticky', 'idea', 'text'];

/** Makes stickies, ideas and texts into one another. Text, place and connectors stay. */
export function retype(document: CanvasDocument, ids: Iterable<string>, type: 'sticky' | 'idea' | 'text'): Outcome {
  const { free, skipped } = changeable(document, ids);
  return edit(document, () => {
    const changed = free.filter((view) => view.type !== type && interchangeable.includes(view.type));
    for (const view of changed) {
      setKey(document, 'objects', view.id, 'type', type);
      const defaults = defaultsOf(type);
      const before = defaultsOf(view.type);
      // What had the size of its old kind takes that of the new one.
      if (view.w === before.w && view.h === before.h) {
        setSize(document, view.id, defaults.w, defaults.h);
      }
    }
    return done(
      changed.map(({ id }) => id),
      skipped,
    );
  });
}

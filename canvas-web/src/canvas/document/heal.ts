/**
 * One entry of the document read by the rules of protocol/src/canvas/schema.rs, without what needs the other entries: rule 4 and the missing
 * ends of rule 7 are in `read.ts`. The server reads by the same rules; the samples in protocol/fixtures/canvas hold both to it.
 */
import * as Y from 'yjs';
import { schema } from '../schema.gen';
import type { Color, LinkEnd, LinkKind, LinkView, ObjectType, ObjectView, Side } from '../types';

export const { keys, limits, roots } = schema;

const idForm = /^[A-Za-z0-9_-]{1,64}$/;
const colors: ReadonlySet<unknown> = new Set(schema.colors);
const sides: ReadonlySet<unknown> = new Set(schema.sides);
const kinds: ReadonlySet<unknown> = new Set(schema.kinds);

export const isId = (value: unknown): value is string => typeof value === 'string' && idForm.test(value);
export const isColor = (value: unknown): value is Color => colors.has(value);
export const isSide = (value: unknown): value is Side => sides.has(value);
export const isKind = (value: unknown): value is LinkKind => kinds.has(value);
export const isKnownType = (value: unknown): value is ObjectType => typeof value === 'string' && Object.hasOwn(schema.types, value);

/** Size and colour of a type at birth. A word that this version does not know has those of a sticky note, in gray. */
export function defaultsOf(type: string): { readonly w: number; readonly h: number; readonly color: Color } {
  return isKnownType(type) ? schema.types[type] : { w: schema.types.sticky.w, h: schema.types.sticky.h, color: 'gray' };
}

/** XML elements of Yjs are maps and texts to JavaScript; to this schema they are rubbish. */
export function asMap(value: unknown): Y.Map<unknown> | undefined {
  return value instanceof Y.Map && !(value instanceof Y.XmlHook) ? value : undefined;
}

export function asText(value: unknown): Y.Text | undefined {
  return value instanceof Y.Text && !(value instanceof Y.XmlText) ? value : undefined;
}

/** At most `units` UTF-16 units, and no half of a pair at the end. */
export function cut(text: string, units: number): string {
  if (text.length <= units) {
    return text;
  }
  const last = text.charCodeAt(units - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? units - 1 : units);
}

const finite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Adding 0 makes -0 an ordinary 0. */
const coordinate = (value: unknown) => (finite(value) && Math.abs(value) <= limits.coordinate ? value + 0 : 0);

export const clampSize = (value: unknown, otherwise: number) =>
  finite(value) ? Math.min(limits.maxSize, Math.max(limits.minSize, value)) : otherwise;

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An id of the server's, in lower case. */
export const uuid = (value: unknown): string | null => (typeof value === 'string' && uuidForm.test(value) ? value.toLowerCase() : null);

/** An address that may be opened: `http:` or `https:`, no longer than the limit. */
export function webAddress(value: unknown): string | null {
  return typeof value === 'string' && value.length <= limits.url && /^https?:\/\/[^\s/]/i.test(value) ? value : null;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** An object with the parent that it names, which may not be there. */
export type Raw = Omit<ObjectView, 'id' | 'parent'> & { readonly named: string | null };

export function readObject(value: unknown): Raw | undefined {
  const map = asMap(value);
  if (map === undefined) {
    return undefined;
  }
  const word = map.get(keys.type);
  const job = word === 'job' ? uuid(map.get(keys.job)) : null;
  const type = word === 'job' && job === null ? 'idea' : isId(word) ? word : 'sticky';
  const defaults = defaultsOf(type);
  const [parent, x, y] = list(map.get(keys.at));
  const [w, h] = list(map.get(keys.size));
  const order = map.get(keys.order);
  const color = map.get(keys.color);
  const time = map.get(keys.time);
  const file = map.get(keys.file);
  const folder = map.get(keys.folder);
  return {
    type,
    named: isId(parent) ? parent : null,
    x: coordinate(x),
    y: coordinate(y),
    w: clampSize(w, defaults.w),
    h: clampSize(h, defaults.h),
    z: typeof order === 'string' ? cut(order, limits.order) : '',
    text: textOf(map),
    color: isColor(color) ? color : defaults.color,
    by: uuid(map.get(keys.by)),
    ts: Number.isSafeInteger(time) ? (time as number) + 0 : 0,
    locked: map.get(keys.lock) === true,
    job,
    url: type === 'link' ? webAddress(map.get(keys.url)) : null,
    file: type === 'image' && isId(file) ? file : null,
    folder: type === 'group' && typeof folder === 'string' && folder !== '' ? folder : null,
  };
}

function textOf(map: Y.Map<unknown>): string {
  return cut(asText(map.get(keys.text))?.toString() ?? '', limits.text);
}

function end(value: unknown): LinkEnd | undefined {
  const [object, side] = list(value);
  return isId(object) ? { object, side: isSide(side) ? side : 'auto' } : undefined;
}

export function readLink(id: string, value: unknown): LinkView | undefined {
  const map = asMap(value);
  const from = end(map?.get(keys.from));
  const to = end(map?.get(keys.to));
  if (map === undefined || from === undefined || to === undefined || from.object === to.object) {
    return undefined;
  }
  const kind = map.get(keys.kind);
  const color = map.get(keys.color);
  return { id, from, to, kind: isKind(kind) ? kind : 'rel', color: isColor(color) ? color : 'gray', text: textOf(map) };
}

/** Coord's own files: `CanvasFile` of protocol/src/canvas.rs, read as strictly as the server does. */
import { schema } from '../../schema.gen';
import type { CanvasDocument, LinkView, ObjectView } from '../../types';
import { groupBy } from '../edit';
import { isColor, isId, isKind, isSide, limits, uuid, webAddress } from '../heal';
import { Tree } from '../tree';
import { type CanvasFile, wireView } from '../wire';
import { Check, type Fields, isFields, type Parsed } from './parsed';

/** Title and state of a job, for those who may see it. */
export type JobWords = (job: string) => { readonly title: string; readonly state: string } | null;

export function toCanvasFile(document: Pick<CanvasDocument, 'objects' | 'links'>, name: string, jobs: JobWords = () => null): CanvasFile {
  const { objects, links } = wireView(document);
  return {
    coord_canvas: schema.version,
    name,
    objects: objects.map((object) => {
      const job = object.job === undefined ? null : jobs(object.job);
      return job === null ? object : { ...object, job_title: job.title, job_state: job.state };
    }),
    links,
  };
}

/** Whether this means to be one of our files. */
export const isCanvasFile = (value: unknown): value is Fields => isFields(value) && 'coord_canvas' in value;

export function fromCanvasFile(value: unknown): Parsed {
  const check = new Check();
  if (!isFields(value)) {
    check.that(false, 'the file', 'must be an object');
    return check.refusal(what);
  }
  const { coord_canvas: version, name } = value;
  check.that(version === schema.version, 'coord_canvas', `must be ${schema.version}`);
  const named = typeof name === 'string' && name !== '' && [...name].length <= 200;
  check.that(named, 'name', 'must have 1 to 200 characters');
  const [objects, links] = [listOf(check, value, 'objects'), listOf(check, value, 'links')];
  if (check.failed) {
    return check.refusal(what);
  }
  const views = readObjects(check, objects);
  const connectors = readLinks(check, links, new Set(objects.map((object) => (isFields(object) ? object.id : undefined))));
  return check.failed
    ? check.refusal(what)
    : { ok: true, name: typeof name === 'string' ? name : null, fragment: { objects: familiesFirst(views), links: connectors } };
}

const what = 'This canvas file';

function listOf(check: Check, value: Fields, field: 'objects' | 'links'): readonly unknown[] {
  const list = value[field];
  if (!Array.isArray(list)) {
    check.that(false, field, 'must be a list');
    return [];
  }
  check.that(list.length <= limits.objects, field, `must be at most ${limits.objects}`);
  return list;
}

function readObjects(check: Check, values: readonly unknown[]): ObjectView[] {
  const seen = new Set<string>();
  const views = values.flatMap((value, index) => {
    const at = `objects[${index}]`;
    return check.that(isFields(value), at, 'must be an object') ? readObject(check, value as Fields, at, seen) : [];
  });
  if (!check.failed) {
    const tree = new Tree();
    for (const view of views) {
      tree.set(view.id, view.parent, view.type === 'group');
    }
    tree.settle();
    views.forEach((view, index) => {
      const why = `must be a group of this file, without circles and at most ${limits.depth} deep`;
      check.that(tree.parent(view.id) === view.parent, `objects[${index}].parent`, why);
    });
  }
  return views;
}

const idRule = `must be 1 to ${limits.id} letters, digits, _ or -`;

function readId(check: Check, id: unknown, field: string, seen: Set<string>): id is string {
  if (!check.that(isId(id), field, idRule) || !check.that(!seen.has(id as string), field, 'must not be there twice')) {
    return false;
  }
  seen.add(id as string);
  return true;
}

const numberIn = (value: unknown, low: number, high: number): value is number => typeof value === 'number' && value >= low && value <= high;

function textIn(check: Check, value: unknown, most: number, field: string): value is string {
  return check.that(typeof value === 'string' && value.length <= most, field, `must be a text of at most ${most} characters`);
}

const own = { job: 'job', url: 'link', file: 'image', folder: 'group' } as const;

function readObject(check: Check, value: Fields, at: string, seen: Set<string>): ObjectView[] {
  const before = check.faults.length;
  const { id, type, parent = null, x, y, w, h, z, text, color } = value;
  const { coordinate, minSize, maxSize } = limits;
  readId(check, id, `${at}.id`, seen);
  check.that(isId(type), `${at}.type`, idRule);
  check.that(parent === null || isId(parent), `${at}.parent`, idRule);
  for (const [field, number] of Object.entries({ x, y })) {
    check.that(numberIn(number, -coordinate, coordinate), `${at}.${field}`, `must be a number from -${coordinate} to ${coordinate}`);
  }
  for (const [field, number] of Object.entries({ w, h })) {
    check.that(numberIn(number, minSize, maxSize), `${at}.${field}`, `must be a number from ${minSize} to ${maxSize}`);
  }
  textIn(check, z, limits.order, `${at}.z`);
  textIn(check, text, limits.text, `${at}.text`);
  check.that(isColor(color), `${at}.color`, `must be one of ${schema.colors.join(', ')}`);
  for (const [field, word] of Object.entries(own)) {
    const set = value[field] !== undefined && value[field] !== null;
    check.that(!set || type === word, `${at}.${field}`, `must not be there: only objects of type ${word} have it`);
  }
  const { job, url = null, file = null, folder = null } = value;
  check.that(type !== 'job' || uuid(job) !== null, `${at}.job`, 'must be the id of a job');
  check.that(url === null || webAddress(url) !== null, `${at}.url`, 'must be an address that begins with http:// or https://');
  check.that(file === null || isId(file), `${at}.file`, 'must be the id of a file');
  check.that(folder === null || (typeof folder === 'string' && folder !== ''), `${at}.folder`, 'must not be empty');
  if (check.faults.length > before) {
    return [];
  }
  const checked = { id, type, parent, x, y, w, h, z, text, color, url, file, folder } as Omit<ObjectView, 'by' | 'ts' | 'locked' | 'job'>;
  const time = value.ts;
  return [
    {
      ...checked,
      job: uuid(job),
      by: uuid(value.by),
      ts: Number.isSafeInteger(time) ? (time as number) : 0,
      locked: value.locked === true,
    },
  ];
}

function readLinks(check: Check, values: readonly unknown[], objects: ReadonlySet<unknown>): LinkView[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    const at = `links[${index}]`;
    if (!check.that(isFields(value), at, 'must be an object')) {
      return [];
    }
    const { id, from, to, kind, color, text } = value as Fields;
    readId(check, id, `${at}.id`, seen);
    const ends = Object.entries({ from, to }).map(([field, end]) => {
      const { object, side } = isFields(end) ? end : { object: undefined, side: undefined };
      check.that(isId(object) && objects.has(object), `${at}.${field}.object`, 'must be an object of this file');
      check.that(isSide(side), `${at}.${field}.side`, `must be one of ${schema.sides.join(', ')}`);
      return object;
    });
    check.that(ends[0] !== ends[1], `${at}.to.object`, 'must be another object than from');
    check.that(isKind(kind), `${at}.kind`, `must be one of ${schema.kinds.join(', ')}`);
    check.that(isColor(color), `${at}.color`, `must be one of ${schema.colors.join(', ')}`);
    textIn(check, text, limits.text, `${at}.text`);
    return [{ id, from, to, kind, color, text } as LinkView];
  });
}

/** Groups before what is in them, each family by its order keys. */
export function familiesFirst(views: readonly ObjectView[]): ObjectView[] {
  const families = groupBy(views, ({ parent }) => parent);
  const found: ObjectView[] = [];
  const queue: (string | null)[] = [null];
  for (const parent of queue) {
    const family = families.get(parent)?.sort((a, b) => (a.z === b.z ? (a.id < b.id ? -1 : 1) : a.z < b.z ? -1 : 1)) ?? [];
    found.push(...family);
    queue.push(...family.filter(({ type }) => type === 'group').map(({ id }) => id));
  }
  return found;
}

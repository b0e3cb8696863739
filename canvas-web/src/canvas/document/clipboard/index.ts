/**
 * Copy, cut and paste. A copy is told three ways: as a canvas file for Coord, as a list in HTML (which carries the file along, for browsers
 * that keep nothing else) and as a list in plain text. What comes in is text of others: it is read as strictly as a file.
 *
 * With an event of the browser: `write(event.clipboardData, copy(document, selection))` and `received(event.clipboardData)`. From a menu, where
 * there is no event: `writeToSystem` and `readFromSystem`, which may ask for permission.
 */
import { schema } from '../../schema.gen';
import type { CanvasDocument, Point } from '../../types';
import { grid } from '../commands/arrange';
import { extent, type Fragment, fragmentOf, insert } from '../commands/copies';
import { createObject, createObjects, type NewObject } from '../commands/create';
import { deleteObjects } from '../commands/groups';
import { done, type Outcome, refused } from '../edit';
import { fromCanvasFile, type JobWords, toCanvasFile } from '../files/canvas-file';
import { around, toLocal } from '../geometry';
import { limits } from '../heal';
import { listOf, loneAddress } from './lines';
import { asHtml, asText, fromHtml } from './list';

export const ownType = 'application/x-coord-canvas+json';
/** Browsers keep types of web pages apart from those of programs by this word. */
const systemType = `web ${ownType}`;

export interface Copied {
  readonly json: string;
  readonly html: string;
  readonly text: string;
}

/** What copying these objects gives; null when there is nothing to copy. */
export function copy(document: CanvasDocument, ids: Iterable<string>, jobs: JobWords = () => null): Copied | null {
  const fragment = fragmentOf(document, ids);
  if (fragment.objects.length === 0) {
    return null;
  }
  const file = toCanvasFile(
    { objects: new Map(fragment.objects.map((view) => [view.id, view])), links: new Map(fragment.links.map((link) => [link.id, link])) },
    'Copied objects',
  );
  const json = JSON.stringify(file);
  return { json, html: asHtml(fragment, json, jobs), text: asText(fragment, jobs) };
}

/** Deletes what was copied, with what is in it. Call it once the copy is on the clipboard. */
export const cut = (document: CanvasDocument, ids: Iterable<string>): Outcome => deleteObjects(document, ids, { withChildren: true });

/** Puts a copy on the clipboard of an event. */
export function write(data: Pick<DataTransfer, 'setData'>, copied: Copied): void {
  data.setData(ownType, copied.json);
  data.setData('text/html', copied.html);
  data.setData('text/plain', copied.text);
}

/** The same without an event. Rejects when the browser does not allow it. */
export async function writeToSystem(copied: Copied): Promise<void> {
  const parts: Record<string, string> = { 'text/html': copied.html, 'text/plain': copied.text };
  if (ClipboardItem.supports?.(systemType)) {
    parts[systemType] = copied.json;
  }
  const blobs = Object.entries(parts).map(([type, part]) => [type, new Blob([part], { type: type.replace('web ', '') })] as const);
  await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
}

/** What was on the clipboard, or dropped. */
export type Received =
  | { readonly kind: 'fragment'; readonly fragment: Fragment }
  | { readonly kind: 'images'; readonly files: readonly File[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nothing' };

export function received(data: Pick<DataTransfer, 'getData' | 'files'>): Received {
  const own = parse(data.getData(ownType)) ?? parse(fromHtml(data.getData('text/html')));
  if (own !== null) {
    return { kind: 'fragment', fragment: own };
  }
  const text = data.getData('text/plain');
  const files = [...data.files].filter(({ type }) => type.startsWith('image/'));
  // Word processors and spreadsheets put a picture of the text beside it.
  return files.length > 0 && text.trim() === '' ? { kind: 'images', files } : textOrNothing(text);
}

const textOrNothing = (text: string): Received => (text.trim() === '' ? { kind: 'nothing' } : { kind: 'text', text });

/** The same without an event. Rejects when the browser does not allow it. */
export async function readFromSystem(): Promise<Received> {
  const items = await navigator.clipboard.read();
  const text = async (type: string) => {
    const item = items.find(({ types }) => types.includes(type));
    return item === undefined ? '' : (await item.getType(type)).text();
  };
  const own = parse(await text(systemType)) ?? parse(fromHtml(await text('text/html')));
  if (own !== null) {
    return { kind: 'fragment', fragment: own };
  }
  const plain = await text('text/plain');
  const images = items.flatMap((item) => item.types.filter((type) => type.startsWith('image/')).map((type) => ({ item, type })));
  if (plain.trim() !== '' || images.length === 0) {
    return textOrNothing(plain);
  }
  const files = images.map(async ({ item, type }) => new File([await item.getType(type)], `image.${type.slice(6)}`, { type }));
  return { kind: 'images', files: await Promise.all(files) };
}

function parse(json: string): Fragment | null {
  if (json === '' || json.length > limits.document) {
    return null;
  }
  try {
    const parsed = fromCanvasFile(JSON.parse(json));
    return parsed.ok ? parsed.fragment : null;
  } catch {
    return null;
  }
}

/** How much room what was received will take. */
export function sizeOf(what: Received): { readonly w: number; readonly h: number } {
  if (what.kind === 'fragment') {
    return extent(what.fragment);
  }
  if (what.kind !== 'text') {
    return { w: largest, h: largest };
  }
  const { items, columns } = listOf(what.text);
  const sizes = items.map(() => (items.length > 1 ? schema.types.idea : schema.types.sticky));
  return (
    around(grid(sizes, { x: 0, y: 0 }, 24, columns).map((place, index) => ({ ...place, ...(sizes[index] ?? schema.types.idea) }))) ??
    schema.types.sticky
  );
}

export interface Pasting {
  /** Middle of what is pasted, on the canvas. */
  readonly at: Point;
  readonly by: string | null;
  readonly parent?: string | null;
  /** What lines of text become. */
  readonly linesAs?: 'idea' | 'sticky';
  /** Stores a picture; undefined when that failed and the person was told. */
  readonly upload?: Upload;
}

export type Upload = (file: File) => Promise<{ readonly id: string; readonly w: number; readonly h: number } | undefined>;

const mostLines = 500;

/** Adds what was received; answers the new objects. Pictures arrive one after another, as they are stored. */
export async function paste(document: CanvasDocument, what: Received, pasting: Pasting): Promise<Outcome> {
  switch (what.kind) {
    case 'nothing':
      return refused('There is nothing on the clipboard that a canvas can hold.');
    case 'fragment':
      return pasteFragment(document, what.fragment, pasting);
    case 'text':
      return pasteText(document, what.text, pasting);
    case 'images':
      return pasteImages(document, what.files, pasting);
  }
}

/** Adds a fragment with its middle at a point; used for templates and files too. */
export function pasteFragment(document: CanvasDocument, fragment: Fragment, { at, by, parent = null }: Pasting): Outcome {
  const box = extent(fragment);
  return insert(document, fragment, { by, parent, dx: at.x - box.x - box.w / 2, dy: at.y - box.y - box.h / 2 });
}

/** An address becomes a link card, several lines an idea each, one line a note. */
export function pasteText(document: CanvasDocument, text: string, pasting: Pasting): Outcome {
  const { items, columns } = listOf(text);
  if (items.length > mostLines) {
    return refused(`That is ${items.length.toLocaleString('en')} lines; at most ${mostLines} can be pasted at once.`);
  }
  const many = items.length > 1;
  const objects = items.map((item): Omit<NewObject, 'x' | 'y'> => {
    const url = loneAddress(item);
    return url === null ? { type: pasting.linesAs ?? (many ? 'idea' : 'sticky'), text: item } : { type: 'link', url };
  });
  const sizes = objects.map(({ type }) => schema.types[type]);
  const places = grid(sizes, { x: 0, y: 0 }, 24, columns);
  const width = Math.max(...places.map((place, index) => place.x + (sizes[index]?.w ?? 0)));
  const height = Math.max(...places.map((place, index) => place.y + (sizes[index]?.h ?? 0)));
  const { parent = null } = pasting;
  const corner = toLocal(document, parent, { x: pasting.at.x - width / 2, y: pasting.at.y - height / 2 });
  const placed = objects.map((object, index) => {
    const place = places[index] ?? { x: 0, y: 0 };
    return { ...object, parent, x: corner.x + place.x, y: corner.y + place.y };
  });
  return createObjects(
    document,
    // Empty cells keep their place and make no object.
    placed.filter((object) => object.text !== ''),
    pasting.by,
  );
}

/** Longest side of a picture that was just pasted. */
const largest = 640;

async function pasteImages(document: CanvasDocument, files: readonly File[], { at, by, parent = null, upload }: Pasting): Promise<Outcome> {
  if (upload === undefined) {
    return refused('Pictures cannot be pasted here.');
  }
  const ids: string[] = [];
  for (const [index, file] of files.entries()) {
    const stored = await upload(file);
    if (stored !== undefined) {
      const scale = Math.min(1, largest / Math.max(stored.w, stored.h, 1));
      const [w, h] = [Math.round(stored.w * scale), Math.round(stored.h * scale)];
      // The group may be gone by now.
      const into = parent !== null && document.objects.get(parent)?.type === 'group' ? parent : null;
      const corner = toLocal(document, into, { x: at.x - w / 2 + index * 24, y: at.y - h / 2 + index * 24 });
      const outcome = createObject(document, { type: 'image', file: stored.id, text: file.name, parent: into, ...corner, w, h }, by);
      if (!outcome.ok) {
        return outcome;
      }
      ids.push(...outcome.ids);
    }
  }
  return done(ids);
}

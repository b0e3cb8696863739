/** Where things are on the canvas, from a document whose coordinates are relative to groups. */
import type { Box, CanvasDocument, ObjectView, Point } from '../types';

const origin: Point = { x: 0, y: 0 };

/** The top left corner of an object on the canvas. The healed tree has no circles. */
export function worldPoint(document: CanvasDocument, id: string | null): Point {
  let { x, y } = origin;
  for (let at = id; at !== null; ) {
    const view: ObjectView | undefined = document.objects.get(at);
    if (view === undefined) {
      break;
    }
    x += view.x;
    y += view.y;
    at = view.parent;
  }
  return { x, y };
}

export function worldBox(document: CanvasDocument, id: string): Box | undefined {
  const view = document.objects.get(id);
  return view === undefined ? undefined : { ...worldPoint(document, id), w: view.w, h: view.h };
}

/** A point of the canvas as seen from inside a group, or from the canvas itself. */
export function toLocal(document: CanvasDocument, parent: string | null, point: Point): Point {
  const from = worldPoint(document, parent);
  return { x: point.x - from.x, y: point.y - from.y };
}

/** The box around boxes; undefined around none. */
export function around(boxes: Iterable<Box>): Box | undefined {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const box of boxes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.w);
    bottom = Math.max(bottom, box.y + box.h);
  }
  return left > right ? undefined : { x: left, y: top, w: right - left, h: bottom - top };
}

export const overlap = (a: Box, b: Box) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** The groups an object is in, innermost first. */
export function ancestors(document: CanvasDocument, id: string): string[] {
  const found: string[] = [];
  for (let at = document.objects.get(id)?.parent ?? null; at !== null; at = document.objects.get(at)?.parent ?? null) {
    found.push(at);
  }
  return found;
}

/** Those that are there and not inside another one of them, each once. With `movable`, a locked group carries nothing. */
export function outermost(document: CanvasDocument, ids: Iterable<string>, { movable = false } = {}): string[] {
  const all = new Set(ids);
  const carried = (id: string) =>
    ancestors(document, id).some((group) => all.has(group) && !(movable && document.objects.get(group)?.locked));
  return [...all].filter((id) => document.objects.has(id) && !carried(id));
}

/** An object and all that is in it, groups before what is in them, in drawing order. */
export function subtree(document: CanvasDocument, id: string): string[] {
  const found = [id];
  for (let next = 0; next < found.length; next += 1) {
    found.push(...document.children(found[next] as string));
  }
  return found;
}

/** How many levels are below an object: 0 for what holds nothing. */
export function levels(document: CanvasDocument, id: string): number {
  const children = document.children(id);
  return children.length === 0 ? 0 : 1 + Math.max(...children.map((child) => levels(document, child)));
}

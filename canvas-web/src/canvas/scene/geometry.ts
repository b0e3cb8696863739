/** Boxes, points and the camera. World units are the document's; screen units are CSS pixels from the stage's top left. */
import type { Box, Camera, Point } from '../types';

export interface Size {
  readonly w: number;
  readonly h: number;
}

export const MIN_ZOOM = 0.02;
export const MAX_ZOOM = 4;

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const right = (box: Box): number => box.x + box.w;
export const bottom = (box: Box): number => box.y + box.h;
export const center = (box: Box): Point => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 });

/** Also when they only touch. */
export const overlaps = (a: Box, b: Box): boolean => a.x <= right(b) && b.x <= right(a) && a.y <= bottom(b) && b.y <= bottom(a);

export const contains = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x && inner.y >= outer.y && right(inner) <= right(outer) && bottom(inner) <= bottom(outer);

export const holds = (box: Box, point: Point): boolean =>
  point.x >= box.x && point.x <= right(box) && point.y >= box.y && point.y <= bottom(box);

/** Larger by `by` on each side; a negative number makes it smaller. */
export const grown = (box: Box, by: number): Box => ({ x: box.x - by, y: box.y - by, w: box.w + 2 * by, h: box.h + 2 * by });

export const moved = (box: Box, dx: number, dy: number): Box => ({ x: box.x + dx, y: box.y + dy, w: box.w, h: box.h });

export const sameBox = (a: Box, b: Box): boolean => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h;

/** The smallest box around all; null for none. */
export function around(boxes: Iterable<Box>): Box | null {
  let left = Infinity;
  let top = Infinity;
  let far = -Infinity;
  let low = -Infinity;
  for (const box of boxes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    far = Math.max(far, right(box));
    low = Math.max(low, bottom(box));
  }
  return far < left ? null : { x: left, y: top, w: far - left, h: low - top };
}

/** The box with these two corners, whichever they are. */
export const spanned = (a: Point, b: Point): Box => ({
  x: Math.min(a.x, b.x),
  y: Math.min(a.y, b.y),
  w: Math.abs(a.x - b.x),
  h: Math.abs(a.y - b.y),
});

export const toScreen = (camera: Camera, view: Size, point: Point): Point => ({
  x: (point.x - camera.x) * camera.zoom + view.w / 2,
  y: (point.y - camera.y) * camera.zoom + view.h / 2,
});

export const toWorld = (camera: Camera, view: Size, point: Point): Point => ({
  x: (point.x - view.w / 2) / camera.zoom + camera.x,
  y: (point.y - view.h / 2) / camera.zoom + camera.y,
});

export function boxToScreen(camera: Camera, view: Size, box: Box): Box {
  const { x, y } = toScreen(camera, view, box);
  return { x, y, w: box.w * camera.zoom, h: box.h * camera.zoom };
}

/** What is in view, in world units. */
export const viewBox = (camera: Camera, view: Size): Box => ({
  x: camera.x - view.w / 2 / camera.zoom,
  y: camera.y - view.h / 2 / camera.zoom,
  w: view.w / camera.zoom,
  h: view.h / camera.zoom,
});

/** The camera at another zoom with the world point under `at` (screen) kept where it is. */
export function zoomedAt(camera: Camera, view: Size, at: Point, zoom: number): Camera {
  const next = clamp(zoom, MIN_ZOOM, MAX_ZOOM);
  const held = toWorld(camera, view, at);
  return { x: held.x - (at.x - view.w / 2) / next, y: held.y - (at.y - view.h / 2) / next, zoom: next };
}

/** The camera that shows all of the box with `margin` pixels around, no closer than `closest`. */
export function fitted(box: Box, view: Size, margin = 64, closest = 1): Camera {
  const room = { w: Math.max(1, view.w - 2 * margin), h: Math.max(1, view.h - 2 * margin) };
  const zoom = clamp(Math.min(room.w / Math.max(1, box.w), room.h / Math.max(1, box.h)), MIN_ZOOM, closest);
  return { ...center(box), zoom };
}

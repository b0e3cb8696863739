/** The eight handles of a selection and what dragging one does. */

import { bottom, center, clamp, right } from '../scene/geometry';
import { schema } from '../schema.gen';
import type { Box, Point, Side } from '../types';

export type Handle = 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'nw';
export const handles: readonly Handle[] = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w'];

export const cursors: Readonly<Record<Handle, string>> = {
  n: 'ns-resize',
  s: 'ns-resize',
  e: 'ew-resize',
  w: 'ew-resize',
  ne: 'nesw-resize',
  sw: 'nesw-resize',
  nw: 'nwse-resize',
  se: 'nwse-resize',
};

export function handleAt(box: Box, handle: Handle): Point {
  const { x, y } = center(box);
  return {
    x: handle.includes('w') ? box.x : handle.includes('e') ? right(box) : x,
    y: handle.includes('n') ? box.y : handle.includes('s') ? bottom(box) : y,
  };
}

/** The handle under a screen point, for a selection's box on the screen. Corners before edges; a whole edge counts, not just its middle. */
export function hitHandle(box: Box, point: Point, reach: number): Handle | null {
  const near = (a: number, b: number) => Math.abs(a - b) <= reach;
  const inX = point.x >= box.x - reach && point.x <= right(box) + reach;
  const inY = point.y >= box.y - reach && point.y <= bottom(box) + reach;
  if (!inX || !inY) {
    return null;
  }
  // On a small box the corners would leave nothing to take it by.
  const roomy = box.w > reach * 4 && box.h > reach * 4;
  const vertical = near(point.y, box.y) ? 'n' : near(point.y, bottom(box)) ? 's' : '';
  const horizontal = near(point.x, box.x) ? 'w' : near(point.x, right(box)) ? 'e' : '';
  if (!roomy && !(vertical === 's' && horizontal === 'e')) {
    return null;
  }
  return (vertical + horizontal || null) as Handle | null;
}

export const LEAST = 24;

/** The box after its handle was dragged by (dx, dy). `even` keeps the proportions, `middle` grows from the middle. */
export function resized(box: Box, handle: Handle, dx: number, dy: number, { even = false, middle = false } = {}): Box {
  const { maxSize } = schema.limits;
  const times = middle ? 2 : 1;
  let w = box.w + (handle.includes('e') ? dx : handle.includes('w') ? -dx : 0) * times;
  let h = box.h + (handle.includes('s') ? dy : handle.includes('n') ? -dy : 0) * times;
  w = clamp(w, Math.min(LEAST, box.w), maxSize);
  h = clamp(h, Math.min(LEAST, box.h), maxSize);
  if (even && box.w > 0 && box.h > 0) {
    const scale =
      handle === 'n' || handle === 's' ? h / box.h : handle === 'e' || handle === 'w' ? w / box.w : Math.max(w / box.w, h / box.h);
    w = box.w * scale;
    h = box.h * scale;
  }
  const mid = center(box);
  const left = middle || (!handle.includes('w') && !handle.includes('e')) ? mid.x - w / 2 : handle.includes('w') ? right(box) - w : box.x;
  const top = middle || (!handle.includes('n') && !handle.includes('s')) ? mid.y - h / 2 : handle.includes('n') ? bottom(box) - h : box.y;
  return { x: left, y: top, w, h };
}

/** Where a box inside `from` comes to lie when `from` becomes `to`. */
export function carried(box: Box, from: Box, to: Box): Box {
  const [sx, sy] = [from.w === 0 ? 1 : to.w / from.w, from.h === 0 ? 1 : to.h / from.h];
  return { x: to.x + (box.x - from.x) * sx, y: to.y + (box.y - from.y) * sy, w: box.w * sx, h: box.h * sy };
}

/** How far outside of an object the dots stand from which a connector is drawn, in pixels. */
export const DOT_AWAY = 16;
export const dotSides: readonly Exclude<Side, 'auto'>[] = ['top', 'right', 'bottom', 'left'];

export function dotAt(box: Box, side: Exclude<Side, 'auto'>, away = DOT_AWAY): Point {
  const { x, y } = center(box);
  switch (side) {
    case 'top':
      return { x, y: box.y - away };
    case 'right':
      return { x: right(box) + away, y };
    case 'bottom':
      return { x, y: bottom(box) + away };
    case 'left':
      return { x: box.x - away, y };
  }
}

/** How near a pointer must be to the middle of a side, in pixels, for a connector to hold on to that side. */
const SIDE_REACH = 14;

/** The side of a box on the screen that a point is at; `auto` when it is at none in particular. */
export function sideAt(box: Box, point: Point): Side {
  const near = dotSides
    .map((side) => ({ side, at: dotAt(box, side, 0) }))
    .map(({ side, at }) => ({ side, away: Math.hypot(at.x - point.x, at.y - point.y) }))
    .reduce((best, one) => (one.away < best.away ? one : best));
  return near.away <= SIDE_REACH ? near.side : 'auto';
}

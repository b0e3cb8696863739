/** The shape of connectors: where they hold on to an object and how they curve between two. */
import type { Box, Point, Side } from '../types';
import { around, bottom, center, right } from './geometry';

export interface Curve {
  readonly from: Point;
  readonly c1: Point;
  readonly c2: Point;
  readonly to: Point;
  readonly box: Box;
}

type Edge = Exclude<Side, 'auto'>;

const out: Record<Edge, Point> = { top: { x: 0, y: -1 }, right: { x: 1, y: 0 }, bottom: { x: 0, y: 1 }, left: { x: -1, y: 0 } };

/** The middle of a side. */
export function anchor(box: Box, side: Edge): Point {
  const { x, y } = center(box);
  switch (side) {
    case 'top':
      return { x, y: box.y };
    case 'bottom':
      return { x, y: bottom(box) };
    case 'left':
      return { x: box.x, y };
    case 'right':
      return { x: right(box), y };
  }
}

/** The side that looks towards the other box: across the wider gap between the two. */
export function facing(box: Box, other: Box): Edge {
  const a = center(box);
  const b = center(other);
  const dx = Math.abs(b.x - a.x) - (box.w + other.w) / 2;
  const dy = Math.abs(b.y - a.y) - (box.h + other.h) / 2;
  if (dx >= dy) {
    return b.x >= a.x ? 'right' : 'left';
  }
  return b.y >= a.y ? 'bottom' : 'top';
}

export function curve(fromBox: Box, fromSide: Side, toBox: Box, toSide: Side): Curve {
  const a = fromSide === 'auto' ? facing(fromBox, toBox) : fromSide;
  const b = toSide === 'auto' ? facing(toBox, fromBox) : toSide;
  const from = anchor(fromBox, a);
  const to = anchor(toBox, b);
  const reach = Math.min(180, Math.max(24, Math.hypot(to.x - from.x, to.y - from.y) * 0.4));
  const c1 = { x: from.x + out[a].x * reach, y: from.y + out[a].y * reach };
  const c2 = { x: to.x + out[b].x * reach, y: to.y + out[b].y * reach };
  const points = [from, c1, c2, to].map(({ x, y }) => ({ x, y, w: 0, h: 0 }));
  return { from, c1, c2, to, box: around(points) ?? fromBox };
}

export function pointOn({ from, c1, c2, to }: Curve, t: number): Point {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: a * from.x + b * c1.x + c * c2.x + d * to.x, y: a * from.y + b * c1.y + c * c2.y + d * to.y };
}

const STEPS = 24;

/** How far the point is from the curve, in world units; exact to a fraction of the curve's own bend. */
export function distance(of: Curve, point: Point): number {
  let best = Infinity;
  let before = of.from;
  for (let step = 1; step <= STEPS; step++) {
    const next = pointOn(of, step / STEPS);
    const length = (next.x - before.x) ** 2 + (next.y - before.y) ** 2;
    const along = length === 0 ? 0 : ((point.x - before.x) * (next.x - before.x) + (point.y - before.y) * (next.y - before.y)) / length;
    const t = Math.min(1, Math.max(0, along));
    best = Math.min(best, Math.hypot(point.x - before.x - t * (next.x - before.x), point.y - before.y - t * (next.y - before.y)));
    before = next;
  }
  return best;
}

/** The two wings and the tip of an arrow head at the end of the curve. */
export function arrow({ c2, to }: Curve, size: number): [Point, Point, Point] {
  const angle = Math.atan2(to.y - c2.y, to.x - c2.x);
  const wing = (turn: number): Point => ({ x: to.x - size * Math.cos(angle + turn), y: to.y - size * Math.sin(angle + turn) });
  return [wing(0.45), to, wing(-0.45)];
}

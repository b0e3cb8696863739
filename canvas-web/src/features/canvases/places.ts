import type { Editor } from '@/canvas/interact';
import { schema } from '@/canvas/schema.gen';
import type { Point } from '@/canvas/types';

const GAP = 24;
/** Rings of places that are looked at, from the middle outwards. */
const RINGS = 6;

/** A place for a job card near the point where nothing lies yet; the point itself when all around is full. */
export function freePlace(editor: Editor, near: Point): Point {
  const { w, h } = schema.types.job;
  const isFree = ({ x, y }: Point) =>
    editor.scene
      .query({ x: x - w / 2 - GAP / 2, y: y - h / 2 - GAP / 2, w: w + GAP, h: h + GAP })
      .every((id) => editor.scene.view(id)?.type === 'group');
  for (let ring = 0; ring <= RINGS; ring += 1) {
    for (let row = -ring; row <= ring; row += 1) {
      for (let column = -ring; column <= ring; column += 1) {
        const place = { x: near.x + column * (w + GAP), y: near.y + row * (h + GAP) };
        if (Math.max(Math.abs(row), Math.abs(column)) === ring && isFree(place)) {
          return place;
        }
      }
    }
  }
  return near;
}

/** What a dragged row of the jobs' list carries; the stage takes it. */
export const DRAGGED = 'canvas-job';

/** What the R-trees hold. */
import type { Box } from '../types';

export interface Entry {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
  readonly id: string;
  /** Place in the drawing order. */
  rank: number;
}

export const entry = (id: string, box: Box): Entry => ({
  id,
  minX: box.x,
  minY: box.y,
  maxX: box.x + box.w,
  maxY: box.y + box.h,
  rank: -1,
});
export const boxOf = ({ minX, minY, maxX, maxY }: Entry): Box => ({ x: minX, y: minY, w: maxX - minX, h: maxY - minY });
export const area = (box: Box) => ({ minX: box.x, minY: box.y, maxX: box.x + box.w, maxY: box.y + box.h });

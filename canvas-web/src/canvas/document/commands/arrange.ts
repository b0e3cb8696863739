/** Where objects are and how large. A group carries what is in it. */
import type { Box, CanvasDocument, ObjectView, Point } from '../../types';
import { changeable, done, edit, keysOnTop, type Outcome, type Skipped, setKey, setPlace, setSize } from '../edit';
import { ancestors, around, levels, outermost, toLocal, worldBox, worldPoint } from '../geometry';
import { limits } from '../heal';

export interface Move extends Point {
  readonly id: string;
  /** The group it goes into, null for none; as it is when left out. The point is relative to it. */
  readonly parent?: string | null;
}

/** Moves objects to points. What comes into another group lies on top there, in the order of before. */
export function move(document: CanvasDocument, moves: readonly Move[]): Outcome {
  const byId = new Map(moves.map((one) => [one.id, one]));
  const { free, skipped } = changeable(document, byId.keys());
  const joining = new Map<string | null, ObjectView[]>();
  const moved = free.filter((view) => {
    const parent = targetOf(view, byId.get(view.id));
    if (parent === view.parent) {
      return true;
    }
    const why = obstacle(document, view.id, parent);
    if (why !== null) {
      skipped.push({ id: view.id, why });
      return false;
    }
    joining.set(parent, [...(joining.get(parent) ?? []), view]);
    return true;
  });
  return edit(document, () => {
    for (const view of moved) {
      const to = byId.get(view.id);
      if (to !== undefined) {
        setPlace(document, view.id, targetOf(view, to), to);
      }
    }
    for (const [parent, views] of joining) {
      const keys = keysOnTop(document, parent, views.length);
      inDrawingOrder(document, views).forEach((view, place) => {
        setKey(document, 'objects', view.id, 'order', keys[place]);
      });
    }
    return done(
      moved.map(({ id }) => id),
      skipped,
    );
  });
}

/** Moves objects by a distance, into a group when `into` is given (null: out of all groups). Inner objects of moved groups come along. */
export function moveBy(document: CanvasDocument, ids: Iterable<string>, dx: number, dy: number, into?: string | null): Outcome {
  return move(
    document,
    outermost(document, ids, { movable: true }).map((id) => {
      const view = document.objects.get(id) as ObjectView;
      if (into === undefined || into === view.parent) {
        return { id, x: view.x + dx, y: view.y + dy };
      }
      const world = worldPoint(document, id);
      return { id, parent: into, ...toLocal(document, into, { x: world.x + dx, y: world.y + dy }) };
    }),
  );
}

const targetOf = (view: ObjectView, to: Move | undefined) => (to?.parent === undefined ? view.parent : to.parent);

/** Why an object cannot go into a group. */
function obstacle(document: CanvasDocument, id: string, parent: string | null): Skipped['why'] | null {
  if (parent === null) {
    return null;
  }
  if (document.objects.get(parent)?.type !== 'group') {
    return 'gone';
  }
  const above = [parent, ...ancestors(document, parent)];
  return above.includes(id) || above.length + levels(document, id) > limits.depth ? 'nesting' : null;
}

/** Lowest first, as they are drawn: a group before what is in it, siblings by their order. */
export function inDrawingOrder(document: CanvasDocument, views: readonly ObjectView[]): ObjectView[] {
  const families = new Map<string | null, ReadonlyMap<string, number>>();
  const place = (id: string) => {
    const parent = document.objects.get(id)?.parent ?? null;
    const family = families.get(parent) ?? new Map(document.children(parent).map((child, index) => [child, index]));
    families.set(parent, family);
    return family.get(id) ?? 0;
  };
  const paths = new Map(views.map((view) => [view, [...ancestors(document, view.id).reverse(), view.id].map(place)]));
  return [...paths.keys()].sort((a, b) => {
    const [left, right] = [paths.get(a) ?? [], paths.get(b) ?? []];
    const level = left.findIndex((at, index) => at !== right[index]);
    return level === -1 ? left.length - right.length : (left[level] ?? -1) - (right[level] ?? -1);
  });
}

export interface Resize extends Box {
  readonly id: string;
}

/** Gives objects new boxes, relative to their groups. What is in a group stays where it is on the canvas. */
export function resize(document: CanvasDocument, boxes: readonly Resize[]): Outcome {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const { free, skipped } = changeable(document, byId.keys());
  return edit(document, () => {
    for (const view of free) {
      const box = byId.get(view.id) as Resize;
      setPlace(document, view.id, view.parent, box);
      setSize(document, view.id, box.w, box.h);
      if (view.type === 'group' && (box.x !== view.x || box.y !== view.y)) {
        for (const id of document.children(view.id)) {
          const child = document.objects.get(id) as ObjectView;
          if (!byId.has(id)) {
            setPlace(document, id, view.id, { x: child.x + view.x - box.x, y: child.y + view.y - box.y });
          }
        }
      }
    }
    return done(
      free.map(({ id }) => id),
      skipped,
    );
  });
}

export type Edge = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom';

/** Lines objects up along an edge or the middle of the box around them. */
export function align(document: CanvasDocument, ids: Iterable<string>, edge: Edge): Outcome {
  return arrange(document, ids, 2, (boxes) => {
    const all = around(boxes.map(({ box }) => box)) as Box;
    return boxes.map(({ id, box }) => ({ id, ...aligned(box, all, edge) }));
  });
}

function aligned({ x, y, w, h }: Box, all: Box, edge: Edge): Point {
  switch (edge) {
    case 'left':
      return { x: all.x, y };
    case 'center':
      return { x: all.x + (all.w - w) / 2, y };
    case 'right':
      return { x: all.x + all.w - w, y };
    case 'top':
      return { x, y: all.y };
    case 'middle':
      return { x, y: all.y + (all.h - h) / 2 };
    case 'bottom':
      return { x, y: all.y + all.h - h };
  }
}

/** Makes the gaps between objects equal; the outer two stay. */
export function distribute(document: CanvasDocument, ids: Iterable<string>, axis: 'horizontal' | 'vertical'): Outcome {
  const [from, length] = axis === 'horizontal' ? (['x', 'w'] as const) : (['y', 'h'] as const);
  return arrange(document, ids, 3, (boxes) => {
    const sorted = [...boxes].sort((a, b) => a.box[from] + a.box[length] / 2 - b.box[from] - b.box[length] / 2);
    const start = Math.min(...boxes.map(({ box }) => box[from]));
    const end = Math.max(...boxes.map(({ box }) => box[from] + box[length]));
    const gap = (end - start - sorted.reduce((sum, { box }) => sum + box[length], 0)) / (sorted.length - 1);
    let next = start;
    return sorted.map(({ id, box }) => {
      const to = { id, x: box.x, y: box.y, [from]: next };
      next += box[length] + gap;
      return to;
    });
  });
}

/** Puts objects into a grid in reading order, somewhat wider than it is high, from the corner of the box around them. */
export function tidy(document: CanvasDocument, ids: Iterable<string>, gap = 24): Outcome {
  return arrange(document, ids, 2, (boxes) => {
    const all = around(boxes.map(({ box }) => box)) as Box;
    const sorted = readingOrder(boxes);
    const places = grid(
      sorted.map(({ box }) => box),
      all,
      gap,
    );
    return sorted.map(({ id }, place) => ({ id, ...(places[place] as Point) }));
  });
}

/** Row by row: what lies at least half beside a box is in its row. */
export function readingOrder<T extends { readonly box: Box }>(boxes: readonly T[]): T[] {
  const rows: { middle: number; members: T[] }[] = [];
  for (const one of [...boxes].sort((a, b) => a.box.y + a.box.h / 2 - b.box.y - b.box.h / 2)) {
    const row = rows.at(-1);
    const middle = one.box.y + one.box.h / 2;
    if (row !== undefined && middle - row.middle < one.box.h / 2) {
      row.members.push(one);
    } else {
      rows.push({ middle, members: [one] });
    }
  }
  return rows.flatMap(({ members }) => members.sort((a, b) => a.box.x - b.box.x));
}

/** Screens are wider than they are high, and so are grids. */
const landscape = 1.5;

/** Top left corners of boxes in a grid, row by row, with columns as wide and rows as high as what is in them. */
export function grid(boxes: readonly { readonly w: number; readonly h: number }[], from: Point, gap = 24, columns?: number): Point[] {
  const width = Math.max(0, ...boxes.map((box) => box.w)) + gap;
  const height = Math.max(0, ...boxes.map((box) => box.h)) + gap;
  const across = columns ?? Math.max(1, Math.round(Math.sqrt((boxes.length * landscape * height) / width)));
  const widths: number[] = [];
  const heights: number[] = [];
  boxes.forEach((box, place) => {
    const [column, row] = [place % across, Math.floor(place / across)];
    widths[column] = Math.max(widths[column] ?? 0, box.w);
    heights[row] = Math.max(heights[row] ?? 0, box.h);
  });
  const starts = (sizes: readonly number[], start: number) => {
    let next = start;
    return sizes.map((size) => {
      const at = next;
      next += size + gap;
      return at;
    });
  };
  const [lefts, tops] = [starts(widths, from.x), starts(heights, from.y)];
  return boxes.map((_, place) => ({ x: lefts[place % across] ?? from.x, y: tops[Math.floor(place / across)] ?? from.y }));
}

interface Placed {
  readonly id: string;
  readonly box: Box;
}

/** Moves the unlocked ones among the outermost of `ids` to points of the canvas. */
function arrange(
  document: CanvasDocument,
  ids: Iterable<string>,
  least: number,
  to: (boxes: readonly Placed[]) => readonly Move[],
): Outcome {
  const { free, skipped } = changeable(document, outermost(document, ids, { movable: true }));
  const boxes = free.map(({ id }) => ({ id, box: worldBox(document, id) as Box }));
  const targets = boxes.length < least ? [] : to(boxes);
  const outcome = move(
    document,
    targets.map(({ id, x, y }) => ({ id, ...toLocal(document, document.objects.get(id)?.parent ?? null, { x, y }) })),
  );
  return outcome.ok ? { ...outcome, skipped: [...skipped, ...outcome.skipped] } : outcome;
}

/** Placing without a pointer: for keyboards, menus and lists, where nobody says at which point something should be. */
import type { Box, CanvasDocument, ObjectView, Point } from '../../types';
import { done, edit, type Outcome, setSize } from '../edit';
import { ancestors, around, outermost, overlap, worldPoint } from '../geometry';
import { defaultsOf } from '../heal';
import { inDrawingOrder, move } from './arrange';
import { createObject, type NewObject } from './create';

const [gap, padding, heading] = [24, 32, 64];

export interface Beside {
  readonly by: string | null;
  /** The group it goes into. */
  readonly parent?: string | null;
  /** What it should lie beside, when it is in the same group. */
  readonly near?: string | null;
  readonly now?: number;
}

/** Makes an object where there is room: in the group, which grows when it has to, or beside another object, or below all. */
export function createBeside(
  document: CanvasDocument,
  object: Omit<NewObject, 'x' | 'y' | 'parent'>,
  { by, parent = null, near, now }: Beside,
): Outcome {
  const { w, h } = { ...defaultsOf(object.type), ...sized(object) };
  const room = new Room(document, parent, near ?? null);
  const at = room.take(w, h);
  return edit(document, () => {
    const outcome = createObject(document, { ...object, ...at, parent }, by, now);
    if (outcome.ok) {
      room.grow();
    }
    return outcome;
  });
}

/** The middle of the place on the canvas where a box of that size would have room. */
export function roomBeside(
  document: CanvasDocument,
  { w, h }: { readonly w: number; readonly h: number },
  { parent = null, near }: Omit<Beside, 'by'>,
): Point {
  const at = new Room(document, parent, near ?? null).take(w, h);
  const corner = worldPoint(document, parent);
  return { x: corner.x + at.x + w / 2, y: corner.y + at.y + h / 2 };
}

const sized = ({ w, h }: { readonly w?: number; readonly h?: number }) => ({
  ...(w === undefined ? {} : { w }),
  ...(h === undefined ? {} : { h }),
});

/** Moves objects into a group, or out of all groups for null, to where there is room. What is there already stays where it is. */
export function moveInto(document: CanvasDocument, ids: Iterable<string>, into: string | null): Outcome {
  const views = outermost(document, ids, { movable: true }).map((id) => document.objects.get(id) as ObjectView);
  const going = inDrawingOrder(document, views).filter(({ parent }) => parent !== into);
  const [first] = going;
  if (first === undefined) {
    return done(views.map(({ id }) => id));
  }
  const room = new Room(document, into, into === null ? (ancestors(document, first.id).at(-1) ?? null) : null);
  const moves = going.map((view) => ({ id: view.id, parent: into, ...(view.locked ? view : room.take(view.w, view.h)) }));
  return edit(document, () => {
    const outcome = move(
      document,
      moves.map(({ id, parent, x, y }) => ({ id, parent, x, y })),
    );
    if (outcome.ok && outcome.ids.length > 0) {
      room.grow();
    }
    return outcome;
  });
}

/** From so many neighbours on, room is looked for below them only. */
const many = 300;

/** The free room in a group, or on the canvas. Its coordinates are the group's. */
class Room {
  private readonly taken: Box[];
  private readonly from: Point;
  private readonly right: number;
  private readonly group: ObjectView | undefined;

  constructor(
    private readonly document: CanvasDocument,
    parent: string | null,
    near: string | null,
  ) {
    const boxes = document.children(parent).map((id) => document.objects.get(id) as ObjectView);
    this.group = parent === null ? undefined : document.objects.get(parent);
    const beside = boxes.find(({ id }) => id === near);
    const all = around(boxes);
    if (this.group !== undefined) {
      this.from = { x: padding, y: heading };
      this.right = this.group.w - padding;
      this.taken = boxes;
    } else if (beside !== undefined) {
      this.from = { x: beside.x, y: beside.y };
      this.right = beside.x + beside.w + 4 * (240 + gap);
      const reach = { x: beside.x - 100, y: beside.y - 100, w: this.right - beside.x + 200, h: 2400 };
      this.taken = boxes.filter((box) => overlap(box, reach));
    } else {
      this.from = all === undefined ? { x: 0, y: 0 } : { x: all.x, y: all.y + all.h + 2 * gap };
      this.right = this.from.x + Math.max(1200, all?.w ?? 0);
      this.taken = [];
    }
    if (this.taken.length > many) {
      const low = around(this.taken) as Box;
      this.from = { x: this.from.x, y: low.y + low.h + gap };
      this.taken = [];
    }
  }

  /** Takes the first free place, row by row. */
  take(w: number, h: number): Point {
    const { from, taken } = this;
    const places: Point[] = [
      from,
      ...taken.flatMap((box) => [
        { x: box.x + box.w + gap, y: Math.max(from.y, box.y) },
        { x: box.x + box.w + gap, y: from.y },
        { x: from.x, y: box.y + box.h + gap },
      ]),
    ];
    const free = (place: Point) => {
      const wide = { x: place.x - gap / 2, y: place.y - gap / 2, w: w + gap, h: h + gap };
      const fits = place.x >= from.x && place.y >= from.y && (place.x + w <= this.right || place.x === from.x);
      return fits && !taken.some((box) => overlap(wide, box));
    };
    const low = around(taken);
    const below = { x: from.x, y: low === undefined ? from.y : Math.max(from.y, low.y + low.h + gap) };
    const place = places.sort((a, b) => a.y - b.y || a.x - b.x).find(free) ?? below;
    taken.push({ ...place, w, h });
    return place;
  }

  /** Makes the group hold what was put into it. A locked one stays as it is. */
  grow(): void {
    const all = around(this.taken);
    if (this.group !== undefined && all !== undefined && !this.group.locked) {
      const { id, w, h } = this.group;
      setSize(this.document, id, Math.max(w, all.x + all.w + padding), Math.max(h, all.y + all.h + padding));
    }
  }
}

/** What lies over what, among the objects of a group. */
import type { Box, CanvasDocument } from '../../types';
import { changeable, done, edit, groupBy, type Outcome, ordersFor, setKey } from '../edit';
import { overlap } from '../geometry';

export type Direction = 'front' | 'forward' | 'backward' | 'back';

/** Brings objects to the front or back, or past the next object that they touch. */
export function order(document: CanvasDocument, ids: Iterable<string>, direction: Direction): Outcome {
  const { free, skipped } = changeable(document, ids);
  const families = groupBy(free, ({ parent }) => parent);
  return edit(document, () => {
    for (const [parent, views] of families) {
      const chosen = new Set(views.map(({ id }) => id));
      const before = document.children(parent);
      const after = reorder(document, before, chosen, direction);
      if (after.some((id, place) => id !== before[place])) {
        for (const [id, z] of ordersFor(document, after, chosen)) {
          setKey(document, 'objects', id, 'order', z);
        }
      }
    }
    return done(
      free.map(({ id }) => id),
      skipped,
    );
  });
}

function reorder(
  document: CanvasDocument,
  children: readonly string[],
  chosen: ReadonlySet<string>,
  direction: Direction,
): readonly string[] {
  const moving = children.filter((id) => chosen.has(id));
  const others = children.filter((id) => !chosen.has(id));
  switch (direction) {
    case 'front':
      return [...others, ...moving];
    case 'back':
      return [...moving, ...others];
    case 'backward':
      return reorder(document, children.toReversed(), chosen, 'forward').toReversed();
    case 'forward': {
      const top = children.findLastIndex((id) => chosen.has(id));
      const above = children.slice(top + 1);
      const past = above.find((id) => moving.some((mine) => touches(document, mine, id))) ?? above[0];
      const place = past === undefined ? others.length : others.indexOf(past) + 1;
      return [...others.slice(0, place), ...moving, ...others.slice(place)];
    }
  }
}

/** Siblings: their coordinates have the same origin. */
function touches(document: CanvasDocument, a: string, b: string): boolean {
  const [left, right] = [document.objects.get(a), document.objects.get(b)];
  return left !== undefined && right !== undefined && overlap(left satisfies Box, right satisfies Box);
}

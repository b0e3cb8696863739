/** Parts of a canvas as values: what duplicating, copying, pasting, templates and import have in common. */
import type { Box, CanvasDocument, LinkView, ObjectView } from '../../types';
import { bear, bearLink, done, edit, full, groupBy, keysOnTop, type Outcome, refused } from '../edit';
import { ancestors, around, outermost, subtree, worldPoint } from '../geometry';
import { limits } from '../heal';
import { newId } from '../ids';
import { keysAt } from '../order';
import { inDrawingOrder } from './arrange';

/** Objects and the connectors among them. Those without a parent in the fragment have places on the canvas. */
export interface Fragment {
  /** Groups before what is in them, each family in drawing order, whatever their order keys. */
  readonly objects: readonly ObjectView[];
  readonly links: readonly LinkView[];
}

/** Takes objects with all that is in them, and the connectors among these. */
export function fragmentOf(document: CanvasDocument, ids: Iterable<string>): Fragment {
  const roots = inDrawingOrder(
    document,
    outermost(document, ids).map((id) => document.objects.get(id) as ObjectView),
  );
  const objects = roots.flatMap((root) =>
    subtree(document, root.id).map((id) => {
      const view = document.objects.get(id) as ObjectView;
      return id === root.id ? { ...view, parent: null, ...worldPoint(document, id) } : view;
    }),
  );
  const taken = new Set(objects.map(({ id }) => id));
  const links = [...document.links.values()].filter(({ from, to }) => taken.has(from.object) && taken.has(to.object));
  return { objects, links };
}

/** The box around a fragment. */
export const extent = (fragment: Fragment): Box =>
  around(fragment.objects.filter(({ parent }) => parent === null)) ?? { x: 0, y: 0, w: 0, h: 0 };

export interface Insertion {
  /** The account of whoever adds it. */
  readonly by: string | null;
  /** How far from where the fragment was. */
  readonly dx?: number;
  readonly dy?: number;
  /** The group it goes into. */
  readonly parent?: string | null;
  readonly now?: number;
}

/**
 * Adds a copy with new ids, on top. Copies are not locked, and a copied group stands for no folder: the first one does. Answers the
 * outermost copies.
 */
export function insert(
  document: CanvasDocument,
  fragment: Fragment,
  { by, dx = 0, dy = 0, parent = null, now = Date.now() }: Insertion,
): Outcome {
  const problem = full(document, fragment.objects.length, fragment.links.length) ?? tooDeep(document, fragment, parent);
  if (problem !== null) {
    return problem;
  }
  const ids = new Map(fragment.objects.map(({ id }) => [id, newId(now)]));
  const folders = new Set([...document.objects.values()].map(({ folder }) => folder));
  const corner = worldPoint(document, parent);
  return edit(document, () => {
    const families = groupBy(fragment.objects, (object) => object.parent);
    const order = new Map<string, string>();
    for (const [group, family] of families) {
      const keys = group === null ? keysOnTop(document, parent, family.length) : keysAt([], 0, family.length).keys;
      family.forEach(({ id }, place) => {
        order.set(id, keys[place] ?? '');
      });
    }
    for (const object of fragment.objects) {
      const inside = object.parent === null ? undefined : ids.get(object.parent);
      bear(document, {
        ...object,
        id: ids.get(object.id) as string,
        parent: inside ?? parent,
        x: inside === undefined ? object.x + dx - corner.x : object.x,
        y: inside === undefined ? object.y + dy - corner.y : object.y,
        z: order.get(object.id) ?? '',
        locked: false,
        folder: folders.has(object.folder) ? null : object.folder,
        by,
        ts: now,
      });
    }
    for (const link of fragment.links) {
      const [from, to] = [ids.get(link.from.object), ids.get(link.to.object)];
      if (from !== undefined && to !== undefined) {
        bearLink(document, {
          ...link,
          id: newId(now),
          from: { object: from, side: link.from.side },
          to: { object: to, side: link.to.side },
        });
      }
    }
    return done((families.get(null) ?? []).map(({ id }) => ids.get(id) as string));
  });
}

function tooDeep(document: CanvasDocument, fragment: Fragment, parent: string | null): Outcome | null {
  if (parent !== null && document.objects.get(parent)?.type !== 'group') {
    return refused('The group is gone.');
  }
  const above = parent === null ? 0 : ancestors(document, parent).length + 1;
  const depths = new Map<string, number>();
  for (const object of fragment.objects) {
    depths.set(object.id, object.parent === null ? above : (depths.get(object.parent) ?? above) + 1);
  }
  return Math.max(0, ...depths.values()) > limits.depth ? refused(`Groups go ${limits.depth} deep at most.`) : null;
}

/** Copies objects with what is in them, a little beside, into the same group when they have one in common. Answers the copies. */
export function duplicate(
  document: CanvasDocument,
  ids: Iterable<string>,
  { by, dx = 24, dy = 24, now = Date.now() }: Omit<Insertion, 'parent'>,
): Outcome {
  const fragment = fragmentOf(document, ids);
  if (fragment.objects.length === 0) {
    return done([]);
  }
  const parents = new Set(
    fragment.objects.filter(({ parent }) => parent === null).map(({ id }) => document.objects.get(id)?.parent ?? null),
  );
  const [parent = null] = parents.size === 1 ? [...parents] : [];
  return insert(document, fragment, { by, dx, dy, parent, now });
}

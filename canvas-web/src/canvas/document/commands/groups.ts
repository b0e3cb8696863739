/** Groups, and what becomes of their contents. Deleting. */
import type { Box, CanvasDocument, ObjectView } from '../../types';
import { bear, changeable, done, edit, full, type Outcome, ordersFor, partition, refused, remove, setKey, setPlace } from '../edit';
import { ancestors, around, levels, outermost, subtree, toLocal, worldBox, worldPoint } from '../geometry';
import { limits } from '../heal';
import { newId } from '../ids';
import { inDrawingOrder } from './arrange';

/** Room around what is put into a new group; its name stands at the top. */
const padding = 32;
const heading = 64;

export interface Grouping {
  readonly name?: string;
  readonly by: string | null;
  readonly now?: number;
}

/** Makes a group around objects, in the innermost group that holds them all. Answers the group's id. */
export function group(document: CanvasDocument, ids: Iterable<string>, { name = '', by, now = Date.now() }: Grouping): Outcome {
  const { free, skipped } = changeable(document, outermost(document, ids, { movable: true }));
  if (free.length === 0) {
    return skipped.length > 0 ? done([], skipped) : refused('Select what the group should hold.');
  }
  const parent = commonParent(document, free);
  const above = parent === null ? 0 : ancestors(document, parent).length + 1;
  if (above + 1 + Math.max(...free.map(({ id }) => levels(document, id))) > limits.depth) {
    return refused(`Groups go ${limits.depth} deep at most.`);
  }
  const problem = full(document, 1);
  if (problem !== null) {
    return problem;
  }
  return edit(document, () => {
    const inner = around(free.map(({ id }) => worldBox(document, id) as Box)) as Box;
    const corner = { x: inner.x - padding, y: inner.y - heading };
    const id = newId(now);
    const z = ordersFor(document, withGroup(document, parent, free, id), new Set([id])).get(id) ?? '';
    const at = toLocal(document, parent, corner);
    const [w, h] = [inner.w + 2 * padding, inner.h + heading + padding];
    bear(document, { id, type: 'group', parent, ...at, w, h, z, text: name, by, ts: now });
    const inside = inDrawingOrder(document, free);
    const order = inside.map((view) => view.id);
    const keys = ordersFor(document, order, new Set(order));
    for (const view of inside) {
      const world = worldPoint(document, view.id);
      setPlace(document, view.id, id, { x: world.x - corner.x, y: world.y - corner.y });
      setKey(document, 'objects', view.id, 'order', keys.get(view.id));
    }
    return done([id], skipped);
  });
}

function commonParent(document: CanvasDocument, views: readonly ObjectView[]): string | null {
  const [first, ...others] = views.map((view) => ancestors(document, view.id));
  return first?.find((candidate) => others.every((chain) => chain.includes(candidate))) ?? null;
}

/** The children of `parent` that stay, with the new group above the highest of what it takes. */
function withGroup(document: CanvasDocument, parent: string | null, taken: readonly ObjectView[], id: string): string[] {
  const going = new Set(taken.map((view) => view.id));
  const touched = new Set(taken.flatMap((view) => [view.id, ...ancestors(document, view.id)]));
  const children = document.children(parent);
  const top = children.findLastIndex((child) => touched.has(child));
  const stay = (child: string) => !going.has(child);
  return [...children.slice(0, top + 1).filter(stay), id, ...children.slice(top + 1).filter(stay)];
}

/** Takes groups away and leaves their contents where they are. Answers the contents. */
export function ungroup(document: CanvasDocument, ids: Iterable<string>): Outcome {
  const { free, skipped } = changeable(document, ids);
  const groups = free.filter(({ type }) => type === 'group').map(({ id }) => id);
  const freed = groups.flatMap((id) => document.children(id)).filter((id) => !groups.includes(id));
  const outcome = deleteObjects(document, groups);
  return outcome.ok ? done(freed, [...skipped, ...outcome.skipped]) : outcome;
}

/**
 * Deletes objects with their connectors, and the connectors among `ids`. What is in a group stays, where it is on the canvas, unless
 * `withChildren`; what is locked stays in any case.
 */
export function deleteObjects(document: CanvasDocument, ids: Iterable<string>, { withChildren = false } = {}): Outcome {
  const [named, objects] = partition(ids, (id) => document.links.has(id));
  const links = new Set(named);
  const { free, skipped } = changeable(document, objects);
  const doomed = new Set(free.map(({ id }) => id));
  if (withChildren) {
    for (const id of [...doomed].flatMap((one) => subtree(document, one))) {
      if (!document.objects.get(id)?.locked) {
        doomed.add(id);
      } else if (!skipped.some((one) => one.id === id)) {
        skipped.push({ id, why: 'locked' });
      }
    }
  }
  for (const link of document.links.values()) {
    if (doomed.has(link.from.object) || doomed.has(link.to.object)) {
      links.add(link.id);
    }
  }
  return edit(document, () => {
    rehome(document, doomed);
    for (const id of doomed) {
      remove(document, 'objects', id);
    }
    for (const id of links) {
      remove(document, 'links', id);
    }
    return done([...doomed, ...links], skipped);
  });
}

/** Moves what is in doomed groups and stays into the nearest group that stays, to where the doomed one was among its siblings. */
function rehome(document: CanvasDocument, doomed: ReadonlySet<string>): void {
  const homes = new Set<string | null>();
  const homeless = new Set<string>();
  for (const id of doomed) {
    for (const child of document.children(id)) {
      if (!doomed.has(child)) {
        homeless.add(child);
        homes.add(ancestors(document, id).find((group) => !doomed.has(group)) ?? null);
      }
    }
  }
  const staying = (id: string): readonly string[] => (doomed.has(id) ? document.children(id).flatMap(staying) : [id]);
  for (const home of homes) {
    const order = document.children(home).flatMap(staying);
    const keys = ordersFor(document, order, homeless);
    for (const [id, z] of keys) {
      setPlace(document, id, home, toLocal(document, home, worldPoint(document, id)));
      setKey(document, 'objects', id, 'order', z);
    }
  }
}

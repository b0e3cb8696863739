/** The order in which a person would read a canvas: groups with what is in them, row by row. */
import { bottom } from '../scene/geometry';
import type { Scene } from '../scene/scene';
import type { Box } from '../types';

export function readingOrder(scene: Scene): string[] {
  const ordered: string[] = [];
  const visit = (parent: string | null) => {
    for (const id of rows(scene, scene.document.children(parent))) {
      ordered.push(id);
      visit(id);
    }
  };
  visit(null);
  return ordered;
}

function rows(scene: Scene, ids: readonly string[]): string[] {
  const placed = ids.flatMap((id) => {
    const box = scene.box(id);
    return box ? [{ id, box }] : [];
  });
  placed.sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  const found: string[] = [];
  let row: { id: string; box: Box }[] = [];
  let low = -Infinity;
  const end = () => {
    found.push(...row.sort((a, b) => a.box.x - b.box.x).map(({ id }) => id));
    row = [];
  };
  for (const one of placed) {
    // A row is what begins above the middle of the first in it.
    if (row.length > 0 && one.box.y > low) {
      end();
    }
    if (row.length === 0) {
      low = (one.box.y + bottom(one.box)) / 2;
    }
    row.push(one);
  }
  end();
  return found;
}

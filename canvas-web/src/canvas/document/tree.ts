/**
 * Which group each object is in, healed by rule 4: no missing parents, no circles, no more than so many groups within groups. A change
 * costs what hangs below it and no more.
 */
import { limits } from './heal';

interface Node {
  /** The parent it names, there or not. */
  named: string | null;
  group: boolean;
  parent: string | null;
  /** How many groups it is in. */
  depth: number;
}

export class Tree {
  private readonly nodes = new Map<string, Node>();
  /** Who names an id as parent, whether or not that id is there. */
  private readonly naming = new Map<string, Set<string>>();
  private readonly changed = new Set<string>();

  parent(id: string): string | null {
    return this.nodes.get(id)?.parent ?? null;
  }

  set(id: string, named: string | null, group: boolean): void {
    const node = this.nodes.get(id);
    if (node === undefined) {
      this.nodes.set(id, { named, group, parent: null, depth: 0 });
      this.name(named, id);
      this.changed.add(id);
    } else if (node.named !== named || node.group !== group) {
      this.unname(node.named, id);
      this.name(named, id);
      node.named = named;
      node.group = group;
      this.changed.add(id);
    }
  }

  delete(id: string): void {
    const node = this.nodes.get(id);
    if (node !== undefined) {
      this.unname(node.named, id);
      this.nodes.delete(id);
      this.changed.add(id);
    }
  }

  /** Finds the parents anew where they may have changed; answers whose did. */
  settle(): Set<string> {
    const moved = new Set<string>();
    if (this.changed.size === 0) {
      return moved;
    }
    const unsettled = this.below(this.changed);
    this.changed.clear();
    const candidates = new Map<string, string | null>();
    for (const id of unsettled) {
      const named = this.nodes.get(id)?.named ?? null;
      candidates.set(id, named !== null && this.nodes.get(named)?.group === true ? named : null);
    }
    cutCircles(candidates);
    for (const id of candidates.keys()) {
      this.place(id, candidates, moved);
    }
    return moved;
  }

  /** Those that are there, and all that name them directly or not. */
  private below(ids: Iterable<string>): Set<string> {
    const found = new Set(ids);
    for (const id of found) {
      for (const naming of this.naming.get(id) ?? []) {
        found.add(naming);
      }
    }
    for (const id of found) {
      if (!this.nodes.has(id)) {
        found.delete(id);
      }
    }
    return found;
  }

  /** Settles an object after the groups above it. What `candidates` no longer holds is settled. */
  private place(id: string, candidates: Map<string, string | null>, moved: Set<string>): void {
    const path: [string, string | null][] = [];
    let next: string | null = id;
    while (next !== null) {
      const candidate = candidates.get(next);
      if (candidate === undefined) {
        break;
      }
      path.push([next, candidate]);
      candidates.delete(next);
      next = candidate;
    }
    for (const [below, candidate] of path.reverse()) {
      const node = this.nodes.get(below);
      if (node !== undefined) {
        const depth = candidate === null ? 0 : (this.nodes.get(candidate)?.depth ?? 0) + 1;
        const parent = depth > limits.depth ? null : candidate;
        if (node.parent !== parent) {
          node.parent = parent;
          moved.add(below);
        }
        node.depth = parent === null ? 0 : depth;
      }
    }
  }

  private name(parent: string | null, id: string): void {
    if (parent !== null) {
      const naming = this.naming.get(parent);
      if (naming === undefined) {
        this.naming.set(parent, new Set([id]));
      } else {
        naming.add(id);
      }
    }
  }

  private unname(parent: string | null, id: string): void {
    const naming = parent === null ? undefined : this.naming.get(parent);
    if (parent !== null && naming?.delete(id) === true && naming.size === 0) {
      this.naming.delete(parent);
    }
  }
}

/** Takes the smallest id of each circle out of it. */
function cutCircles(candidates: Map<string, string | null>): void {
  const walked = new Map<string, number>();
  let walk = 0;
  for (const start of candidates.keys()) {
    walk += 1;
    let at: string | null | undefined = start;
    while (at !== null && at !== undefined && candidates.has(at) && !walked.has(at)) {
      walked.set(at, walk);
      at = candidates.get(at);
    }
    if (at !== null && at !== undefined && walked.get(at) === walk) {
      let smallest = at;
      for (let next = candidates.get(at); next !== null && next !== undefined && next !== at; next = candidates.get(next)) {
        smallest = next < smallest ? next : smallest;
      }
      candidates.set(smallest, null);
    }
  }
}

/** The objects of each group in drawing order, kept sorted: a change costs a walk over its siblings, and only when somebody asks. */

interface Member {
  readonly parent: string | null;
  readonly z: string;
}

interface Family {
  sorted: readonly string[];
  /** Came, went or changed place since `sorted` was made. */
  readonly stale: Set<string>;
}

const none: readonly string[] = [];

export class Siblings {
  private readonly members = new Map<string, Member>();
  private readonly families = new Map<string | null, Family>();

  /** Lowest first: by order key, code unit by code unit, then by id. A new list after each change. */
  of(parent: string | null): readonly string[] {
    const family = this.families.get(parent);
    if (family === undefined) {
      return none;
    }
    if (family.stale.size > 0) {
      const kept = family.sorted.filter((id) => !family.stale.has(id));
      const added = [...family.stale].filter((id) => this.members.has(id) && this.members.get(id)?.parent === parent);
      family.sorted = this.merge(kept, added.sort(this.compare));
      family.stale.clear();
      if (family.sorted.length === 0) {
        this.families.delete(parent);
      }
    }
    return family.sorted;
  }

  set(id: string, parent: string | null, z: string): void {
    const before = this.members.get(id);
    if (before === undefined || before.parent !== parent || before.z !== z) {
      this.members.set(id, { parent, z });
      if (before !== undefined && before.parent !== parent) {
        this.stale(before.parent, id);
      }
      this.stale(parent, id);
    }
  }

  delete(id: string): void {
    const before = this.members.get(id);
    if (before !== undefined) {
      this.members.delete(id);
      this.stale(before.parent, id);
    }
  }

  private stale(parent: string | null, id: string): void {
    const family = this.families.get(parent);
    if (family === undefined) {
      this.families.set(parent, { sorted: none, stale: new Set([id]) });
    } else {
      family.stale.add(id);
    }
  }

  private readonly compare = (a: string, b: string) => {
    const zA = this.members.get(a)?.z ?? '';
    const zB = this.members.get(b)?.z ?? '';
    return zA === zB ? (a < b ? -1 : a > b ? 1 : 0) : zA < zB ? -1 : 1;
  };

  private merge(kept: readonly string[], added: readonly string[]): readonly string[] {
    if (added.length === 0) {
      return kept;
    }
    const merged: string[] = [];
    let next = 0;
    for (const id of kept) {
      for (let other = added[next]; other !== undefined && this.compare(other, id) < 0; other = added[next]) {
        merged.push(other);
        next += 1;
      }
      merged.push(id);
    }
    for (; next < added.length; next += 1) {
      merged.push(added[next] as string);
    }
    return merged;
  }
}

/**
 * Which cards stand in the page. Up close, those in view and a strip around it, a few more per frame until all are there; from afar none but
 * those that somebody holds. No React and no DOM: cards.tsx renders what this says.
 */
import { contains, grown, overlaps } from '../scene/geometry';
import type { Scene, SceneChange } from '../scene/scene';
import type { Box } from '../types';

/** Below this zoom the picture shows everything; the two differ so that a zoom at the border does not flicker. */
export const NEAR_FROM = 0.4;
export const FAR_FROM = 0.37;
const STRIP = 250;
const PER_FRAME = 24;
/** A cover many times larger than the view holds too many cards: made anew. */
const TOO_WIDE = 5;

export class Cover {
  readonly mounted = new Set<string>();
  /** The covered part of the world; null from afar. */
  area: Box | null = null;
  near = false;
  private wanted: string[] = [];
  /** How many of the wanted are in view: they come first. */
  private missing = 0;
  private held: ReadonlySet<string> = new Set();
  private readonly listeners = new Set<() => void>();
  private version = 0;
  private order = 0;

  constructor(
    private readonly scene: Scene,
    private readonly request: () => void,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Rises with each change of `mounted`. */
  snapshot = (): number => this.version;

  /** Cards in view are still on their way. */
  get pending(): boolean {
    return this.missing > 0;
  }

  /** What is never taken away: edited, focused, dragged, selected. */
  hold(ids: ReadonlySet<string>): void {
    this.held = ids;
    let added = false;
    for (const id of ids) {
      if (!this.mounted.has(id) && this.scene.view(id)) {
        this.mounted.add(id);
        added = true;
      }
    }
    this.sweep(added);
  }

  /** Follows the camera. Looks at no object while the view stays within what is covered. */
  look(seen: Box, zoom: number): void {
    const near = zoom >= (this.near ? FAR_FROM : NEAR_FROM);
    if (!near) {
      if (this.near || this.area) {
        this.near = false;
        this.area = null;
        this.wanted = [];
        this.missing = 0;
        this.sweep(false);
      }
      return;
    }
    const { area } = this;
    if (this.near && area && contains(area, seen) && area.w * area.h < seen.w * seen.h * TOO_WIDE) {
      return;
    }
    this.near = true;
    this.area = grown(seen, STRIP / zoom);
    // What is in view comes first.
    const found = this.scene.query(this.area).filter((id) => !this.mounted.has(id));
    const first: string[] = [];
    const later: string[] = [];
    for (const id of found) {
      const box = this.scene.box(id);
      (box && overlaps(box, seen) ? first : later).push(id);
    }
    this.wanted = [...first, ...later];
    this.missing = first.length;
    this.sweep(false);
    this.mount();
  }

  change({ objects }: SceneChange): void {
    let gone = false;
    for (const id of objects) {
      const mounted = this.mounted.has(id);
      if (mounted ? this.scene.view(id) : !this.area) {
        continue;
      }
      const box = this.scene.box(id);
      if (mounted) {
        gone = this.mounted.delete(id) || gone;
      } else if (box && this.area && overlaps(box, this.area)) {
        this.wanted.unshift(id);
        this.missing++;
      }
    }
    if (this.wanted.length > 0) {
      this.request();
    }
    if (gone || this.order !== this.scene.order) {
      this.order = this.scene.order;
      this.tell();
    }
  }

  /** Once per frame: the next few cards. */
  frame(): void {
    if (this.wanted.length > 0) {
      this.mount();
    }
  }

  private mount(): void {
    // What is not in view yet can wait for quiet frames.
    let room = this.missing > 0 ? PER_FRAME : PER_FRAME / 3;
    const before = this.mounted.size;
    let taken = 0;
    while (room > 0 && taken < this.wanted.length) {
      const id = this.wanted[taken++] as string;
      if (!this.mounted.has(id) && this.scene.view(id)) {
        this.mounted.add(id);
        room--;
      }
    }
    this.wanted.splice(0, taken);
    this.missing = Math.max(0, this.missing - taken);
    if (this.mounted.size !== before) {
      this.tell();
    }
    if (this.wanted.length > 0 || before !== this.mounted.size) {
      this.request();
    }
  }

  private sweep(added: boolean): void {
    let changed = added;
    for (const id of this.mounted) {
      const box = this.held.has(id) ? undefined : this.scene.box(id);
      if (box && !(this.area && overlaps(box, this.area))) {
        this.mounted.delete(id);
        changed = true;
      }
    }
    if (changed) {
      this.tell();
    }
  }

  private tell(): void {
    this.version++;
    for (const listener of [...this.listeners]) {
      listener();
    }
  }
}

/**
 * Where everything is: world boxes of a canvas document, found by place. Plain TypeScript: it knows no React, no Yjs and no screen.
 *
 * Boxes without drafts are in an R-tree. A draft (a drag that is not dropped yet) only shifts what is read, so a drag of thousands of
 * objects re-indexes nothing. What changed is gathered and told once per frame. Nothing here walks all objects because the camera moved.
 */
import RBush from 'rbush';
import type { Box, CanvasDocument, DocumentChange, ObjectView, Point, Side } from '../types';
import { type Curve, curve, distance } from './connectors';
import { area, boxOf, type Entry, entry } from './entry';
import { around, grown, holds, moved, overlaps, sameBox } from './geometry';
import { type JobDependency, Links, type SceneLink } from './links';

export type { JobDependency, SceneLink } from './links';

/** A drag or a resize that is not in the document yet. Those inside a shifted group come along; those in a resized one stay. */
export type Draft =
  | { readonly ids: readonly string[]; readonly dx: number; readonly dy: number }
  | { readonly boxes: ReadonlyMap<string, Box> };

/** A connector one end of which is being moved: where that end is now. */
export interface LinkDraft {
  readonly id: string;
  readonly end: 'from' | 'to';
  readonly box: Box;
  readonly side: Side;
}

export interface SceneObject {
  readonly view: ObjectView;
  readonly box: Box;
  /** Being dragged or resized by somebody. */
  readonly drafted: boolean;
}

export interface SceneChange {
  readonly objects: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/** What the drawing order depends on. */
const placing = ({ parent, z, type }: ObjectView): string => `${parent ?? ''} ${type === 'group'} ${z}`;

interface Laid {
  readonly draft: Draft;
  /** The drafted and, for a shift, all inside them. */
  readonly all: ReadonlySet<string>;
  /** Goes with the next notice of the document about one of these. */
  ends: boolean;
}

const sameIds = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((id, at) => id === b[at]));

/** Whose draft is this person's own. */
export const OWN = 'own';

export type Schedule = (run: () => void) => void;

const nextFrame: Schedule = (run) => {
  requestAnimationFrame(run);
};

export class Scene {
  /** For the guards in the tests: how many objects were looked at. */
  readonly counts = { reads: 0, indexed: 0 };
  /** Rises when the drawing order changed. */
  order = 0;

  private readonly tree = new RBush<Entry>();
  private readonly entries = new Map<string, Entry>();
  private readonly links: Links;
  private readonly cards = new Map<string, Set<string>>();
  private readonly cardOf = new Map<string, string>();
  private readonly drafts = new Map<string, Laid>();
  private readonly snapshots = new Map<string, SceneObject>();
  private readonly listeners = new Set<(change: SceneChange) => void>();
  private readonly watchers = new Map<string, Set<() => void>>();
  private dependencies: readonly JobDependency[] = [];
  private moving: LinkDraft | null = null;
  private ranked = false;
  private readonly placings = new Map<string, string>();
  private changedObjects = new Set<string>();
  private changedLinks = new Set<string>();
  private waiting = false;
  private readonly unsubscribe: () => void;

  constructor(
    readonly document: CanvasDocument,
    private readonly schedule: Schedule = nextFrame,
  ) {
    for (const view of document.objects.values()) {
      this.entries.set(view.id, entry(view.id, this.read(view)));
      this.placings.set(view.id, placing(view));
      this.noteCard(view.id, view.job);
    }
    this.tree.load([...this.entries.values()]);
    this.links = new Links(document, (id) => this.rest(id));
    this.unsubscribe = document.subscribe((change) => this.take(change));
  }

  destroy(): void {
    this.unsubscribe();
    this.listeners.clear();
    this.watchers.clear();
  }

  /** How many objects there are. */
  get size(): number {
    return this.entries.size;
  }

  view(id: string): ObjectView | undefined {
    return this.document.objects.get(id);
  }

  /** The world box, drafts included; undefined when there is no such object. */
  box(id: string): Box | undefined {
    this.counts.reads++;
    const placed = this.entries.get(id);
    return placed && this.drafted(id, boxOf(placed));
  }

  /** The world box as it is in the document. */
  rest(id: string): Box | undefined {
    const placed = this.entries.get(id);
    return placed && boxOf(placed);
  }

  /** The same value until the object changes. */
  object(id: string): SceneObject | undefined {
    const known = this.snapshots.get(id);
    if (known) {
      return known;
    }
    const view = this.view(id);
    const box = this.box(id);
    if (!view || !box) {
      return undefined;
    }
    const made = { view, box, drafted: this.isDrafted(id) };
    this.snapshots.set(id, made);
    return made;
  }

  isDrafted(id: string): boolean {
    for (const laid of this.drafts.values()) {
      if (laid.all.has(id)) {
        return true;
      }
    }
    return false;
  }

  /** The smallest box around everything; null when the canvas is empty. */
  extent(): Box | null {
    if (this.entries.size === 0) {
      return null;
    }
    const root = this.tree.toJSON() as unknown as Entry;
    const indexed = boxOf(root);
    const shifted = around([...this.draftedIds()].flatMap((id) => this.box(id) ?? []));
    return shifted ? around([indexed, shifted]) : indexed;
  }

  /** Ids of what overlaps the box, in drawing order. */
  query(box: Box): string[] {
    this.rankAll();
    const found = this.found(box);
    this.counts.reads += found.length;
    return found.sort((a, b) => a.rank - b.rank).map(({ id }) => id);
  }

  /** The topmost object at the point; `skip` is not seen. */
  hit(point: Point, skip?: (id: string) => boolean): string | null {
    const at = { ...point, w: 0, h: 0 };
    const found = this.found(at);
    this.counts.reads += found.length;
    let best: string | null = null;
    for (const { id } of found) {
      const box = this.box(id);
      if (box && holds(box, point) && !skip?.(id) && (best === null || this.rank(id) > this.rank(best))) {
        best = id;
      }
    }
    return best;
  }

  /** Ids of connectors whose curve may be in the box, those between jobs too. */
  queryLinks(box: Box): string[] {
    const found = this.links.query(box);
    const live = this.draftedLinks();
    if (live.size === 0) {
      return found;
    }
    return [
      ...found.filter((id) => !live.has(id)),
      ...[...live].filter((id) => {
        const shape = this.curve(id);
        return shape && overlaps(grown(shape.box, 1), box);
      }),
    ];
  }

  /** The connector nearest to the point within `reach` world units. */
  hitLink(point: Point, reach: number): string | null {
    let best: string | null = null;
    let least = reach;
    for (const id of this.queryLinks({ x: point.x - reach, y: point.y - reach, w: 2 * reach, h: 2 * reach })) {
      const shape = this.curve(id);
      const away = shape ? distance(shape, point) : Infinity;
      if (away <= least) {
        least = away;
        best = id;
      }
    }
    return best;
  }

  link(id: string): SceneLink | undefined {
    return this.links.get(id);
  }

  curve(id: string): Curve | undefined {
    const view = this.link(id)?.view;
    const from = view && this.box(view.from.object);
    const to = view && this.box(view.to.object);
    if (!from || !to) {
      return undefined;
    }
    const { moving } = this;
    if (moving?.id === id) {
      return moving.end === 'from'
        ? curve(moving.box, moving.side, to, view.to.side)
        : curve(from, view.from.side, moving.box, moving.side);
    }
    return curve(from, view.from.side, to, view.to.side);
  }

  /** Draws a connector with one end elsewhere; null when that is over. */
  setLinkDraft(draft: LinkDraft | null): void {
    for (const one of [this.moving, draft]) {
      if (one) {
        this.changedLinks.add(one.id);
      }
    }
    this.moving = draft;
    this.ask();
  }

  /** Connectors that begin or end at the object. */
  linksOf(id: string): ReadonlySet<string> {
    return this.links.at(id);
  }

  /** Cards of the job on this canvas. */
  cardsOf(job: string): ReadonlySet<string> {
    return this.cards.get(job) ?? new Set();
  }

  /** The jobs that have a card here. */
  jobs(): Iterable<string> {
    return this.cards.keys();
  }

  /** The object and all inside it. */
  inside(id: string, into: Set<string> = new Set()): Set<string> {
    if (!into.has(id)) {
      into.add(id);
      for (const child of this.document.children(id)) {
        this.inside(child, into);
      }
    }
    return into;
  }

  /** Ids without those that are inside another of them. */
  roots(ids: Iterable<string>): string[] {
    const chosen = new Set(ids);
    return [...chosen].filter((id) => {
      for (let parent = this.view(id)?.parent; parent; parent = this.view(parent)?.parent) {
        if (chosen.has(parent)) {
          return false;
        }
      }
      return this.entries.has(id);
    });
  }

  /** The topmost group at the point; locked groups and those in `without` take nothing in. */
  groupAt(point: Point, without: ReadonlySet<string>): string | null {
    return this.hit(point, (id) => this.view(id)?.type !== 'group' || without.has(id) || this.view(id)?.locked === true);
  }

  /** Ids sorted in drawing order, lowest first. */
  inOrder(ids: string[]): string[] {
    this.rankAll();
    return ids
      .map((id) => ({ id, rank: this.entries.get(id)?.rank ?? -1 }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ id }) => id);
  }

  rank(id: string): number {
    this.rankAll();
    return this.entries.get(id)?.rank ?? -1;
  }

  /** The dependencies between jobs that are to be drawn where both have cards. */
  setDependencies(dependencies: readonly JobDependency[]): void {
    this.dependencies = dependencies;
    this.placeJobLinks();
    this.ask();
  }

  /** What `owner` drags or resizes; null when nothing. */
  setDraft(owner: string, draft: Draft | null): void {
    const before = this.drafts.get(owner);
    if (!draft) {
      if (before) {
        this.drafts.delete(owner);
        this.touchAll(before.all);
      }
      return;
    }
    const same = before && 'ids' in before.draft && 'ids' in draft && sameIds(before.draft.ids, draft.ids);
    if (same && before.ends && owner !== OWN) {
      // The drop is in the document already; the last of the drag comes late.
      return;
    }
    const all = same ? before.all : this.reach(draft);
    if (before && !same) {
      this.touchAll(before.all);
    }
    this.drafts.set(owner, { draft, all, ends: false });
    this.touchAll(all);
  }

  /**
   * The draft is in the document from the next notice on, and goes with it: so nothing jumps back for a frame. It goes too when there is no
   * such notice, as after a drag back to where it began.
   */
  settleDraft(owner: string): void {
    const laid = this.drafts.get(owner);
    if (laid) {
      laid.ends = true;
      this.schedule(() =>
        this.schedule(() => {
          if (this.drafts.get(owner) === laid) {
            this.setDraft(owner, null);
          }
        }),
      );
    }
  }

  subscribe(listener: (change: SceneChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  subscribeObject(id: string, listener: () => void): () => void {
    const watching = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, watching.add(listener));
    return () => {
      watching.delete(listener);
      if (watching.size === 0 && this.watchers.get(id) === watching) {
        this.watchers.delete(id);
      }
    };
  }

  /** Tells what changed now. Runs by itself once per frame. */
  flush(): void {
    this.waiting = false;
    const change = { objects: this.changedObjects, links: this.changedLinks };
    if (change.objects.size + change.links.size === 0) {
      return;
    }
    this.changedObjects = new Set();
    this.changedLinks = new Set();
    if (this.watchers.size > 0) {
      for (const id of change.objects) {
        for (const listener of [...(this.watchers.get(id) ?? [])]) {
          listener();
        }
      }
    }
    for (const listener of [...this.listeners]) {
      listener(change);
    }
  }

  private read(view: ObjectView): Box {
    this.counts.reads++;
    let { x, y } = view;
    for (
      let parent = view.parent ? this.view(view.parent) : undefined;
      parent;
      parent = parent.parent ? this.view(parent.parent) : undefined
    ) {
      x += parent.x;
      y += parent.y;
    }
    return { x, y, w: view.w, h: view.h };
  }

  /** Whose draft counts for the object: one's own, else the first of the others. */
  private laidOn(id: string): Laid | undefined {
    const own = this.drafts.get(OWN);
    if (own?.all.has(id)) {
      return own;
    }
    for (const laid of this.drafts.values()) {
      if (laid.all.has(id)) {
        return laid;
      }
    }
    return undefined;
  }

  private drafted(id: string, box: Box): Box {
    const laid = this.drafts.size === 0 ? undefined : this.laidOn(id);
    if (!laid) {
      return box;
    }
    return 'ids' in laid.draft ? moved(box, laid.draft.dx, laid.draft.dy) : (laid.draft.boxes.get(id) ?? box);
  }

  private draftedIds(): Set<string> {
    const all = new Set<string>();
    for (const laid of this.drafts.values()) {
      for (const id of laid.all) {
        all.add(id);
      }
    }
    return all;
  }

  private draftedLinks(): Set<string> {
    const all = new Set<string>(this.moving ? [this.moving.id] : []);
    for (const id of this.drafts.size > 0 ? this.draftedIds() : []) {
      for (const link of this.links.at(id)) {
        all.add(link);
      }
    }
    return all;
  }

  /** What overlaps the box. What is shifted by a drag is found where it was, with the box shifted the other way. */
  private found(box: Box): Entry[] {
    const still = this.tree.search(area(box));
    if (this.drafts.size === 0) {
      return still;
    }
    const all = still.filter(({ id }) => !this.laidOn(id));
    for (const laid of this.drafts.values()) {
      const { draft } = laid;
      if ('ids' in draft) {
        for (const one of laid.all.size === 0 ? [] : this.tree.search(area(moved(box, -draft.dx, -draft.dy)))) {
          if (this.laidOn(one.id) === laid) {
            all.push(one);
          }
        }
      } else {
        for (const [id, at] of draft.boxes) {
          const one = this.entries.get(id);
          if (one && this.laidOn(id) === laid && overlaps(at, box)) {
            all.push(one);
          }
        }
      }
    }
    return all;
  }

  private reach(draft: Draft): Set<string> {
    const all = new Set<string>();
    if ('boxes' in draft) {
      return new Set(draft.boxes.keys());
    }
    for (const id of draft.ids) {
      this.inside(id, all);
    }
    return all;
  }

  private rankAll(): void {
    if (this.ranked) {
      return;
    }
    this.ranked = true;
    // Groups lie below all cards: connectors are drawn between the two.
    const above = this.entries.size;
    let next = 0;
    const seen = new Set<string>();
    const walk = (parent: string | null) => {
      for (const id of this.document.children(parent)) {
        const placed = this.entries.get(id);
        if (placed && !seen.has(id)) {
          seen.add(id);
          placed.rank = next++ + (this.view(id)?.type === 'group' ? 0 : above);
          walk(id);
        }
      }
    };
    walk(null);
  }

  private take(change: DocumentChange): void {
    for (const [owner, laid] of this.drafts) {
      const concerned = 'ids' in laid.draft ? laid.draft.ids : [...laid.draft.boxes.keys()];
      if ((laid.ends || owner !== OWN) && concerned.some((id) => change.objects.has(id))) {
        this.endDraft(owner, laid);
      }
    }
    let cardsChanged = false;
    for (const id of change.objects) {
      const view = this.view(id);
      cardsChanged = this.noteCard(id, view?.job ?? null) || cardsChanged;
      this.place(id, view);
      this.notePlacing(id, view);
    }
    for (const id of change.links) {
      this.links.change(id, this.document.links.get(id));
      this.changedLinks.add(id);
    }
    if (cardsChanged) {
      this.placeJobLinks();
    }
    // The document tells once per frame already.
    this.flush();
  }

  private endDraft(owner: string, laid: Laid): void {
    this.touchAll(laid.all);
    if (owner === OWN) {
      this.drafts.delete(owner);
    } else {
      // Kept, with nothing in it, until its owner says the drag is over.
      this.drafts.set(owner, { draft: laid.draft, all: new Set(), ends: true });
    }
  }

  private place(id: string, view: ObjectView | undefined): void {
    const before = this.entries.get(id);
    this.touch(id);
    if (!view) {
      if (before) {
        this.tree.remove(before);
        this.entries.delete(id);
      }
      return;
    }
    const box = this.read(view);
    if (before && sameBox(boxOf(before), box)) {
      return;
    }
    if (before) {
      this.tree.remove(before);
    }
    const next = entry(id, box);
    next.rank = before?.rank ?? -1;
    this.entries.set(id, next);
    this.tree.insert(next);
    this.counts.indexed++;
    if (!before || before.minX !== next.minX || before.minY !== next.minY) {
      for (const child of this.document.children(id)) {
        this.place(child, this.view(child));
      }
    }
    for (const link of this.links.at(id)) {
      this.links.place(link);
      this.changedLinks.add(link);
    }
  }

  private notePlacing(id: string, view: ObjectView | undefined): void {
    const now = view && placing(view);
    if (this.placings.get(id) !== now) {
      this.ranked = false;
      this.order++;
      if (now === undefined) {
        this.placings.delete(id);
      } else {
        this.placings.set(id, now);
      }
    }
  }

  /** Keeps job → cards; true when that changed. */
  private noteCard(id: string, job: string | null): boolean {
    const before = this.cardOf.get(id) ?? null;
    if (before === job) {
      return false;
    }
    if (before !== null) {
      this.cardOf.delete(id);
      const rest = this.cards.get(before);
      rest?.delete(id);
      if (rest?.size === 0) {
        this.cards.delete(before);
      }
    }
    if (job !== null) {
      this.cardOf.set(id, job);
      this.cards.set(job, (this.cards.get(job) ?? new Set()).add(id));
    }
    return true;
  }

  private placeJobLinks(): void {
    for (const id of this.links.setJobs(this.dependencies, (job) => this.cardsOf(job))) {
      this.changedLinks.add(id);
    }
  }

  private touch(id: string): void {
    this.snapshots.delete(id);
    this.changedObjects.add(id);
    for (const link of this.links.at(id)) {
      this.changedLinks.add(link);
    }
  }

  private touchAll(ids: Iterable<string>): void {
    for (const id of ids) {
      this.touch(id);
    }
    this.ask();
  }

  private ask(): void {
    if (!this.waiting) {
      this.waiting = true;
      this.schedule(() => this.flush());
    }
  }
}

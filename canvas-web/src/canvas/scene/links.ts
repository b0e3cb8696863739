/** The connectors of a scene: those of the document, and dependencies between jobs, found by place and by object. */
import RBush from 'rbush';
import type { Box, CanvasDocument, LinkView } from '../types';
import { curve } from './connectors';
import { area, type Entry, entry } from './entry';
import { grown } from './geometry';

/** A dependency between two jobs, drawn between their cards. It is the jobs' own and not in the document. */
export interface JobDependency {
  readonly first: string;
  readonly waits: string;
}

export interface SceneLink {
  readonly view: LinkView;
  /** Of two jobs, and not in the document. */
  readonly jobs: JobDependency | null;
}

const nothing: ReadonlySet<string> = new Set();

export class Links {
  private readonly tree = new RBush<Entry>();
  private readonly entries = new Map<string, Entry>();
  private readonly byObject = new Map<string, Set<string>>();
  private readonly ends = new Map<string, readonly [string, string]>();
  private readonly ofJobs = new Map<string, SceneLink>();

  constructor(
    private readonly document: CanvasDocument,
    /** The world box of an object, without drafts. */
    private readonly rest: (id: string) => Box | undefined,
  ) {
    for (const link of document.links.values()) {
      this.note(link.id, link);
      const made = this.entryOf(link);
      if (made) {
        this.entries.set(link.id, made);
      }
    }
    this.tree.load([...this.entries.values()]);
  }

  get(id: string): SceneLink | undefined {
    const view = this.document.links.get(id);
    return view ? { view, jobs: null } : this.ofJobs.get(id);
  }

  /** Ids of connectors that begin or end at the object. */
  at(object: string): ReadonlySet<string> {
    return this.byObject.get(object) ?? nothing;
  }

  /** Ids of connectors whose curve may be in the box, as it is without drafts. */
  query(box: Box): string[] {
    return this.tree.search(area(box)).map(({ id }) => id);
  }

  /** The connector came, is another, or is gone. */
  change(id: string, link: LinkView | undefined): void {
    this.note(id, link);
    this.place(id);
  }

  /** An end of the connector has moved. */
  place(id: string): void {
    const before = this.entries.get(id);
    if (before) {
      this.tree.remove(before);
      this.entries.delete(id);
    }
    const link = this.get(id)?.view;
    const next = link && this.entryOf(link);
    if (next) {
      this.entries.set(id, next);
      this.tree.insert(next);
    }
  }

  /** Draws dependencies between the cards there are; answers the connectors that came or went. */
  setJobs(dependencies: readonly JobDependency[], cardsOf: (job: string) => ReadonlySet<string>): ReadonlySet<string> {
    const touched = new Set(this.ofJobs.keys());
    for (const id of touched) {
      this.ofJobs.delete(id);
      this.change(id, undefined);
    }
    for (const jobs of dependencies) {
      for (const from of cardsOf(jobs.first)) {
        for (const to of cardsOf(jobs.waits)) {
          const id = `jobs:${from}:${to}`;
          const ends = { from: { object: from, side: 'auto' }, to: { object: to, side: 'auto' } } as const;
          const view: LinkView = { id, ...ends, kind: 'dep', color: 'blue', text: '' };
          this.ofJobs.set(id, { view, jobs });
          this.change(id, view);
          touched.add(id);
        }
      }
    }
    return touched;
  }

  private note(id: string, link: LinkView | undefined): void {
    for (const end of this.ends.get(id) ?? []) {
      this.byObject.get(end)?.delete(id);
    }
    if (!link) {
      this.ends.delete(id);
      return;
    }
    const ends = [link.from.object, link.to.object] as const;
    this.ends.set(id, ends);
    for (const end of ends) {
      this.byObject.set(end, (this.byObject.get(end) ?? new Set()).add(id));
    }
  }

  private entryOf(link: LinkView): Entry | undefined {
    const from = this.rest(link.from.object);
    const to = this.rest(link.to.object);
    return from && to && entry(link.id, grown(curve(from, link.from.side, to, link.to.side).box, 1));
  }
}

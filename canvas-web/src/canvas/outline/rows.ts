/** A canvas as a list of rows: groups, what is in them, and the connectors of each object. Plain functions. */
import { commands, type OpenDocument } from '../document';
import type { JobDependency } from '../scene/scene';
import type { CanvasDocument, LinkKind, ObjectView } from '../types';

/** What a connector says about the object under which it is listed. */
export interface LinkRow {
  /** The object at its other end. */
  readonly other: string;
  readonly kind: LinkKind;
  /** Whether it begins here; of a dependency: whether this is what comes first. */
  readonly begins: boolean;
  /** The connector in the document. */
  readonly link: string | null;
  /** Of two jobs, and not in the document. */
  readonly jobs: JobDependency | null;
}

export interface Row {
  /** Unique in the list. */
  readonly key: string;
  /** The object, or the one whose connector this is. */
  readonly id: string;
  readonly link: LinkRow | null;
  readonly level: number;
  /** Place among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
  readonly parent: string | null;
  readonly opens: boolean;
  readonly open: boolean;
}

/** Dependencies between jobs as pairs of cards on this canvas. */
export type CardLinks = ReadonlyMap<string, readonly LinkRow[]>;

export function cardLinks(document: OpenDocument, dependencies: readonly JobDependency[]): CardLinks {
  const cards = new Map<string, string[]>();
  for (const { id, job } of document.objects.values()) {
    if (job !== null) {
      cards.set(job, [...(cards.get(job) ?? []), id]);
    }
  }
  const found = new Map<string, LinkRow[]>();
  const add = (card: string, row: LinkRow) => found.set(card, [...(found.get(card) ?? []), row]);
  for (const jobs of dependencies) {
    for (const first of cards.get(jobs.first) ?? []) {
      for (const waits of cards.get(jobs.waits) ?? []) {
        add(first, { other: waits, kind: 'dep', begins: true, link: null, jobs });
        add(waits, { other: first, kind: 'dep', begins: false, link: null, jobs });
      }
    }
  }
  return found;
}

/** All connectors of an object: planned and drawn ones, then those of its job. */
export function linksOf(document: OpenDocument, id: string, ofJobs: CardLinks): readonly LinkRow[] {
  const drawn = document.linksAt(id).flatMap((link): LinkRow[] => {
    const view = document.links.get(link);
    if (view === undefined) {
      return [];
    }
    const begins = view.from.object === id;
    return [{ other: (begins ? view.to : view.from).object, kind: view.kind, begins, link, jobs: null }];
  });
  return [...drawn, ...(ofJobs.get(id) ?? [])];
}

export interface Listing {
  /** Rows whose state is not the usual one: groups are open, connectors are folded away. */
  readonly toggled: ReadonlySet<string>;
  readonly ofJobs: CardLinks;
}

/** The rows that are to be seen, in reading order. */
export function rowsOf(document: OpenDocument, { toggled, ofJobs }: Listing): readonly Row[] {
  const rows: Row[] = [];
  const visit = (parent: string | null, parentKey: string | null, level: number) => {
    const family = inReadingOrder(document, parent);
    const links = parent === null ? [] : linksOf(document, parent, ofJobs);
    const siblings = family.length + links.length;
    family.forEach((id, place) => {
      const opens = document.children(id).length > 0 || document.linksAt(id).length > 0 || ofJobs.has(id);
      const open = opens && isOpen(document, id, toggled);
      rows.push({ key: id, id, link: null, level, position: place + 1, siblings, parent: parentKey, opens, open });
      if (open) {
        visit(id, id, level + 1);
      }
    });
    links.forEach((link, place) => {
      const key = `${parent}/${link.link ?? `${link.begins ? 'to' : 'from'}-${link.other}`}`;
      const position = family.length + place + 1;
      rows.push({ key, id: parent as string, link, level, position, siblings, parent: parentKey, opens: false, open: false });
    });
  };
  visit(null, null, 1);
  return rows;
}

export const isOpen = (document: OpenDocument, id: string, toggled: ReadonlySet<string>): boolean =>
  toggled.has(id) !== document.children(id).length > 0;

/** Found objects as a flat list. */
export const flatRows = (ids: readonly string[]): readonly Row[] =>
  ids.map((id, place) => ({
    key: id,
    id,
    link: null,
    level: 1,
    position: place + 1,
    siblings: ids.length,
    parent: null,
    opens: false,
    open: false,
  }));

export function inReadingOrder(document: CanvasDocument, parent: string | null): readonly string[] {
  const views = document.children(parent).map((id) => document.objects.get(id) as ObjectView);
  return commands.readingOrder(views.map((view) => ({ view, box: view }))).map(({ view }) => view.id);
}

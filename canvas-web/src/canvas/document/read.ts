/**
 * A canvas document as everybody sees it: the one place that listens to Yjs. What changed is read at the end of each transaction, so that a
 * command finds what the one before it did; listeners are told once per frame.
 */
import type * as Y from 'yjs';
import { schema } from '../schema.gen';
import type { CanvasDocument, DocumentChange, LinkView, ObjectView } from '../types';
import { asMap, asText, isId, keys, type Raw, readLink, readObject, roots } from './heal';
import { Siblings } from './siblings';
import { Tree } from './tree';

export interface OpenDocument extends CanvasDocument {
  /** Connectors at an object. */
  linksAt(object: string): readonly string[];
  /** Stops listening. */
  destroy(): void;
}

/** Runs a notice later. */
export type Schedule = (run: () => void) => void;

const nextFrame: Schedule = (run) => {
  if (typeof requestAnimationFrame !== 'function') {
    queueMicrotask(run);
  } else if (document.visibilityState === 'hidden') {
    // A hidden page has no frames; what waits for a change should not wait until somebody looks.
    setTimeout(run, 100);
  } else {
    requestAnimationFrame(run);
  }
};

/** Whether the document was made by a later version of this program, which may mean things by it that we would break. */
export function isNewer(doc: Y.Doc): boolean {
  const version = doc.getMap(roots.meta).get(schema.schemaKey);
  return typeof version === 'number' && version > schema.version;
}

export function openDocument(doc: Y.Doc, schedule: Schedule = nextFrame): OpenDocument {
  return new Reader(doc, schedule);
}

class Reader implements OpenDocument {
  readonly objects = new Map<string, ObjectView>();
  readonly links = new Map<string, LinkView>();
  private readonly raw = new Map<string, Raw>();
  private readonly tree = new Tree();
  private readonly siblings = new Siblings();
  /** Connectors that can be read, whether or not their ends are there. */
  private readonly rawLinks = new Map<string, LinkView>();
  private readonly linksByObject = new Map<string, Set<string>>();
  private readonly listeners = new Set<(change: DocumentChange) => void>();

  private touchedObjects = new Set<string>();
  private touchedLinks = new Set<string>();
  private changedObjects = new Set<string>();
  private changedLinks = new Set<string>();
  private scheduled = false;
  private destroyed = false;

  constructor(
    readonly doc: Y.Doc,
    private readonly schedule: Schedule,
  ) {
    const objects = doc.getMap(roots.objects);
    const links = doc.getMap(roots.links);
    this.touchedObjects = new Set(objects.keys());
    this.touchedLinks = new Set(links.keys());
    this.refresh();
    this.changedObjects.clear();
    this.changedLinks.clear();
    objects.observeDeep(this.onObjects);
    links.observeDeep(this.onLinks);
    doc.on('afterTransaction', this.refresh);
  }

  destroy(): void {
    this.destroyed = true;
    this.doc.getMap(roots.objects).unobserveDeep(this.onObjects);
    this.doc.getMap(roots.links).unobserveDeep(this.onLinks);
    this.doc.off('afterTransaction', this.refresh);
    this.listeners.clear();
  }

  children(parent: string | null): readonly string[] {
    return this.siblings.of(parent);
  }

  linksAt(object: string): readonly string[] {
    return [...(this.linksByObject.get(object) ?? [])].filter((id) => this.links.has(id));
  }

  subscribe(listener: (change: DocumentChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Of an object, or of a connector's label. */
  text(id: string): Y.Text | undefined {
    const entry = this.doc.getMap(roots.objects).get(id) ?? this.doc.getMap(roots.links).get(id);
    return asText(asMap(entry)?.get(keys.text));
  }

  private readonly onObjects = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => touch(events, this.touchedObjects);
  private readonly onLinks = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => touch(events, this.touchedLinks);

  private readonly refresh = () => {
    if (this.touchedObjects.size === 0 && this.touchedLinks.size === 0) {
      return;
    }
    const { touchedObjects, touchedLinks } = this;
    this.touchedObjects = new Set();
    this.touchedLinks = new Set();

    const objects = this.doc.getMap(roots.objects);
    for (const id of touchedObjects) {
      const raw = isId(id) ? readObject(objects.get(id)) : undefined;
      if (raw === undefined) {
        this.raw.delete(id);
        this.tree.delete(id);
      } else {
        this.raw.set(id, raw);
        this.tree.set(id, raw.named, raw.type === 'group');
      }
    }
    for (const id of this.tree.settle()) {
      touchedObjects.add(id);
    }
    for (const id of touchedObjects) {
      if (this.show(id)) {
        for (const link of this.linksByObject.get(id) ?? []) {
          touchedLinks.add(link);
        }
      }
    }

    const links = this.doc.getMap(roots.links);
    for (const id of touchedLinks) {
      this.keepLink(id, isId(id) ? readLink(id, links.get(id)) : undefined);
      this.showLink(id);
    }
    this.notify();
  };

  /** Brings the view of an object up to date; answers whether it came or went. */
  private show(id: string): boolean {
    const before = this.objects.get(id);
    const raw = this.raw.get(id);
    if (raw === undefined) {
      if (before === undefined) {
        return false;
      }
      this.objects.delete(id);
      this.siblings.delete(id);
      this.changedObjects.add(id);
      return true;
    }
    const { named: _, ...own } = raw;
    const view: ObjectView = { id, parent: this.tree.parent(id), ...own };
    if (before === undefined || !sameObject(before, view)) {
      this.objects.set(id, view);
      this.siblings.set(id, view.parent, view.z);
      this.changedObjects.add(id);
    }
    return before === undefined;
  }

  private keepLink(id: string, link: LinkView | undefined): void {
    const before = this.rawLinks.get(id);
    for (const object of before === undefined ? [] : [before.from.object, before.to.object]) {
      const ids = this.linksByObject.get(object);
      if (ids?.delete(id) === true && ids.size === 0) {
        this.linksByObject.delete(object);
      }
    }
    if (link === undefined) {
      this.rawLinks.delete(id);
      return;
    }
    this.rawLinks.set(id, link);
    for (const object of [link.from.object, link.to.object]) {
      const ids = this.linksByObject.get(object);
      if (ids === undefined) {
        this.linksByObject.set(object, new Set([id]));
      } else {
        ids.add(id);
      }
    }
  }

  private showLink(id: string): void {
    const before = this.links.get(id);
    const raw = this.rawLinks.get(id);
    if (raw === undefined || !this.objects.has(raw.from.object) || !this.objects.has(raw.to.object)) {
      if (this.links.delete(id)) {
        this.changedLinks.add(id);
      }
    } else if (before === undefined || !sameLink(before, raw)) {
      this.links.set(id, raw);
      this.changedLinks.add(id);
    }
  }

  private notify(): void {
    if (this.scheduled || (this.changedObjects.size === 0 && this.changedLinks.size === 0)) {
      return;
    }
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      const change = { objects: this.changedObjects, links: this.changedLinks };
      this.changedObjects = new Set();
      this.changedLinks = new Set();
      if (!this.destroyed) {
        for (const listener of [...this.listeners]) {
          listener(change);
        }
      }
    });
  }
}

/** Notes the entries of a root that events are about. */
function touch(events: Y.YEvent<Y.AbstractType<unknown>>[], touched: Set<string>): void {
  for (const event of events) {
    if (event.target === event.currentTarget) {
      for (const id of event.keys.keys()) {
        touched.add(id);
      }
    } else {
      touched.add(String(event.path[0]));
    }
  }
}

function sameObject(a: ObjectView, b: ObjectView): boolean {
  return (
    a.x === b.x &&
    a.y === b.y &&
    a.parent === b.parent &&
    a.w === b.w &&
    a.h === b.h &&
    a.z === b.z &&
    a.text === b.text &&
    a.color === b.color &&
    a.type === b.type &&
    a.locked === b.locked &&
    a.by === b.by &&
    a.ts === b.ts &&
    a.job === b.job &&
    a.url === b.url &&
    a.file === b.file &&
    a.folder === b.folder
  );
}

function sameLink(a: LinkView, b: LinkView): boolean {
  return (
    a.from.object === b.from.object &&
    a.from.side === b.from.side &&
    a.to.object === b.to.object &&
    a.to.side === b.to.side &&
    a.kind === b.kind &&
    a.color === b.color &&
    a.text === b.text
  );
}

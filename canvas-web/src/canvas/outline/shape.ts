/** Follows a document for the outline: rows are listed anew only when something moved, came or went; a text is its own row's matter. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { OpenDocument } from '../document';
import type { ObjectView } from '../types';

/** From so many objects on, listing them takes a while, and is done a few times a second at most. */
const many = 1000;
const pause = 200;

export class Shape {
  private known: ReadonlyMap<string, ObjectView>;
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly stop: () => void;

  constructor(private readonly document: OpenDocument) {
    this.known = new Map(document.objects);
    this.stop = document.subscribe(({ objects, links }) => {
      let moved = links.size > 0;
      const known = this.known as Map<string, ObjectView>;
      for (const id of objects) {
        const now = document.objects.get(id);
        moved ||= !alike(known.get(id), now);
        if (now === undefined) {
          known.delete(id);
        } else {
          known.set(id, now);
        }
      }
      for (const id of [...objects, ...links]) {
        for (const watcher of [...(this.watchers.get(id) ?? [])]) {
          watcher();
        }
      }
      if (moved) {
        this.list();
      }
    });
  }

  destroy(): void {
    this.stop();
    clearTimeout(this.timer);
  }

  /** Another number whenever the rows may be others. */
  readonly version = (): number => this.count;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  watch(id: string, watcher: () => void): () => void {
    const there = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, there.add(watcher));
    return () => {
      there.delete(watcher);
      if (there.size === 0) {
        this.watchers.delete(id);
      }
    };
  }

  private list(): void {
    const tell = () => {
      this.timer = undefined;
      this.count += 1;
      for (const listener of [...this.listeners]) {
        listener();
      }
    };
    if (this.document.objects.size < many) {
      tell();
    } else {
      this.timer ??= setTimeout(tell, pause);
    }
  }
}

function alike(a: ObjectView | undefined, b: ObjectView | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.parent === b.parent &&
      a.x === b.x &&
      a.y === b.y &&
      a.h === b.h &&
      a.w === b.w &&
      a.type === b.type)
  );
}

export function useShape(document: OpenDocument): { readonly shape: Shape; readonly version: number } | undefined {
  const [shape, setShape] = useState<Shape>();
  useEffect(() => {
    const made = new Shape(document);
    setShape(made);
    return () => {
      setShape(undefined);
      made.destroy();
    };
  }, [document]);
  const version = useSyncExternalStore(shape?.subscribe ?? never, shape?.version ?? zero);
  return shape && { shape, version };
}

const never = () => () => undefined;
const zero = () => 0;

/** An object as it is now; undefined when it is gone. */
export function useView(document: OpenDocument, shape: Shape, id: string): ObjectView | undefined {
  return useSyncExternalStore(
    (listener) => shape.watch(id, listener),
    () => document.objects.get(id),
  );
}

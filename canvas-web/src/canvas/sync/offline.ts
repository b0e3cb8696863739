import type { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';
import { copyName, UNSAVED } from './copies';

/** The number is written this long after it changed, at most. */
const WRITE_MS = 300;

/** Private windows and full disks have no database, or one that never answers. */
function available(): Promise<boolean> {
  if (typeof indexedDB === 'undefined') {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(copyName('', 'probe'));
      request.onsuccess = () => {
        request.result.close();
        resolve(true);
      };
      request.onerror = () => resolve(false);
      request.onblocked = () => resolve(false);
      setTimeout(() => resolve(false), 2000);
    } catch {
      resolve(false);
    }
  });
}

/**
 * The copy of a canvas in this browser, of one person. The document opens from it at once, and what is edited without a connection is
 * still there after a reload.
 */
export class LocalCopy {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private latest = 0;
  private closed = false;

  private constructor(
    private readonly store: IndexeddbPersistence,
    /** Edits that were not confirmed when the canvas was last open. */
    readonly carried: number,
  ) {
    this.latest = carried;
  }

  /** Resolves when the document holds what is kept; null when this browser keeps nothing. */
  static async open(user: string, canvas: string, doc: Y.Doc): Promise<LocalCopy | null> {
    if (!(await available())) {
      return null;
    }
    const indexeddb = await import('y-indexeddb');
    const store = new indexeddb.IndexeddbPersistence(copyName(user, canvas), doc);
    await store.whenSynced;
    const carried: unknown = await store.get(UNSAVED);
    return new LocalCopy(store, typeof carried === 'number' && carried > 0 ? Math.floor(carried) : 0);
  }

  /** Remembers how many edits wait for the server, to say so after a reload. */
  unsaved(count: number) {
    if (count !== this.latest && !this.closed) {
      this.latest = count;
      this.timer ??= setTimeout(() => this.write(), WRITE_MS);
    }
  }

  async close() {
    if (!this.closed) {
      this.write();
      this.closed = true;
      await this.store.destroy();
    }
  }

  /** Removes it from this browser. */
  async forget() {
    clearTimeout(this.timer);
    this.closed = true;
    await this.store.clearData();
  }

  private write() {
    if (this.timer !== undefined) {
      clearTimeout(this.timer);
      this.timer = undefined;
      // A count that is not kept is one that is found again, when the server says what it has.
      this.store.set(UNSAVED, this.latest).catch(() => undefined);
    }
  }
}

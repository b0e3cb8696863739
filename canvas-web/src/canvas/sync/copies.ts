/** The copies of canvases in this browser, by name. Without Yjs, so that signing out does not need it. */
const PREFIX = 'coord:';
/** Key of the number of edits that the server has not confirmed, and the store in which y-indexeddb keeps such things. */
export const UNSAVED = 'unsaved';
const CUSTOM = 'custom';

export const copyName = (user: string, canvas: string) => `${PREFIX}${user}:${canvas}`;

/** Removes all copies of a person: they sign out. */
export async function forgetCopies(user: string): Promise<void> {
  if (typeof indexedDB === 'undefined' || typeof indexedDB.databases !== 'function') {
    return;
  }
  const known = await indexedDB.databases().catch(() => []);
  for (const { name } of known) {
    if (name?.startsWith(copyName(user, ''))) {
      indexedDB.deleteDatabase(name);
    }
  }
}

/** Removes the copies of a person whose session ended, but for those with edits that the server does not have: signing in sends them. */
export async function forgetSavedCopies(user: string): Promise<void> {
  if (unsavedEdits() > 0 || typeof indexedDB === 'undefined' || typeof indexedDB.databases !== 'function') {
    return;
  }
  const known = await indexedDB.databases().catch(() => []);
  for (const { name } of known) {
    if (name?.startsWith(copyName(user, '')) && !(await holdsUnsaved(name))) {
      indexedDB.deleteDatabase(name);
    }
  }
}

/** Whether edits in a copy wait for the server; yes when that cannot be read. */
function holdsUnsaved(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name);
    request.onerror = () => resolve(true);
    request.onsuccess = () => {
      const base = request.result;
      const end = (holds: boolean) => {
        base.close();
        resolve(holds);
      };
      try {
        const asked = base.transaction(CUSTOM).objectStore(CUSTOM).get(UNSAVED);
        asked.onsuccess = () => end(typeof asked.result === 'number' && asked.result > 0);
        asked.onerror = () => end(true);
      } catch {
        end(true);
      }
    };
  });
}

/** So many copies are asked about at one start; the others at the next. */
const MOST_ASKED = 20;

/** Removes the copies of a person whose canvases were deleted, or closed to them, while they were away. `isGone` asks the server. */
export async function forgetGoneCopies(user: string, isGone: (canvas: string) => Promise<boolean>): Promise<void> {
  if (typeof indexedDB === 'undefined' || typeof indexedDB.databases !== 'function') {
    return;
  }
  const known = await indexedDB.databases().catch(() => []);
  const prefix = copyName(user, '');
  const canvases = known.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  for (const canvas of canvases.filter((id) => id !== 'probe').slice(0, MOST_ASKED)) {
    if (await isGone(canvas)) {
      forgetCopy(user, canvas);
    }
  }
}

/** Removes the copy of one canvas: it was deleted, or is open no more. */
export function forgetCopy(user: string, canvas: string) {
  if (typeof indexedDB !== 'undefined') {
    indexedDB.deleteDatabase(copyName(user, canvas));
  }
}

/** Edits on the open canvas that the server has not confirmed. */
let waiting = 0;
export const unsavedEdits = (): number => waiting;
export const noteUnsaved = (count: number) => {
  waiting = count;
};

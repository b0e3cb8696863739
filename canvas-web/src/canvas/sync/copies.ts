/** The copies of canvases in this browser, by name. Without Yjs, so that signing out does not need it. */
const PREFIX = 'coord:';

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

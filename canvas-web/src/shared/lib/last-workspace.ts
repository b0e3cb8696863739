const STORAGE_KEY = 'coord.workspace';

/** The workspace opened last in this browser, if it may be remembered. */
export function lastWorkspace(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

export function rememberWorkspace(slug: string) {
  try {
    localStorage.setItem(STORAGE_KEY, slug);
  } catch {
    // Without storage the first workspace opens next time.
  }
}

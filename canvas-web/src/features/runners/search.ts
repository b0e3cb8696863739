export interface RunnersSearch {
  /** Everybody's; one's own without. */
  whose?: 'all';
  /** The runner beside the list. */
  runner?: string;
}

export const parseRunners = (search: Record<string, unknown>): RunnersSearch => ({
  whose: search.whose === 'all' ? 'all' : undefined,
  runner: typeof search.runner === 'string' ? search.runner : undefined,
});

import type { SearchKind } from '@/api/types';

/** What the search page looks for, as it stands in the address. */
export interface SearchQuery {
  q?: string;
  kind?: SearchKind;
}

export const kinds: readonly SearchKind[] = ['job', 'note', 'file', 'log'];

export function parseSearch(search: Record<string, unknown>): SearchQuery {
  // The router reads `?q=12` as a number.
  const q = typeof search.q === 'string' ? search.q : typeof search.q === 'number' ? String(search.q) : '';
  return { q: q.trim() === '' ? undefined : q, kind: kinds.find((kind) => kind === search.kind) };
}

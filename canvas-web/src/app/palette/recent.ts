/** What was looked at last in a workspace, kept in this browser. */
export interface Visit {
  readonly kind: 'job' | 'canvas';
  /** Number of the job, id of the canvas. */
  readonly id: string;
}

const MOST = 6;
const keyOf = (ws: string) => `coord.recent.${ws}`;

export function recent(ws: string): Visit[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(ws)) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isVisit).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

const isVisit = (value: unknown): value is Visit =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === 'job' || value.kind === 'canvas') &&
  'id' in value &&
  typeof value.id === 'string';

export function visited(ws: string, visit: Visit) {
  const others = recent(ws).filter(({ kind, id }) => kind !== visit.kind || id !== visit.id);
  try {
    localStorage.setItem(keyOf(ws), JSON.stringify([visit, ...others].slice(0, MOST)));
  } catch {
    // Without storage nothing is remembered.
  }
}

/** What the address shows. */
export function visitOf(slug: string, path: string, search: Record<string, unknown>): Visit | undefined {
  const [, job] = new RegExp(`^/w/${slug}/jobs/(\\d+)`).exec(path) ?? [];
  if (job) {
    return { kind: 'job', id: job };
  }
  const [, canvas] = new RegExp(`^/w/${slug}/canvases/([^/]+)`).exec(path) ?? [];
  return canvas === undefined
    ? undefined
    : typeof search.job === 'number'
      ? { kind: 'job', id: String(search.job) }
      : { kind: 'canvas', id: canvas };
}

/**
 * Connectors. A dependency between two jobs is the jobs' own (CAN-6) and refused here: the caller asks the server for it instead. What is
 * planned between ideas, or an idea and a job, is a connector of kind `dep`.
 */
import type { CanvasDocument, Color, LinkEnd, LinkKind, Side } from '../../types';
import { bearLink, done, edit, full, groupBy, type Outcome, refused, remove, setEnd, setKey } from '../edit';
import { newId } from '../ids';

export interface NewLink {
  readonly from: string;
  readonly to: string;
  readonly fromSide?: Side;
  readonly toSide?: Side;
  readonly kind?: LinkKind;
  readonly color?: Color;
  readonly text?: string;
}

/** Draws a connector; of a dependency, `from` comes first and `to` waits. The same one twice is the one that is there. */
export function connect(document: CanvasDocument, link: NewLink): Outcome {
  const { kind = 'rel', fromSide = 'auto', toSide = 'auto' } = link;
  const problem = impossible(document, link.from, link.to, kind) ?? full(document, 0, 1);
  if (problem !== null) {
    return problem;
  }
  const same = [...document.links.values()].find(
    (one) => one.from.object === link.from && one.to.object === link.to && one.kind === kind && link.text === undefined,
  );
  if (same !== undefined) {
    return done([same.id]);
  }
  return edit(document, () => {
    const id = newId();
    const ends = { from: { object: link.from, side: fromSide }, to: { object: link.to, side: toSide } };
    bearLink(document, { id, ...ends, kind, color: link.color, text: link.text });
    return done([id]);
  });
}

export function disconnect(document: CanvasDocument, ids: Iterable<string>): Outcome {
  const there = [...new Set(ids)].filter((id) => document.links.has(id));
  return edit(document, () => {
    for (const id of there) {
      remove(document, 'links', id);
    }
    return done(there);
  });
}

export interface Relink {
  readonly from?: LinkEnd;
  readonly to?: LinkEnd;
  readonly kind?: LinkKind;
}

/** Moves an end of a connector to another object or side, or changes what it means. */
export function relink(document: CanvasDocument, id: string, { from, to, kind }: Relink): Outcome {
  const link = document.links.get(id);
  if (link === undefined) {
    return refused('The connector is gone.');
  }
  const problem = impossible(document, (from ?? link.from).object, (to ?? link.to).object, kind ?? link.kind, id);
  if (problem !== null) {
    return problem;
  }
  return edit(document, () => {
    if (from !== undefined) {
      setEnd(document, id, 'from', from.object, from.side);
    }
    if (to !== undefined) {
      setEnd(document, id, 'to', to.object, to.side);
    }
    if (kind !== undefined) {
      setKey(document, 'links', id, 'kind', kind);
    }
    return done([id]);
  });
}

/** A connector as the one who draws it knows it: of the document, or a dependency between two jobs that is not in there. */
export interface Connector {
  /** Its id in the document; null for a dependency between jobs. */
  readonly link: string | null;
  readonly from: string;
  readonly to: string;
}

/** What is to become of dependencies between jobs. Each is `waits` waiting for `first`. */
export interface DependencyChange {
  readonly old: { readonly first: string; readonly waits: string } | null;
  readonly next: { readonly first: string; readonly waits: string } | null;
  /** To be called once the server has done all of it. */
  readonly done: () => void;
}

/**
 * Moves one end of a connector to another object, or to another side of the same one. What concerns a dependency between two jobs is the
 * server's (CAN-6) and goes to `ask`; nothing is drawn otherwise before it has been done.
 */
export function moveEnd(
  document: CanvasDocument,
  connector: Connector,
  end: 'from' | 'to',
  to: LinkEnd,
  ask: (change: DependencyChange) => void,
): Outcome {
  const link = connector.link === null ? undefined : document.links.get(connector.link);
  if (connector.link !== null && link === undefined) {
    return refused('The connector is gone.');
  }
  const kind = link?.kind ?? 'dep';
  const ends = { from: connector.from, to: connector.to, [end]: to.object };
  const jobsOf = (from: string, until: string) => {
    const [first, waits] = [document.objects.get(from)?.job, document.objects.get(until)?.job];
    return first != null && waits != null ? { first, waits } : null;
  };
  const next = kind === 'dep' ? jobsOf(ends.from, ends.to) : null;
  if (link !== undefined && next === null) {
    const before = link[end];
    const same = before.object === to.object && before.side === to.side;
    return same ? done([]) : relink(document, link.id, { [end]: to });
  }
  const old = link === undefined ? jobsOf(connector.from, connector.to) : null;
  if (next !== null) {
    if (next.first === next.waits) {
      return refused('A job cannot wait for itself.');
    }
    if (old?.first !== next.first || old.waits !== next.waits) {
      ask({ old, next, done: () => void (link !== undefined && disconnect(document, [link.id])) });
    }
    return done([]);
  }
  const planned: NewLink = { ...ends, kind: 'dep', ...(end === 'from' ? { fromSide: to.side } : { toSide: to.side }) };
  const problem = impossible(document, planned.from, planned.to, 'dep') ?? full(document, 0, 1);
  if (problem === null) {
    ask({ old, next: null, done: () => void connect(document, planned) });
  }
  return problem ?? done([]);
}

/** Whether the two ends are both jobs, so that a dependency between them is for the server. */
export function betweenJobs(document: CanvasDocument, from: string, to: string): boolean {
  return document.objects.get(from)?.type === 'job' && document.objects.get(to)?.type === 'job';
}

function impossible(document: CanvasDocument, from: string, to: string, kind: LinkKind, besides?: string): Outcome | null {
  const [first, waits] = [document.objects.get(from), document.objects.get(to)];
  if (first === undefined || waits === undefined) {
    return refused('One of the two objects is gone.');
  }
  if (from === to) {
    return refused('An object cannot be connected to itself.');
  }
  if (kind === 'rel') {
    return null;
  }
  if (betweenJobs(document, from, to)) {
    return refused('A dependency between two jobs belongs to the jobs.');
  }
  const able = ({ type }: { readonly type: string }) => type === 'idea' || type === 'job';
  if (!able(first) || !able(waits)) {
    return refused('Only ideas and jobs can wait for one another.');
  }
  return waitsFor(document, from, to, besides) ? refused('They would wait for each other.') : null;
}

/** Whether an object waits for another, directly or not, by what is planned here. */
function waitsFor(document: CanvasDocument, waiting: string, first: string, besides: string | undefined): boolean {
  const planned = groupBy(
    [...document.links.values()].filter((link) => link.kind === 'dep' && link.id !== besides),
    (link) => link.to.object,
  );
  const found = new Set([waiting]);
  for (const id of found) {
    for (const link of planned.get(id) ?? []) {
      found.add(link.from.object);
    }
  }
  return found.has(first);
}

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { schema } from '../schema.gen';
import type { Peer, PresenceState } from '../types';
import { awarenessMessage } from './wire';

/** Cursor, selection and drag go out 20 times a second at most; the view 5 times, unless somebody follows it. */
const FAST_MS = 50;
const SLOW_MS = 200;
/** Ids of a selection or a drag that are told; more would only make the message large. */
const MOST_IDS = 100;

const nobody: ReadonlyMap<number, Peer> = new Map();
const nothing: PresenceState = { cur: null, sel: [], vp: null, drag: null, ed: null, fol: null };

/**
 * Who is on the canvas and what they show of themselves. One's own state goes out as it changes, everybody else's comes in as `peers`, a map
 * that is another one after each change.
 */
export class Presence {
  readonly client: number;
  peers: ReadonlyMap<number, Peer> = nobody;
  private readonly awareness: Awareness;
  private readonly listeners = new Set<() => void>();
  private mine = nothing;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private sentAt = 0;
  private connected = false;

  constructor(
    doc: Y.Doc,
    private readonly send: (message: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.client = doc.clientID;
    this.awareness = new Awareness(doc);
    this.awareness.setLocalState({ ...nothing });
    this.awareness.on('change', this.onChange);
    this.awareness.on('update', this.onUpdate);
    document.addEventListener('visibilitychange', this.onVisible);
  }

  readonly getPeers = (): ReadonlyMap<number, Peer> => this.peers;

  readonly getMine = (): PresenceState => this.mine;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Changes what is shown of oneself. Sent soon, not at once. */
  readonly set = (partial: Partial<PresenceState>) => {
    const before = this.mine;
    const next = limited({ ...before, ...partial });
    const changed = (Object.keys(partial) as (keyof PresenceState)[]).filter(
      (key) => JSON.stringify(next[key]) !== JSON.stringify(before[key]),
    );
    if (changed.length === 0) {
      return;
    }
    this.mine = next;
    const slow = changed.every((key) => key === 'vp') && !this.followed();
    this.plan(slow ? SLOW_MS : FAST_MS);
    if (changed.includes('fol')) {
      this.tell();
    }
  };

  /** The connection is there: says who is here, since the server knows nobody of an earlier one. */
  opened() {
    this.connected = true;
    this.flush();
  }

  /** The connection is gone, and with it everybody else. */
  closed() {
    this.connected = false;
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.client);
    removeAwarenessStates(this.awareness, others, 'closed');
    // Their clocks begin anew, should they return with the same client ids.
    for (const client of others) {
      this.awareness.meta.delete(client);
    }
  }

  receive(update: Uint8Array) {
    applyAwarenessUpdate(this.awareness, update, 'remote');
  }

  stop() {
    document.removeEventListener('visibilitychange', this.onVisible);
    clearTimeout(this.timer);
    this.awareness.destroy();
  }

  private followed(): boolean {
    return [...this.peers.values()].some((peer) => peer.state.fol === this.client);
  }

  private plan(gap: number) {
    const at = Math.max(Date.now(), this.sentAt + gap);
    if (at < this.dueAt) {
      clearTimeout(this.timer);
      this.dueAt = at;
      this.timer = setTimeout(this.flush, at - Date.now());
    }
  }

  private readonly flush = () => {
    clearTimeout(this.timer);
    this.dueAt = Number.POSITIVE_INFINITY;
    this.sentAt = Date.now();
    this.awareness.setLocalState({ ...this.mine });
  };

  /** Also each 15 s without a change: y-protocols renews the state, so that it does not expire with the others. */
  private readonly onUpdate = (change: { added: number[]; updated: number[]; removed: number[] }, origin: unknown) => {
    const own = [...change.added, ...change.updated, ...change.removed].includes(this.client);
    if (own && origin === 'local' && this.connected && (document.visibilityState === 'visible' || change.removed.length > 0)) {
      this.send(awarenessMessage(encodeAwarenessUpdate(this.awareness, [this.client])));
    }
  };

  private readonly onVisible = () => {
    if (document.visibilityState === 'visible') {
      this.flush();
    } else if (this.connected) {
      // The pointer is elsewhere now; nothing more is sent until the page is back.
      this.mine = { ...this.mine, cur: null, drag: null };
      this.flush();
      this.send(awarenessMessage(encodeAwarenessUpdate(this.awareness, [this.client])));
    }
  };

  /** Only those who changed are read again: twenty people are four hundred messages a second. */
  private readonly onChange = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }) => {
    const peers = new Map(this.peers);
    let changed = false;
    for (const client of [...added, ...updated, ...removed]) {
      const state = client === this.client ? undefined : this.awareness.getStates().get(client);
      const peer = state && peerFrom(client, state);
      if (peer) {
        peers.set(client, peer);
        changed = true;
      } else {
        changed = peers.delete(client) || changed;
      }
    }
    if (changed) {
      this.peers = peers;
      this.tell();
    }
  };

  private tell() {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

const tenth = (value: number) => Math.round(value * 10) / 10;

/** Keeps the message small: places to a tenth of a unit, and as many ids as the server takes. */
function limited(state: PresenceState): PresenceState {
  const { cur, drag } = state;
  let next: PresenceState = {
    ...state,
    cur: cur && [tenth(cur[0]), tenth(cur[1])],
    drag: drag && { ...drag, dx: tenth(drag.dx), dy: tenth(drag.dy) },
  };
  for (let most = MOST_IDS; most > 0; most = Math.floor(most / 2)) {
    next = { ...next, sel: next.sel.slice(0, most), drag: next.drag && { ...next.drag, ids: next.drag.ids.slice(0, most) } };
    // Ids may be long, and 4 bytes are the most that a character takes.
    if (most <= 10 || new TextEncoder().encode(JSON.stringify(next)).length <= schema.limits.presence) {
      break;
    }
  }
  return next;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const numbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every(isNumber);
const ids = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string').slice(0, MOST_IDS) : [];
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** What another client says of itself may be anything; who it is was written by the server. */
export function peerFrom(client: number, value: unknown): Peer | undefined {
  const state = record(value);
  const user = record(state.user);
  if (typeof user.id !== 'string' || typeof user.name !== 'string') {
    return undefined;
  }
  const drag = record(state.drag);
  return {
    client,
    user: { id: user.id, name: user.name, hue: isNumber(user.hue) ? user.hue : 0 },
    state: {
      cur: numbers(state.cur, 2) ? [state.cur[0] ?? 0, state.cur[1] ?? 0] : null,
      sel: ids(state.sel),
      vp: numbers(state.vp, 5) ? (state.vp as unknown as PresenceState['vp']) : null,
      drag: isNumber(drag.dx) && isNumber(drag.dy) ? { ids: ids(drag.ids), dx: drag.dx, dy: drag.dy } : null,
      ed: typeof state.ed === 'string' ? state.ed : null,
      fol: isNumber(state.fol) ? state.fol : null,
    },
  };
}

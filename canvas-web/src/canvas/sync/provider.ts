import * as Y from 'yjs';
import { backoff } from '@/live/feed';
import { schema } from '../schema.gen';
import { splitUpdate } from './split';
import { ENVELOPE, read, step1, step2, updateMessage } from './wire';

/** Close codes of the server, as in server/src/ws/mod.rs. */
const REVOKED = 4403;
const PROTOCOL = 4400;
const TOO_BIG = 1009;

/** Updates of one frame of the screen go out as one message. */
const FRAME_MS = 16;
/** Edits that wait longer than this are shown as not saved; below two seconds, so that they are seen in time. */
const LATE_MS = 1500;
/** A server that confirms nothing for so long is not reached any more, whatever the socket says. */
const STALLED_MS = 10_000;
/** A connection that is silent for so long is asked whether it still lives. */
const SILENT_MS = 60_000;
/** Longest wait for the first answer, or for one when asked. */
const ANSWER_MS = 15_000;
/** A copy that lacks something asks for it this often at most. */
const ASK_AGAIN_MS = 2000;

/** `refused`: the server does not take this copy, and trying again will not help. `gone`: the canvas is not open to this person. */
export type SyncPhase = 'connecting' | 'synced' | 'offline' | 'refused' | 'gone';

export interface SyncStatus {
  readonly phase: SyncPhase;
  /** Edits made here that the server has not confirmed. */
  readonly unsaved: number;
  /** When the oldest of them was made, in milliseconds; null when there are none. */
  readonly since: number | null;
  /** They wait for longer than saving takes. */
  readonly late: boolean;
  /** The server takes no edits from this person now. */
  readonly denied: boolean;
  /** Why the copy is refused: its content, or an edit larger than a message may be. */
  readonly refusal: 'content' | 'size' | null;
  /** The server's own words for it. */
  readonly reason: string;
  /** The next try, in milliseconds; null when none is planned. */
  readonly retryAt: number | null;
}

const atStart: SyncStatus = {
  phase: 'connecting',
  unsaved: 0,
  since: null,
  late: false,
  denied: false,
  refusal: null,
  reason: '',
  retryAt: null,
};

/** Edits that travel together. */
interface Batch {
  edits: number;
  since: number;
}

const none: Batch = { edits: 0, since: 0 };
const plus = (a: Batch, b: Batch): Batch =>
  a.edits === 0 ? b : b.edits === 0 ? a : { edits: a.edits + b.edits, since: Math.min(a.since, b.since) };

export interface ProviderOptions {
  url: URL;
  /** Edits of an earlier visit that were not confirmed then. */
  carried?: number;
  /** Asks over HTTP what a closed socket does not tell: whether the canvas is still open to this person. */
  findOut: () => Promise<'open' | 'gone' | 'unknown'>;
  /** Messages about presence, and the moments to send one's own. */
  onPresence?: (update: Uint8Array) => void;
  onOpen?: () => void;
  onClosed?: () => void;
}

/**
 * Keeps a document the same as the server's, over the y-websocket protocol with Coord's acknowledgements. An edit counts as saved when the
 * server says that it is committed, not when it was sent.
 */
export class SyncProvider {
  private socket: WebSocket | undefined;
  /** The server's first step 1 was answered on this connection, so edits may follow. */
  private ready = false;
  private received = false;
  private attempt = 0;
  private stopped = false;
  private readonly listeners = new Set<() => void>();
  private current: SyncStatus = atStart;

  /** Updates of this frame, when they may go out. */
  private updates: Uint8Array[] = [];
  /** Edits that are not in a message yet. */
  private waiting: Batch = none;
  /** Messages of this connection that are not confirmed, in the order sent. */
  private sent: Batch[] = [];
  private confirmed = 0;
  private lastConfirmed = 0;
  private lastAsked = 0;

  private frameTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private lateTimer: ReturnType<typeof setTimeout> | undefined;
  private lifeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly doc: Y.Doc,
    private readonly options: ProviderOptions,
  ) {
    if (options.carried) {
      this.waiting = { edits: options.carried, since: Date.now() };
    }
  }

  get status(): SyncStatus {
    return this.current;
  }

  readonly getStatus = (): SyncStatus => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start() {
    this.doc.on('update', this.onUpdate);
    window.addEventListener('online', this.retryNow);
    window.addEventListener('offline', this.onOffline);
    window.addEventListener('pagehide', this.flush);
    document.addEventListener('visibilitychange', this.onVisible);
    this.show({});
    this.connect();
  }

  stop() {
    this.flush();
    this.stopped = true;
    this.doc.off('update', this.onUpdate);
    window.removeEventListener('online', this.retryNow);
    window.removeEventListener('offline', this.onOffline);
    window.removeEventListener('pagehide', this.flush);
    document.removeEventListener('visibilitychange', this.onVisible);
    clearTimeout(this.frameTimer);
    clearTimeout(this.retryTimer);
    clearTimeout(this.lateTimer);
    clearTimeout(this.lifeTimer);
    this.socket?.close();
  }

  /** Connects at once when not connected; also after a refusal, when the person wants it. */
  readonly retryNow = () => {
    if (!this.stopped && !this.socket && this.current.phase !== 'gone') {
      clearTimeout(this.retryTimer);
      this.connect();
    }
  };

  /** Edits may be taken now that were not before: says everything again. */
  rightsChanged() {
    if (this.current.denied && this.socket) {
      this.show({ denied: false });
      this.attempt = 0;
      this.leave(0);
    }
  }

  /** Sends a message about presence, when connected. */
  sendPresence(message: Uint8Array<ArrayBuffer>) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(message);
    }
  }

  private readonly onOffline = () => {
    if (this.socket) {
      this.leave();
    }
  };

  private readonly onVisible = () => {
    if (document.visibilityState === 'visible') {
      this.retryNow();
      this.probe();
    } else {
      this.flush();
    }
  };

  private connect() {
    const socket = new WebSocket(this.options.url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    let opened = false;
    this.awaitAnswer();
    this.show({ phase: 'connecting', retryAt: null, refusal: null, reason: '' });
    socket.onopen = () => {
      if (this.socket !== socket) {
        return;
      }
      opened = true;
      socket.send(step1(Y.encodeStateVector(this.doc)));
      this.options.onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      if (this.socket === socket && data instanceof ArrayBuffer) {
        this.alive();
        try {
          this.take(new Uint8Array(data), socket);
        } catch (error) {
          // Not a message, or a document that does not read it: what is here stays, and the next connection begins afresh.
          console.error('A message of the canvas could not be read', error);
          this.leave();
        }
      }
    };
    socket.onclose = ({ code, reason }) => {
      if (this.socket === socket) {
        this.closed(code, reason, opened);
      }
    };
  }

  /** Something came: the next silence begins. */
  private alive() {
    clearTimeout(this.lifeTimer);
    this.lifeTimer = setTimeout(this.probe, SILENT_MS);
  }

  private awaitAnswer() {
    clearTimeout(this.lifeTimer);
    this.lifeTimer = setTimeout(() => {
      if (this.socket) {
        this.leave();
      }
    }, ANSWER_MS);
  }

  /** Asks for what is missing, which is always answered. Without it a connection that died unseen would look idle. */
  private readonly probe = () => {
    if (this.ready && this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(step1(Y.encodeStateVector(this.doc)));
      this.awaitAnswer();
    }
  };

  private take(data: Uint8Array, socket: WebSocket) {
    const message = read(data);
    switch (message.type) {
      case 'step1':
        this.answer(message.stateVector, socket);
        break;
      case 'step2':
      case 'update':
        Y.applyUpdate(this.doc, message.update, this);
        if (message.type === 'step2') {
          this.received = true;
          this.isSynced();
        }
        this.askForMissing(socket);
        break;
      case 'awareness':
        this.options.onPresence?.(message.update);
        break;
      case 'denied':
        this.show({ denied: true, reason: message.reason });
        break;
      case 'ack':
        this.lastConfirmed = Date.now();
        for (; this.confirmed < message.messages && this.sent.length > 0; this.confirmed += 1) {
          this.sent.shift();
        }
        this.show({});
        break;
      case 'other':
        break;
    }
  }

  /** Step 2: everything the server lacks, so whatever waited or was sent before and not confirmed is in it. */
  private answer(stateVector: Uint8Array, socket: WebSocket) {
    clearTimeout(this.frameTimer);
    this.frameTimer = undefined;
    this.updates = [];
    const known = Y.decodeStateVector(stateVector);
    const parts = splitUpdate(Y.encodeStateAsUpdate(this.doc, stateVector), schema.limits.syncMessage - ENVELOPE);
    if (parts === null) {
      this.refuse('size', '');
      return;
    }
    let edits = this.waiting;
    if (edits.edits === 0 && this.sent.every((batch) => batch.edits === 0) && this.lacks(known)) {
      edits = { edits: 1, since: Date.now() };
    }
    this.waiting = none;
    for (const [at, part] of parts.entries()) {
      const last = at === parts.length - 1;
      socket.send(last ? step2(part) : updateMessage(part));
      this.sent.push(last ? edits : none);
    }
    this.ready = true;
    this.isSynced();
  }

  /** Whether there is something here that the other side, with this state vector, does not have. */
  private lacks(known: ReadonlyMap<number, number>): boolean {
    return [...Y.decodeStateVector(Y.encodeStateVector(this.doc))].some(([client, clock]) => (known.get(client) ?? 0) < clock);
  }

  private isSynced() {
    if (this.ready && this.received) {
      this.attempt = 0;
      this.show({ phase: 'synced' });
    } else {
      this.show({});
    }
  }

  /** Updates whose predecessors did not come are kept by Yjs, unseen, until they do. */
  private askForMissing(socket: WebSocket) {
    if (this.doc.store.pendingStructs !== null && Date.now() - this.lastAsked > ASK_AGAIN_MS) {
      this.lastAsked = Date.now();
      socket.send(step1(Y.encodeStateVector(this.doc)));
    }
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === this) {
      return;
    }
    this.waiting = plus(this.waiting, { edits: 1, since: Date.now() });
    if (this.ready) {
      this.updates.push(update);
      this.frameTimer ??= setTimeout(this.flush, FRAME_MS);
    }
    this.show({});
  };

  private readonly flush = () => {
    clearTimeout(this.frameTimer);
    this.frameTimer = undefined;
    const { updates, socket } = this;
    if (updates.length === 0 || !this.ready || socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    this.updates = [];
    const merged = updates.length === 1 && updates[0] ? updates[0] : Y.mergeUpdates(updates);
    const parts = splitUpdate(merged, schema.limits.syncMessage - ENVELOPE);
    if (parts === null) {
      this.refuse('size', '');
      return;
    }
    for (const [at, part] of parts.entries()) {
      socket.send(updateMessage(part));
      this.sent.push(at === parts.length - 1 ? this.waiting : none);
    }
    this.waiting = none;
  };

  private closed(code: number, reason: string, opened: boolean) {
    if (this.stopped) {
      this.forget();
    } else if (code === PROTOCOL || code === TOO_BIG) {
      this.refuse(code === TOO_BIG ? 'size' : 'content', reason);
    } else {
      this.lost();
      if (!opened || code === REVOKED) {
        void this.findOut();
      }
    }
  }

  private refuse(refusal: 'content' | 'size', reason: string) {
    const { socket } = this;
    this.forget();
    socket?.close();
    clearTimeout(this.retryTimer);
    this.show({ phase: 'refused', refusal, reason, retryAt: null });
  }

  private async findOut() {
    const found = await this.options.findOut();
    if (this.stopped) {
      return;
    }
    if (found === 'gone') {
      clearTimeout(this.retryTimer);
      const { socket } = this;
      this.forget();
      socket?.close();
      this.show({ phase: 'gone', retryAt: null });
    }
  }

  /** The connection is over: what was sent on it and not confirmed is unsaved again. */
  private forget() {
    this.socket = undefined;
    this.ready = false;
    this.received = false;
    this.confirmed = 0;
    this.updates = [];
    clearTimeout(this.frameTimer);
    clearTimeout(this.lifeTimer);
    this.frameTimer = undefined;
    this.waiting = this.sent.reduce(plus, this.waiting);
    this.sent = [];
    this.options.onClosed?.();
  }

  /** Ends the connection from here and plans the next. */
  private leave(pause?: number) {
    const { socket } = this;
    this.lost(pause);
    socket?.close();
  }

  private lost(pause?: number) {
    this.forget();
    this.attempt += 1;
    const wait = pause ?? backoff(this.attempt, Math.random());
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(this.retryNow, wait);
    this.show({ phase: 'offline', retryAt: Date.now() + wait });
  }

  private total(): Batch {
    return this.sent.reduce(plus, this.waiting);
  }

  private show(next: Partial<SyncStatus>) {
    const { edits, since } = this.total();
    const phase = next.phase ?? this.current.phase;
    const now = Date.now();
    const late = edits > 0 && (phase === 'offline' || phase === 'refused' || now - since >= LATE_MS);
    this.watch(edits > 0, since, now);
    const after: SyncStatus = { ...this.current, ...next, phase, unsaved: edits, since: edits > 0 ? since : null, late };
    if ((Object.keys(after) as (keyof SyncStatus)[]).some((key) => after[key] !== this.current[key])) {
      this.current = after;
      for (const listener of this.listeners) {
        listener();
      }
    }
  }

  /** Looks again when the oldest edit becomes late, and when the server has been silent for too long. */
  private watch(unsaved: boolean, since: number, now: number) {
    clearTimeout(this.lateTimer);
    if (!unsaved || this.stopped) {
      return;
    }
    const lateIn = since + LATE_MS - now;
    if (lateIn > 0) {
      this.lateTimer = setTimeout(() => this.show({}), lateIn);
    } else if (this.ready && !this.current.denied) {
      this.lateTimer = setTimeout(() => this.leave(), Math.max(since, this.lastConfirmed) + STALLED_MS - now);
    }
  }
}

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { schema } from '../schema.gen';
import { type ProviderOptions, SyncProvider } from './provider';
import { read, step1, step2, updateMessage } from './wire';

/** The browser's end of a socket; the test is the server. */
class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly OPEN = 1;
  binaryType = '';
  readyState = 0;
  sent: Uint8Array[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: ArrayBuffer }) => void;
  onclose?: (event: { code: number; reason: string }) => void;
  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }
  send(data: Uint8Array) {
    expect(this.readyState).toBe(1);
    this.sent.push(data);
  }
  close() {
    this.end(1005);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(data: Uint8Array) {
    this.onmessage?.({ data: new Uint8Array(data).buffer });
  }
  end(code: number, reason = '') {
    if (this.readyState < 2) {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }
  }
  /** Sync messages with content, as the server reads them. */
  get edits(): Uint8Array[] {
    return this.sent.flatMap((data) => {
      const message = read(data);
      return message.type === 'step2' || message.type === 'update' ? [message.update] : [];
    });
  }
}

const ack = (messages: number) => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, schema.messages.ack);
  encoding.writeVarUint(encoder, messages);
  return encoding.toUint8Array(encoder);
};
const denied = (reason: string) => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, schema.messages.auth);
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarString(encoder, reason);
  return encoding.toUint8Array(encoder);
};

let provider: SyncProvider;
let doc: Y.Doc;
let server: Y.Doc;
const findOut = vi.fn<ProviderOptions['findOut']>();

const made = (options: Partial<ProviderOptions> = {}) => {
  provider = new SyncProvider(doc, { url: new URL('ws://coord/sync'), findOut, ...options });
  provider.start();
};
const last = () => FakeSocket.all[FakeSocket.all.length - 1] as FakeSocket;
/** Opens the newest socket and does the server's part of the first sync. */
const handshake = () => {
  const socket = last();
  socket.open();
  socket.say(step1(Y.encodeStateVector(server)));
  const first = read(socket.sent[0] as Uint8Array);
  expect(first.type).toBe('step1');
  socket.say(step2(Y.encodeStateAsUpdate(server, first.type === 'step1' ? first.stateVector : undefined)));
  return socket;
};
/** The server takes everything this socket sent and confirms it. */
const commit = (socket: FakeSocket) => {
  for (const update of socket.edits) {
    Y.applyUpdate(server, update);
  }
  socket.say(ack(socket.edits.length));
};
const edit = (key: string, value: unknown = 1) => doc.getMap('objects').set(key, value);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  doc = new Y.Doc();
  server = new Y.Doc();
  findOut.mockReset().mockResolvedValue('unknown');
});
afterEach(() => {
  provider.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('saving', () => {
  test('CAN-8: an edit counts as unsaved until the server says that it is committed', () => {
    made();
    const socket = handshake();
    commit(socket);
    expect(provider.status).toMatchObject({ phase: 'synced', unsaved: 0, since: null });
    edit('a');
    edit('b');
    expect(provider.status.unsaved).toBe(2);
    vi.advanceTimersByTime(20);
    expect(socket.edits).toHaveLength(2);
    expect(provider.status.unsaved).toBe(2);
    edit('c');
    vi.advanceTimersByTime(20);
    socket.say(ack(2));
    expect(provider.status.unsaved).toBe(1);
    socket.say(ack(3));
    expect(provider.status).toMatchObject({ unsaved: 0, since: null, late: false });
  });

  test('CAN-3: the edits of one frame go out as one message, in order', () => {
    made();
    const socket = handshake();
    for (let at = 0; at < 50; at += 1) {
      edit('a', at);
    }
    expect(socket.edits).toHaveLength(1);
    vi.advanceTimersByTime(20);
    expect(socket.edits).toHaveLength(2);
    commit(socket);
    expect(server.getMap('objects').get('a')).toBe(49);
    expect(provider.status.unsaved).toBe(0);
  });

  test('CAN-8: a lost acknowledgement is seen within two seconds, a server that confirms nothing is left', () => {
    made();
    const socket = handshake();
    commit(socket);
    edit('a');
    vi.advanceTimersByTime(1000);
    expect(provider.status.late).toBe(false);
    vi.advanceTimersByTime(900);
    expect(provider.status).toMatchObject({ late: true, unsaved: 1, phase: 'synced' });
    vi.advanceTimersByTime(9000);
    expect(socket.readyState).toBe(3);
    expect(FakeSocket.all).toHaveLength(2);
    expect(provider.status).toMatchObject({ phase: 'connecting', unsaved: 1, late: true });
  });

  test('CAN-3: edits made while the connection is away are sent on return, and none is counted twice', () => {
    made();
    const socket = handshake();
    commit(socket);
    edit('sent');
    vi.advanceTimersByTime(20);
    socket.end(1006);
    expect(provider.status).toMatchObject({ phase: 'offline', unsaved: 1, late: true });
    edit('offline');
    expect(provider.status.unsaved).toBe(2);
    vi.advanceTimersByTime(1000);
    const again = handshake();
    expect(again).not.toBe(socket);
    expect(again.edits).toHaveLength(1);
    expect(provider.status).toMatchObject({ phase: 'synced', unsaved: 2 });
    commit(again);
    expect(provider.status.unsaved).toBe(0);
    expect(server.getMap('objects').toJSON()).toEqual({ sent: 1, offline: 1 });
  });

  test('CAN-3: edits kept from an earlier visit count as unsaved until they are confirmed', () => {
    edit('from before');
    made({ carried: 3 });
    expect(provider.status.unsaved).toBe(3);
    commit(handshake());
    expect(provider.status.unsaved).toBe(0);
    expect(server.getMap('objects').get('from before')).toBe(1);
  });

  test('CAN-8: what the server lacks counts even when nobody counted it before', () => {
    edit('from before');
    made();
    const socket = handshake();
    expect(provider.status.unsaved).toBe(1);
    commit(socket);
    expect(provider.status.unsaved).toBe(0);
  });

  test('CAN-3: an answer with a fresh step 1 is met with everything that is missing', () => {
    made();
    const socket = handshake();
    commit(socket);
    edit('a');
    vi.advanceTimersByTime(20);
    edit('b');
    socket.say(step1(Y.encodeStateVector(server)));
    expect(socket.edits).toHaveLength(3);
    vi.advanceTimersByTime(50);
    expect(socket.edits).toHaveLength(3);
    expect(provider.status.unsaved).toBe(2);
    Y.applyUpdate(server, socket.edits[2] as Uint8Array);
    expect(server.getMap('objects').toJSON()).toEqual({ a: 1, b: 1 });
    socket.say(ack(3));
    expect(provider.status.unsaved).toBe(0);
  });
});

describe('the others', () => {
  test('CAN-3: what others do arrives, and is not sent back', () => {
    made();
    const socket = handshake();
    commit(socket);
    server.getMap('objects').set('theirs', 2);
    socket.say(updateMessage(Y.encodeStateAsUpdate(server)));
    vi.advanceTimersByTime(50);
    expect(doc.getMap('objects').get('theirs')).toBe(2);
    expect(socket.edits).toHaveLength(1);
    expect(provider.status.unsaved).toBe(0);
  });

  test('CAN-3: an update whose predecessor is missing is asked for', () => {
    made();
    const socket = handshake();
    commit(socket);
    const updates: Uint8Array[] = [];
    server.on('update', (update: Uint8Array) => updates.push(update));
    server.getMap('objects').set('first', 1);
    server.getMap('objects').set('second', 2);
    socket.say(updateMessage(updates[1] as Uint8Array));
    expect(socket.sent.filter((data) => read(data).type === 'step1')).toHaveLength(2);
    socket.say(step2(Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc))));
    expect(doc.getMap('objects').toJSON()).toEqual({ first: 1, second: 2 });
  });
});

describe('refusals', () => {
  test('CAN-10: who may only watch is told so, and asks again when rights change', () => {
    made();
    const socket = handshake();
    edit('a');
    vi.advanceTimersByTime(20);
    socket.say(denied('viewers watch'));
    expect(provider.status).toMatchObject({ denied: true, reason: 'viewers watch', unsaved: 1 });
    vi.advanceTimersByTime(30_000);
    expect(provider.status.phase).toBe('synced');
    provider.rightsChanged();
    vi.advanceTimersByTime(10);
    const again = handshake();
    expect(again).not.toBe(socket);
    commit(again);
    expect(provider.status).toMatchObject({ denied: false, unsaved: 0 });
  });

  test('CAN-9: a refused copy is kept, and not sent again and again', () => {
    made();
    const socket = handshake();
    edit('a');
    socket.end(4400, 'damaged update');
    expect(provider.status).toMatchObject({ phase: 'refused', refusal: 'content', reason: 'damaged update', unsaved: 1, late: true });
    vi.advanceTimersByTime(120_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(doc.getMap('objects').get('a')).toBe(1);
    provider.retryNow();
    expect(FakeSocket.all).toHaveLength(2);
  });

  test('CAN-9: an edit larger than a message may be is not sent, and said', () => {
    made();
    const socket = handshake();
    edit('a', 'x'.repeat(schema.limits.syncMessage));
    vi.advanceTimersByTime(20);
    expect(socket.edits).toHaveLength(1);
    expect(provider.status).toMatchObject({ phase: 'refused', refusal: 'size', unsaved: 1 });
  });

  test('CAN-9: many edits at once are cut into messages that the server takes', () => {
    made();
    const socket = handshake();
    doc.transact(() => {
      for (let at = 0; at < 40; at += 1) {
        edit(`o${at}`, `${at}`.padEnd(60_000, '.'));
      }
    });
    vi.advanceTimersByTime(20);
    expect(socket.sent.every(({ byteLength }) => byteLength <= schema.limits.syncMessage)).toBe(true);
    expect(socket.edits.length).toBeGreaterThan(2);
    commit(socket);
    expect(server.getMap('objects').size).toBe(40);
    expect(provider.status.unsaved).toBe(0);
  });

  test('CAN-10: a canvas that is closed to the person is left', async () => {
    findOut.mockResolvedValue('gone');
    made();
    handshake().end(4403, 'rights ended');
    await vi.advanceTimersByTimeAsync(100);
    expect(provider.status.phase).toBe('gone');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('coming back', () => {
  test('WEB-5: tries again with growing pauses', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    made();
    const pauses: number[] = [];
    for (let at = 0; at < 7; at += 1) {
      last().end(1006);
      pauses.push((provider.status.retryAt ?? 0) - Date.now());
      vi.advanceTimersByTime(pauses[at] ?? 0);
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(FakeSocket.all).toHaveLength(8);
  });

  test('WEB-5: goes at once when the browser is online again', () => {
    made();
    const socket = handshake();
    window.dispatchEvent(new Event('offline'));
    expect(socket.readyState).toBe(3);
    expect(provider.status.phase).toBe('offline');
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.all).toHaveLength(2);
    expect(provider.status.phase).toBe('connecting');
  });

  test('WEB-5: a connection that answers no more is left', () => {
    made();
    const socket = handshake();
    commit(socket);
    vi.advanceTimersByTime(61_000);
    expect(read(socket.sent[socket.sent.length - 1] as Uint8Array).type).toBe('step1');
    vi.advanceTimersByTime(15_000);
    expect(socket.readyState).toBe(3);
    expect(FakeSocket.all).toHaveLength(2);
  });

  test('CAN-9: bytes that are no message end that connection and nothing else', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    made();
    const socket = handshake();
    edit('a');
    socket.say(new Uint8Array([0, 2, 255, 255, 255]));
    expect(provider.status).toMatchObject({ phase: 'offline', unsaved: 1 });
    vi.advanceTimersByTime(1000);
    commit(handshake());
    expect(server.getMap('objects').get('a')).toBe(1);
  });
});

test('CAN-1: messages are those of y-websocket', () => {
  const decoder = decoding.createDecoder(updateMessage(new Uint8Array([1, 2, 3])));
  expect([decoding.readVarUint(decoder), decoding.readVarUint(decoder)]).toEqual([0, 2]);
  expect([...decoding.readVarUint8Array(decoder)]).toEqual([1, 2, 3]);
});

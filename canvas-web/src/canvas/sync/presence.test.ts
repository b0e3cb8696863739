import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { schema } from '../schema.gen';
import { Presence, peerFrom } from './presence';
import { read } from './wire';

// Before the imports: lib0 takes hold of `Date.now` when it is loaded.
vi.hoisted(() => vi.useFakeTimers());

let presence: Presence;
let sent: Uint8Array[] = [];
/** What the others know of this client. */
let others: Awareness;
const theirs = () => others.getStates().get(presence.client);
let visibility: DocumentVisibilityState = 'visible';
const show = (state: DocumentVisibilityState) => {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  sent = [];
  others = new Awareness(new Y.Doc());
  presence = new Presence(new Y.Doc(), (message) => {
    sent.push(message);
    const content = read(message);
    if (content.type === 'awareness') {
      applyAwarenessUpdate(others, content.update, 'remote');
    }
  });
  presence.opened();
  vi.advanceTimersByTime(1000);
  sent = [];
});
afterEach(() => {
  presence.stop();
  others.destroy();
  vi.clearAllTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

/** Another client, as the server sends it. */
function another(state: Record<string, unknown>, id = 'u-ben') {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  awareness.setLocalState({ ...state, user: { id, name: 'Ben', hue: 120 } });
  return { client: doc.clientID, awareness, say: () => presence.receive(encodeAwarenessUpdate(awareness, [doc.clientID])) };
}

describe('one’s own', () => {
  test('CAN-3: a moving cursor is told 20 times a second at most, and its last place always', () => {
    for (let at = 0; at < 100; at += 1) {
      presence.set({ cur: [at, 0] });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    expect(sent.length).toBeLessThanOrEqual(21);
    expect(sent.length).toBeGreaterThanOrEqual(19);
    expect(theirs()).toMatchObject({ cur: [99, 0] });
  });

  test('CAN-3: the view is told 5 times a second, and 20 times to who follows', () => {
    const pan = () => {
      sent = [];
      for (let at = 0; at < 100; at += 1) {
        presence.set({ vp: [at + sent.length, at, 1, 800, 600] });
        vi.advanceTimersByTime(10);
      }
      return sent.length;
    };
    expect(pan()).toBeLessThanOrEqual(6);
    const ben = another({ fol: presence.client });
    ben.say();
    expect(pan()).toBeGreaterThanOrEqual(18);
    ben.awareness.destroy();
  });

  test('CAN-3: nothing is told while the page is hidden, and the pointer is gone from the others’ screens', () => {
    presence.set({ cur: [5, 5] });
    vi.advanceTimersByTime(100);
    show('hidden');
    expect(theirs()).toMatchObject({ cur: null });
    const before = sent.length;
    presence.set({ cur: [6, 6], vp: [1, 1, 1, 1, 1] });
    vi.advanceTimersByTime(20_000);
    expect(sent).toHaveLength(before);
    show('visible');
    expect(theirs()).toMatchObject({ cur: [6, 6] });
  });

  test('CAN-3: who does nothing stays, since it is told again in time', () => {
    vi.advanceTimersByTime(90_000);
    expect(theirs()).toBeDefined();
    expect(sent.length).toBeGreaterThanOrEqual(4);
  });

  test('CAN-3: leaving is told', () => {
    presence.stop();
    expect(theirs()).toBeUndefined();
  });

  test('CAN-9: a selection of thousands stays below what the server takes', () => {
    const many = Array.from({ length: 5000 }, (_, at) => String(at).padStart(64, 'x'));
    presence.set({ sel: many, drag: { ids: many, dx: 1.23456, dy: 2 }, cur: [1 / 3, 2 / 3] });
    vi.advanceTimersByTime(100);
    const state = theirs() as { sel: string[]; drag: { ids: string[]; dx: number }; cur: number[] };
    expect(JSON.stringify(state).length).toBeLessThanOrEqual(schema.limits.presence);
    expect(state.sel.length).toBeGreaterThan(10);
    expect(state.drag.dx).toBe(1.2);
    expect(state.cur).toEqual([0.3, 0.7]);
  });
});

describe('the others', () => {
  test('CAN-3: who is here is a new map after each change, and the same one in between', () => {
    const told = vi.fn();
    presence.subscribe(told);
    const before = presence.getPeers();
    const ben = another({ cur: [1, 2], sel: ['a'] });
    ben.say();
    expect(presence.getPeers()).not.toBe(before);
    expect(presence.getPeers()).toBe(presence.getPeers());
    expect(presence.getPeers().get(ben.client)).toEqual({
      client: ben.client,
      user: { id: 'u-ben', name: 'Ben', hue: 120 },
      state: { cur: [1, 2], sel: ['a'], vp: null, drag: null, ed: null, fol: null },
    });
    expect(told).toHaveBeenCalledTimes(1);
    ben.awareness.destroy();
  });

  test('CAN-3: who is silent for half a minute is gone, and comes back', () => {
    const ben = another({});
    ben.say();
    vi.advanceTimersByTime(34_000);
    expect(presence.getPeers().size).toBe(0);
    ben.awareness.setLocalStateField('cur', [1, 1]);
    ben.say();
    expect(presence.getPeers().size).toBe(1);
    ben.awareness.destroy();
  });

  test('CAN-3: without a connection nobody else is shown', () => {
    const ben = another({});
    ben.say();
    presence.closed();
    expect(presence.getPeers().size).toBe(0);
    presence.opened();
    ben.say();
    expect(presence.getPeers().size).toBe(1);
    ben.awareness.destroy();
  });

  test('CAN-9: nonsense from another client is left out', () => {
    expect(peerFrom(1, null)).toBeUndefined();
    expect(peerFrom(1, { cur: [1, 2] })).toBeUndefined();
    const peer = peerFrom(1, {
      user: { id: 'u', name: 'U', hue: 'red' },
      cur: [1, Number.NaN],
      sel: [1, 'a', null],
      vp: 'all',
      drag: { ids: 'x', dx: 1, dy: 2 },
      ed: {},
      fol: '7',
    });
    expect(peer?.user.hue).toBe(0);
    expect(peer?.state).toEqual({ cur: null, sel: ['a'], vp: null, drag: { ids: [], dx: 1, dy: 2 }, ed: null, fol: null });
  });
});

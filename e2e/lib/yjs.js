/** Canvas clients made of the public npm packages alone: yjs and y-websocket, unmodified; and one in Rust, made with yrs. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { eventually } from './person.js';
import { yrsClientProgram } from './programs.js';

/** A connected client of `person` on a canvas, with everything that is there. */
export async function joinCanvas(person, canvas, { resolve = true } = {}) {
  class Signed extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { headers: { cookie: person.cookie, origin: person.base } });
    }
  }
  const doc = new Y.Doc();
  const address = `${person.base.replace(/^http/, 'ws')}/api/v1/canvases/${canvas}`;
  // Without the channel between tabs: in one process it would keep the clients in step without any server.
  const provider = new WebsocketProvider(address, 'sync', doc, { WebSocketPolyfill: Signed, disableBc: true, maxBackoffTime: 500 });
  if (resolve) {
    await eventually('the client has everything', async () => provider.synced);
  }
  const leave = () => {
    provider.destroy();
    // It keeps a timer for presence.
    doc.destroy();
  };
  return { doc, provider, objects: doc.getMap('objects'), links: doc.getMap('links'), leave };
}

/** Adds an object as the canvas's schema says. */
export function addObject({ doc, objects }, id, { t = 'sticky', at = ['', 0, 0], txt = '' } = {}) {
  doc.transact(() => {
    const object = new Y.Map();
    objects.set(id, object);
    object.set('t', t);
    object.set('at', at);
    object.set('txt', new Y.Text(txt));
  });
}

/** Everything in a document, to be compared. */
export const state = ({ objects, links }) => JSON.stringify([objects.toJSON(), links.toJSON()], (_, value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value,
);

/** A client in Rust that writes a note and follows; `end` lets it go and gives what its document is. */
export function yrsClient(args, token) {
  const child = spawn(yrsClientProgram(), args, { stdio: ['pipe', 'pipe', 'inherit'], env: { COORD_TOKEN: token } });
  const said = text(child.stdout);
  return {
    end: () => {
      child.stdin.end();
      return said;
    },
  };
}

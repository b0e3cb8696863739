/** Messages of the y-websocket protocol, made and read. What they mean is in protocol/src/canvas.rs. */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { schema } from '../schema.gen';

const { messages } = schema;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

function sync(kind: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messages.sync);
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>;
}

export const step1 = (stateVector: Uint8Array) => sync(STEP_1, stateVector);
export const step2 = (update: Uint8Array) => sync(STEP_2, update);
export const updateMessage = (update: Uint8Array) => sync(UPDATE, update);

export function awarenessMessage(update: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messages.awareness);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>;
}

/** Bytes that a message adds to the update in it, at most. */
export const ENVELOPE = 16;

export type Incoming =
  | { type: 'step1'; stateVector: Uint8Array }
  | { type: 'step2' | 'update'; update: Uint8Array }
  | { type: 'awareness'; update: Uint8Array }
  | { type: 'denied'; reason: string }
  | { type: 'ack'; messages: number }
  /** A message this version does not know, or that does not concern it. */
  | { type: 'other' };

/** Throws when the bytes are no message. */
export function read(data: Uint8Array): Incoming {
  const decoder = decoding.createDecoder(data);
  switch (decoding.readVarUint(decoder)) {
    case messages.sync: {
      const kind = decoding.readVarUint(decoder);
      const content = decoding.readVarUint8Array(decoder);
      if (kind === STEP_1) {
        return { type: 'step1', stateVector: content };
      }
      return kind === STEP_2 || kind === UPDATE ? { type: kind === STEP_2 ? 'step2' : 'update', update: content } : { type: 'other' };
    }
    case messages.awareness:
      return { type: 'awareness', update: decoding.readVarUint8Array(decoder) };
    case messages.auth:
      return decoding.readVarUint(decoder) === 0 ? { type: 'denied', reason: decoding.readVarString(decoder) } : { type: 'other' };
    case messages.ack:
      return { type: 'ack', messages: decoding.readVarUint(decoder) };
    default:
      return { type: 'other' };
  }
}

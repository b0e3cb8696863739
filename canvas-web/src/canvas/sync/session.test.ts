import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unsavedEdits } from './copies';
import { CanvasSession } from './session';

/** A socket that never opens. */
class DeadSocket {
  static readonly OPEN = 1;
  readyState = 0;
  binaryType = '';
  close() {
    this.readyState = 3;
  }
}

let session: CanvasSession | null;
const leave = () => {
  const event = new Event('beforeunload', { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
};

beforeEach(async () => {
  vi.stubGlobal('WebSocket', DeadSocket);
  session = await CanvasSession.open({ user: 'u', canvas: 'c-1', findOut: async () => 'unknown' }, () => false);
});
afterEach(() => {
  session?.stop();
  vi.unstubAllGlobals();
});

test('WEB-5: where the browser keeps nothing, leaving with unsaved edits is asked about', () => {
  expect(session?.local).toBeNull();
  expect(leave()).toBe(false);
  session?.doc.getMap('objects').set('a', 1);
  expect(unsavedEdits()).toBe(1);
  expect(leave()).toBe(true);
  session?.stop();
  expect(leave()).toBe(false);
  expect(unsavedEdits()).toBe(0);
});

test('CAN-1: who left while it opened leaves nothing behind', async () => {
  const late = await CanvasSession.open({ user: 'u', canvas: 'c-2', findOut: async () => 'unknown' }, () => true);
  expect(late).toBeNull();
});

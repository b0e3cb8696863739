import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { openDocument } from './read';
import { type CanvasFile, wireView } from './wire';

interface Fixture {
  name: string;
  update: string;
  view: Pick<CanvasFile, 'objects' | 'links'>;
}

const fixtures = Object.values(
  import.meta.glob<Fixture>('../../../../protocol/fixtures/canvas/*.json', { eager: true, import: 'default' }),
);

const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

test('CAN-1: there are samples to read', () => {
  expect(fixtures.length).toBeGreaterThan(0);
});

test.each(fixtures)('CAN-1: the server and the browser read $name alike', ({ update, view }) => {
  const whole = new Y.Doc();
  Y.applyUpdate(whole, bytes(update));
  expect(wireView(openDocument(whole))).toEqual(view);

  const live = openDocument(new Y.Doc());
  Y.applyUpdate(live.doc, bytes(update));
  expect(wireView(live)).toEqual(view);
});

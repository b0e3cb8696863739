import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { splitUpdate } from './split';

/** Some peers edit the same document, by turns, and know of each other. */
function worked(steps: readonly { peer: number; key: number; text: string; cut: boolean }[]): Y.Doc {
  const peers = [new Y.Doc(), new Y.Doc(), new Y.Doc()];
  for (const { peer, key, text, cut } of steps) {
    const doc = peers[peer] as Y.Doc;
    const objects = doc.getMap<Y.Map<Y.Text>>('objects');
    doc.transact(() => {
      const object = objects.get(`o${key}`);
      if (!object) {
        const made = new Y.Map<Y.Text>();
        made.set('txt', new Y.Text(text));
        objects.set(`o${key}`, made);
      } else if (cut) {
        objects.delete(`o${key}`);
      } else {
        object.get('txt')?.insert(0, text);
      }
    });
    for (const other of peers) {
      if (other !== doc) {
        Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)));
      }
    }
  }
  return peers[0] as Y.Doc;
}

const steps = fc.array(
  fc.record({ peer: fc.nat(2), key: fc.nat(4), text: fc.string({ minLength: 1, maxLength: 40 }), cut: fc.boolean() }),
  { minLength: 1, maxLength: 60 },
);

test('CAN-9: the parts of a cut update are small, each applies after those before it, and together they are the whole', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 400, max: 800 }), (plan, most) => {
      const doc = worked(plan);
      const parts = splitUpdate(Y.encodeStateAsUpdate(doc), most);
      const copy = new Y.Doc();
      for (const part of parts ?? []) {
        expect(part.byteLength).toBeLessThanOrEqual(most);
        Y.applyUpdate(copy, part);
        expect(copy.store.pendingStructs).toBeNull();
      }
      expect(copy.getMap('objects').toJSON()).toEqual(doc.getMap('objects').toJSON());
      expect(Y.encodeStateVector(copy)).toEqual(Y.encodeStateVector(doc));
    }),
    { numRuns: 150 },
  );
});

test('CAN-9: one text larger than a part is not cut', () => {
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'x'.repeat(2000));
  expect(splitUpdate(Y.encodeStateAsUpdate(doc), 1000)).toBeNull();
});

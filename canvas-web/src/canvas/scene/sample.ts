/** Documents for the tests of the scene, made as any Yjs client may make them. */
import * as Y from 'yjs';
import { openDocument } from '../document';
import { schema } from '../schema.gen';
import { Scene } from './scene';

export interface Sample {
  id: string;
  type?: string;
  parent?: string;
  x?: number;
  y?: number;
  w?: number;
  h?: number;
  z?: string;
  text?: string;
  locked?: boolean;
  job?: string;
}

export function put(doc: Y.Doc, ...samples: Sample[]): void {
  doc.transact(() => {
    const { keys } = schema;
    for (const { id, type = 'sticky', parent = '', x = 0, y = 0, w = 100, h = 100, z = 'a0', text = '', locked, job } of samples) {
      const map = new Y.Map<unknown>();
      map.set(keys.type, type);
      map.set(keys.at, [parent, x, y]);
      map.set(keys.size, [w, h]);
      map.set(keys.order, z);
      map.set(keys.text, new Y.Text(text));
      if (locked) {
        map.set(keys.lock, true);
      }
      if (job) {
        map.set(keys.job, job);
      }
      doc.getMap(schema.roots.objects).set(id, map);
    }
  });
}

export function move(doc: Y.Doc, id: string, x: number, y: number, parent = ''): void {
  (doc.getMap(schema.roots.objects).get(id) as Y.Map<unknown>).set(schema.keys.at, [parent, x, y]);
}

export function link(doc: Y.Doc, id: string, from: string, to: string, kind = 'rel'): void {
  const map = new Y.Map<unknown>();
  map.set(schema.keys.from, [from, 'auto']);
  map.set(schema.keys.to, [to, 'auto']);
  map.set(schema.keys.kind, kind);
  doc.getMap(schema.roots.links).set(id, map);
}

/** A scene whose frames come when `frame` is called. */
export function sceneOf(...samples: Sample[]) {
  const doc = new Y.Doc();
  put(doc, ...samples);
  let waiting: (() => void)[] = [];
  const schedule = (run: () => void) => {
    waiting.push(run);
  };
  const document = openDocument(doc, schedule);
  const scene = new Scene(document, schedule);
  const frame = () => {
    while (waiting.length > 0) {
      const now = waiting;
      waiting = [];
      for (const run of now) {
        run();
      }
    }
  };
  return { doc, document, scene, frame };
}

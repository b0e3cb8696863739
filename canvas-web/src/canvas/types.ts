import type * as Y from 'yjs';
import type { schema } from './schema.gen';

export type ObjectType = keyof typeof schema.types;
export type Color = (typeof schema.colors)[number];
export type Side = (typeof schema.sides)[number];
export type LinkKind = (typeof schema.kinds)[number];

/** An object as a reader sees it, after the rules in protocol/src/canvas/schema.rs. Never changed: a change makes a new one. */
export interface ObjectView {
  readonly id: string;
  /** A word of the schema, or one this version does not know: drawn as a box. */
  readonly type: ObjectType | (string & {});
  /** The group it is in. */
  readonly parent: string | null;
  /** Left and top edge, relative to the group's. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly z: string;
  readonly text: string;
  readonly color: Color;
  readonly by: string | null;
  /** Milliseconds; 0 when unknown. */
  readonly ts: number;
  readonly locked: boolean;
  readonly job: string | null;
  readonly url: string | null;
  readonly file: string | null;
  readonly folder: string | null;
}

export interface LinkEnd {
  readonly object: string;
  readonly side: Side;
}

export interface LinkView {
  readonly id: string;
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly kind: LinkKind;
  readonly color: Color;
  readonly text: string;
}

/** What changed since the last notice: ids that came, went or are different now. */
export interface DocumentChange {
  readonly objects: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/** A canvas document, read by the schema's rules. The one reader and the one place that listens to Yjs; see document/. */
export interface CanvasDocument {
  readonly doc: Y.Doc;
  readonly objects: ReadonlyMap<string, ObjectView>;
  readonly links: ReadonlyMap<string, LinkView>;
  /** Ids in drawing order, lowest first. */
  children(parent: string | null): readonly string[];
  /** Told once per frame of the screen at most, after any number of Yjs events. */
  subscribe(listener: (change: DocumentChange) => void): () => void;
  /** The text to type into; undefined when the object is gone. */
  text(id: string): Y.Text | undefined;
}

/** A point of the canvas, in its own units. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What is looked at: the point in the middle of the view, and pixels per unit. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** What a person shows of themself to the others. The server adds who they are. */
export interface PresenceState {
  readonly cur: readonly [number, number] | null;
  readonly sel: readonly string[];
  /** Middle, zoom and size of their view: [x, y, zoom, w, h]. */
  readonly vp: readonly [number, number, number, number, number] | null;
  /** What they drag, before it is dropped. */
  readonly drag: { readonly ids: readonly string[]; readonly dx: number; readonly dy: number } | null;
  /** The object whose text they edit. */
  readonly ed: string | null;
  /** Whom they follow: a client id. */
  readonly fol: number | null;
}

export interface Peer {
  readonly client: number;
  /** Stamped by the server. */
  readonly user: { readonly id: string; readonly name: string; readonly hue: number };
  readonly state: PresenceState;
}

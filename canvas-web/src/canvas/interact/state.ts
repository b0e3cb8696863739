/** What a person is doing on a canvas right now. None of it is in the document. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Box, LinkKind, Point } from '../types';
import type { Guide } from './snap';

export type Tool = 'select' | 'hand' | 'sticky' | 'idea' | 'job' | 'group' | 'text' | 'link' | 'image' | 'connect';

/** A connector that is being drawn. */
export interface Linking {
  readonly from: string;
  readonly to: string | null;
  readonly at: Point;
  /** It is there already and one end of it is being moved: the scene draws it. */
  readonly moved?: boolean;
}

/** Asks to choose an object out of a list: what to connect with, or where an end of a connector is to be. */
export type Picking =
  | { readonly what: 'connect'; readonly id: string }
  | { readonly what: 'end'; readonly link: string; readonly end: 'from' | 'to' };

export interface UiState {
  readonly tool: Tool;
  /** What the connect tool draws. */
  readonly kind: LinkKind;
  /** Objects, in the order they were chosen. */
  readonly selection: ReadonlySet<string>;
  /** Connectors. */
  readonly links: ReadonlySet<string>;
  /** Whose text is being typed. */
  readonly editing: string | null;
  /** The object that has, or had last, the keyboard. */
  readonly focus: string | null;
  readonly hover: string | null;
  readonly gesture: 'none' | 'pan' | 'drag' | 'resize' | 'marquee' | 'connect' | 'create';
  /** World box of the marquee, or of the group being drawn. */
  readonly marquee: Box | null;
  readonly guides: readonly Guide[];
  readonly linking: Linking | null;
  /** The group that what is dragged would go into. */
  readonly target: string | null;
  /** Boxes of the copies that would be made here. */
  readonly ghosts: readonly Box[];
  /** Space is held: the pointer pans. */
  readonly space: boolean;
  readonly find: boolean;
  readonly minimap: boolean;
  /** Whom this person follows: a client id. */
  readonly following: number | null;
  /** What was last told to those who hear the canvas. */
  readonly heard: string;
  /** Where a link card or an image is about to be put: its address or file is asked for first. */
  readonly asking: { readonly at: Point; readonly what: 'link' | 'image' } | null;
  readonly picking: Picking | null;
}

export type UiStore = StoreApi<UiState>;

export const none: ReadonlySet<string> = new Set();

export const createUi = (): UiStore =>
  createStore<UiState>(() => ({
    tool: 'select',
    kind: 'rel',
    selection: none,
    links: none,
    editing: null,
    focus: null,
    hover: null,
    gesture: 'none',
    marquee: null,
    guides: [],
    linking: null,
    target: null,
    ghosts: [],
    space: false,
    find: false,
    minimap: false,
    following: null,
    asking: null,
    picking: null,
    heard: '',
  }));

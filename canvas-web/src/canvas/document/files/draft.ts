/** Fragments made from something else than a canvas: files of others, tables, templates. */
import type { Color, LinkKind, LinkView, ObjectView, Side } from '../../types';
import type { Fragment } from '../commands/copies';
import { defaultsOf } from '../heal';

export interface DraftObject {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly w?: number;
  readonly h?: number;
  readonly parent?: string | null;
  readonly color?: Color;
  readonly text?: string;
  readonly url?: string | null;
}

/** Collects objects and connectors in the order in which they are to lie. Its ids hold within the fragment only. */
export class Draft {
  private readonly objects: ObjectView[] = [];
  private readonly links: LinkView[] = [];

  add({ type, x, y, w, h, parent = null, color, text = '', url = null }: DraftObject): string {
    const defaults = defaultsOf(type);
    const id = `o${this.objects.length + 1}`;
    this.objects.push({
      id,
      type,
      parent,
      x,
      y,
      w: w ?? defaults.w,
      h: h ?? defaults.h,
      z: '',
      text,
      color: color ?? defaults.color,
      by: null,
      ts: 0,
      locked: false,
      job: null,
      url,
      file: null,
      folder: null,
    });
    return id;
  }

  link(from: string, to: string, more: { kind?: LinkKind; color?: Color; text?: string; sides?: readonly [Side, Side] } = {}): void {
    const { kind = 'rel', color = 'gray', text = '', sides = ['auto', 'auto'] } = more;
    const id = `l${this.links.length + 1}`;
    this.links.push({ id, from: { object: from, side: sides[0] }, to: { object: to, side: sides[1] }, kind, color, text });
  }

  fragment(): Fragment {
    return { objects: this.objects, links: this.links };
  }
}

/** Draws a part of the scene on a surface: the far view, the minimap, PNG and SVG are all this one painter. */
import { arrow, type Curve, pointOn } from '../scene/connectors';
import { around, bottom, right } from '../scene/geometry';
import type { Scene, SceneLink } from '../scene/scene';
import type { Box, Color, ObjectView } from '../types';
import type { Pictures } from './images';
import { type Block, GROUP_TITLE, type Ink, type JobFace, Layouts, RADIUS } from './layout';
import { type Palette, readPalette } from './palette';
import type { Stroke, Surface } from './surface';
import { clipped, type Measure, makeMeasure } from './text';

/** What knows about jobs. The document holds their ids only. */
export interface JobSource {
  /** Undefined for jobs this person may not see. */
  face(job: string): JobFace | undefined;
  /** Told which jobs look different now; null for all. */
  subscribe(listener: (jobs: ReadonlySet<string> | null) => void): () => void;
}

export interface PaintOptions {
  readonly zoom: number;
  /** Draws the grid of dots. */
  readonly grid: boolean;
  /** Draws what is not a group; those for which this says no are shown by somebody else. */
  readonly cards: ((id: string) => boolean) | false;
  /** Only these objects; connectors between them. All when absent. */
  readonly only?: ReadonlySet<string>;
  /** Groups without their names: they would not be read. */
  readonly untitled?: boolean;
  /** Told where each object and connector was drawn. */
  readonly drawn?: (id: string, box: Box) => void;
}

/** Letters smaller than so many pixels are left out: nobody can read them, and they cost most of the time. */
const LEAST_LETTER = 3.4;

export class Painter {
  layouts: Layouts;

  constructor(
    readonly scene: Scene,
    public palette: Palette,
    public measure: Measure,
    readonly pictures: Pictures,
    readonly jobs: JobSource,
  ) {
    this.layouts = new Layouts(measure);
  }

  /** Reads the colours again: the theme has changed. */
  restyle(element: Element): void {
    this.palette = readPalette(element);
  }

  /** Measures all letters anew: a font has come that was not there before. */
  remeasure(): void {
    this.measure = makeMeasure();
    this.layouts = new Layouts(this.measure);
  }

  paint(to: Surface, area: Box, options: PaintOptions): void {
    const { zoom, only } = options;
    if (options.grid) {
      this.grid(to, area, zoom);
    }
    const chosen = (ids: string[]) => (only ? ids.filter((id) => only.has(id)) : ids);
    const found = chosen(this.scene.query(area));
    let at = 0;
    for (; at < found.length && this.scene.view(found[at] as string)?.type === 'group'; at++) {
      this.group(to, found[at] as string, options);
    }
    const groups = at;
    for (const id of this.scene.queryLinks(area)) {
      const link = this.scene.link(id);
      if (link && (!only || (only.has(link.view.from.object) && only.has(link.view.to.object)))) {
        this.link(to, id, link, options);
      }
    }
    if (options.cards) {
      for (; at < found.length; at++) {
        const id = found[at] as string;
        if (options.cards(id)) {
          this.card(to, id, options);
        }
      }
      // From afar names are larger than the room above what is in a group: over the cards they can be read.
      for (const id of found.slice(0, groups)) {
        this.name(to, id, options);
      }
    }
  }

  /** Dots at every 24 units, doubled until they are far enough apart to be quiet. */
  private grid(to: Surface, area: Box, zoom: number): void {
    let gap = 24;
    while (gap * zoom < 14) {
      gap *= 2;
    }
    const size = 1.5 / zoom;
    for (let x = Math.ceil(area.x / gap) * gap; x < right(area); x += gap) {
      for (let y = Math.ceil(area.y / gap) * gap; y < bottom(area); y += gap) {
        to.rect({ x: x - size / 2, y: y - size / 2, w: size, h: size }, 0, this.palette.dot);
      }
    }
  }

  private group(to: Surface, id: string, options: PaintOptions): void {
    const { zoom, drawn, cards } = options;
    const view = this.scene.view(id);
    const box = this.scene.box(id);
    if (!view || !box) {
      return;
    }
    drawn?.(id, box);
    const look = this.palette.colors[view.color];
    to.rect(box, RADIUS.group ?? 0, look.soft, { color: look.edge, width: Math.max(1.25, 1 / zoom) });
    if (!cards) {
      this.name(to, id, options);
    }
  }

  private name(to: Surface, id: string, { zoom, untitled }: PaintOptions): void {
    const view = this.scene.view(id);
    const box = this.scene.box(id);
    const title = view && box && !untitled ? this.groupTitle(view, box, zoom) : null;
    if (!view || !box || !title) {
      return;
    }
    const look = this.palette.colors[view.color];
    const { size, step, lines } = title.lines;
    if (size > GROUP_TITLE) {
      const wide = Math.max(...lines.map((line) => (this.measure(line, title.weight) * size) / 100));
      to.rect(
        { x: box.x + title.x - size * 0.4, y: box.y + title.y - size * 0.2, w: wide + size * 0.8, h: step + size * 0.4 },
        size * 0.4,
        look.soft,
      );
    }
    to.text(box.x + title.x, box.y + title.y, title.lines, title.weight, look.ink);
  }

  /** The title of a group stays legible from afar: never smaller than 11 pixels while the group has room for it. */
  groupTitle(view: ObjectView, box: Box, zoom: number): Block | null {
    const size = Math.max(GROUP_TITLE, 11 / zoom);
    const room = box.w - size * 1.6;
    if (room < size * 4 || box.h < size * 2) {
      return null;
    }
    const text = view.text.split('\n', 1)[0] || 'Group';
    const lines = clipped(text, room, 1, size, 600, this.measure);
    return { x: size * 0.9, y: size * 0.65, lines, weight: 600, ink: 'card' };
  }

  private link(to: Surface, id: string, { view, jobs }: SceneLink, { zoom, drawn }: PaintOptions): void {
    const shape = this.scene.curve(id);
    if (shape && Math.max(shape.box.w, shape.box.h) * zoom > 2) {
      drawn?.(id, view.text ? labelled(shape) : shape.box);
      this.connector(to, shape, view.kind, view.color, jobs !== null, zoom);
      if (view.text && 13 * zoom >= LEAST_LETTER) {
        const lines = clipped(view.text, 220, 2, 13, 500, this.measure);
        const wide = Math.max(...lines.lines.map((line) => (this.measure(line, 500) * 13) / 100));
        const { x, y } = pointOn(shape, 0.5);
        const high = lines.lines.length * lines.step;
        to.rect({ x: x - wide / 2 - 6, y: y - high / 2 - 3, w: wide + 12, h: high + 6 }, 6, this.palette.bg);
        to.text(x - wide / 2, y - high / 2, lines, 500, this.palette.ink2);
      }
    }
  }

  /** A dependency between jobs is solid and strong, a planned one dashed, any other relation quiet. */
  connector(to: Surface, shape: Curve, kind: string, color: Color, ofJobs: boolean, zoom: number): void {
    const ink = kind === 'dep' ? this.palette.accent : color === 'gray' ? this.palette.ink3 : this.palette.colors[color].ink;
    const width = Math.max(kind === 'dep' ? 2.25 : 1.75, 0.9 / zoom);
    const stroke: Stroke = kind === 'dep' && !ofJobs ? { color: ink, width, dash: [7, 5] } : { color: ink, width };
    to.curve(shape, stroke);
    if (zoom > 0.12) {
      const wings = arrow(shape, kind === 'dep' ? 12 : 9);
      if (kind === 'dep') {
        to.shape(wings, ink);
      } else {
        to.shape(wings, null, { color: ink, width });
      }
    }
  }

  private card(to: Surface, id: string, { zoom, drawn }: PaintOptions): void {
    const view = this.scene.view(id);
    const box = this.scene.box(id);
    if (!view || !box) {
      return;
    }
    drawn?.(id, box);
    if (Math.min(box.w, box.h) * zoom < 14) {
      this.speck(to, view, box, zoom);
      return;
    }
    const radius = RADIUS[view.type] ?? 8;
    const edge = { color: this.palette.strong, width: Math.max(1, 0.7 / zoom) };
    const look = this.palette.colors[view.color];
    const face = view.job ? this.jobs.face(view.job) : undefined;
    switch (view.type) {
      case 'sticky':
        to.rect(box, radius, look.fill);
        break;
      case 'text':
        break;
      case 'image': {
        const picture = view.file ? this.pictures.get(view.file) : undefined;
        to.rect(box, radius, this.palette.line);
        if (picture) {
          to.image(box, radius, picture);
        }
        break;
      }
      default: {
        to.rect(box, radius, this.palette.surface, edge);
        if (view.type === 'link') {
          break;
        }
        const bar = view.type === 'job' ? (face ? this.palette.tones[face.tone].ink : this.palette.strong) : look.edge;
        to.rect({ x: box.x, y: box.y + 12, w: 4, h: Math.max(0, box.h - 24) }, 2, bar);
      }
    }
    // The largest letters there are on a card, without laying it out: from afar nothing would be drawn of it.
    if (26 * zoom >= LEAST_LETTER) {
      for (const block of this.layouts.of(view, face)) {
        if (block.lines.size * zoom >= LEAST_LETTER) {
          to.text(box.x + block.x, box.y + block.y, block.lines, block.weight, this.ink(block.ink, view.color));
        }
      }
    }
  }

  /** A card so small that only its colour can be seen. There may be thousands of them. */
  private speck(to: Surface, view: ObjectView, box: Box, zoom: number): void {
    if (view.type === 'sticky' || view.type === 'text') {
      to.rect(box, 0, this.palette.colors[view.color].fill);
      return;
    }
    to.rect(box, 0, this.palette.strong);
    const face = view.job ? this.jobs.face(view.job) : undefined;
    const mark = view.job ? face && this.palette.tones[face.tone].ink : this.palette.colors[view.color].edge;
    if (mark) {
      to.rect({ x: box.x, y: box.y, w: Math.max(4, 2 / zoom), h: box.h }, 0, mark);
    }
  }

  ink(role: Ink, color: Color): string {
    switch (role) {
      case 'card':
        return this.palette.colors[color].ink;
      case 'edge':
        return this.palette.colors[color].edge;
      case 'ink':
        return this.palette.ink;
      case 'ink2':
        return this.palette.ink2;
      case 'ink3':
        return this.palette.ink3;
    }
  }
}

/** The box of a connector with room for its label. */
export function labelled(shape: Curve): Box {
  const { x, y } = pointOn(shape, 0.5);
  return around([shape.box, { x: x - 120, y: y - 26, w: 240, h: 52 }]) ?? shape.box;
}

/**
 * The picture under the cards: grid, groups and connectors, and from afar the cards too. It is drawn with a margin and moved by CSS while
 * the camera moves; drawn anew when the margin is used up, the zoom has changed by much or come to rest, or something in it changed.
 */

import type { CameraControl } from '../scene/camera';
import { around, contains, grown, overlaps, viewBox } from '../scene/geometry';
import type { Box, Camera } from '../types';
import { labelled, type Painter } from './painter';
import { CanvasSurface } from './surface';

const MARGIN = 256;
/** How far the picture may be stretched before it is drawn anew in the middle of a zoom. */
const STRETCH = 1.4;
const REST_MS = 140;
/** From a screen finer than this on, the picture is drawn at this: a blur nobody sees, for half the work. */
const MAX_RATIO = 2;
/** More changes than this at once, or changes of so much of the picture, and all of it is drawn anew. */
const MOST_PATCHES = 48;
const MOST_PATCHED = 0.6;
/** Further than their boxes reach: strokes, arrow heads, and the blur at the edge of what is drawn. */
const BLEED = 14;

export class Picture {
  /** How often it was drawn, for the tests and the measurements. */
  drawn = 0;
  private readonly pen: CanvasRenderingContext2D | null;
  private last: { camera: Camera; area: Box } | null = null;
  private dirty = true;
  /** Where each object and connector is in the picture. */
  private readonly places = new Map<string, Box>();
  private readonly patched = new Set<string>();
  private rest: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly element: HTMLCanvasElement,
    private readonly camera: CameraControl,
    private readonly painter: Painter,
    /** Which cards are in the picture now: those nobody else shows. */
    private readonly cards: () => ((id: string) => boolean) | false,
    private readonly request: () => void,
  ) {
    this.pen = element.getContext('2d', { alpha: false });
  }

  destroy(): void {
    clearTimeout(this.rest);
  }

  invalidate(): void {
    this.dirty = true;
    this.request();
  }

  /** Told what changed; draws again the parts where that shows. */
  changed(objects: Iterable<string>, links: Iterable<string>): void {
    if (this.dirty || !this.last) {
      return;
    }
    for (const id of objects) {
      this.patched.add(id);
    }
    for (const id of links) {
      this.patched.add(id);
    }
    if (this.patched.size > MOST_PATCHES * 8) {
      this.dirty = true;
    }
    if (this.patched.size > 0) {
      this.request();
    }
  }

  frame(): void {
    const { camera, view } = this.camera;
    if (view.w === 0 || view.h === 0) {
      return;
    }
    const seen = viewBox(camera, view);
    const { last } = this;
    const ratio = last ? camera.zoom / last.camera.zoom : 0;
    if (this.dirty || !last || ratio > STRETCH || ratio < 1 / STRETCH || !contains(last.area, seen)) {
      this.draw(camera);
    } else {
      if (this.patched.size > 0) {
        this.patch(last.camera, last.area);
      }
      if (ratio !== 1) {
        clearTimeout(this.rest);
        this.rest = setTimeout(() => this.invalidate(), REST_MS);
      }
      this.move(camera, last.area, last.camera.zoom);
    }
  }

  private draw(camera: Camera): void {
    const { view } = this.camera;
    clearTimeout(this.rest);
    this.dirty = false;
    this.patched.clear();
    this.places.clear();
    this.drawn++;
    const density = Math.min(MAX_RATIO, globalThis.devicePixelRatio || 1);
    const area = grown(viewBox(camera, view), MARGIN / camera.zoom);
    const [w, h] = [Math.round((view.w + 2 * MARGIN) * density), Math.round((view.h + 2 * MARGIN) * density)];
    const { element, pen } = this;
    if (element.width !== w || element.height !== h) {
      element.width = w;
      element.height = h;
      element.style.width = `${w / density}px`;
      element.style.height = `${h / density}px`;
    }
    if (pen) {
      const scale = camera.zoom * density;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = this.painter.palette.bg;
      pen.fillRect(0, 0, w, h);
      pen.setTransform(scale, 0, 0, scale, -area.x * scale, -area.y * scale);
      this.painter.paint(new CanvasSurface(pen), area, { zoom: camera.zoom, grid: true, cards: this.cards(), drawn: this.note });
    }
    this.last = { camera, area };
    this.move(camera, area, camera.zoom);
  }

  private readonly note = (id: string, box: Box): void => {
    this.places.set(id, box);
  };

  /** Draws the changed parts again, each cut to whole pixels so that no seams show. */
  private patch(camera: Camera, area: Box): void {
    const { pen, painter } = this;
    const { scene } = painter;
    const parts: Box[] = [];
    for (const id of this.patched) {
      const shape = scene.box(id) ? undefined : scene.curve(id);
      const now = shape ? labelled(shape) : scene.box(id);
      const before = this.places.get(id);
      this.places.delete(id);
      for (const box of [before, now]) {
        if (box && overlaps(box, area)) {
          parts.push(box);
        }
      }
    }
    this.patched.clear();
    const density = Math.min(MAX_RATIO, globalThis.devicePixelRatio || 1);
    const scale = camera.zoom * density;
    const boxes = merged(parts.map((box) => grown(box, BLEED + 2 / camera.zoom)));
    const size = boxes.reduce((sum, { w, h }) => sum + w * h, 0);
    if (!pen || boxes.length > MOST_PATCHES || size > area.w * area.h * MOST_PATCHED) {
      this.draw(camera);
      return;
    }
    const cards = this.cards();
    for (const box of boxes) {
      const left = Math.floor((box.x - area.x) * scale);
      const top = Math.floor((box.y - area.y) * scale);
      const wide = Math.ceil((box.x + box.w - area.x) * scale) - left;
      const high = Math.ceil((box.y + box.h - area.y) * scale) - top;
      pen.save();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.beginPath();
      pen.rect(left, top, wide, high);
      pen.clip();
      pen.fillStyle = painter.palette.bg;
      pen.fillRect(left, top, wide, high);
      pen.setTransform(scale, 0, 0, scale, -area.x * scale, -area.y * scale);
      const part = { x: left / scale + area.x, y: top / scale + area.y, w: wide / scale, h: high / scale };
      painter.paint(new CanvasSurface(pen), part, { zoom: camera.zoom, grid: true, cards, drawn: this.note });
      pen.restore();
    }
  }

  private move(camera: Camera, area: Box, drawnAt: number): void {
    const { view } = this.camera;
    const x = (area.x - camera.x) * camera.zoom + view.w / 2;
    const y = (area.y - camera.y) * camera.zoom + view.h / 2;
    this.element.style.transform = `translate3d(${x}px, ${y}px, 0) scale(${camera.zoom / drawnAt})`;
  }
}

/** Boxes that overlap become one. */
function merged(boxes: readonly Box[]): Box[] {
  const whole: Box[] = [];
  for (const box of boxes) {
    let next = box;
    for (let at = whole.findIndex((other) => overlaps(other, next)); at >= 0; at = whole.findIndex((other) => overlaps(other, next))) {
      next = around([next, ...whole.splice(at, 1)]) ?? next;
    }
    whole.push(next);
  }
  return whole;
}

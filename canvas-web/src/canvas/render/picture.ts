/**
 * The picture under the cards: grid, groups and connectors, and from afar the cards too. It is drawn with a margin and moved by CSS while
 * the camera moves; drawn anew when the margin is used up, the zoom has changed by much or come to rest, or something in it changed.
 */

import type { CameraControl } from '../scene/camera';
import { contains, grown, viewBox } from '../scene/geometry';
import type { Box, Camera } from '../types';
import { type Painter, shows } from './painter';
import { CanvasSurface } from './surface';

const MARGIN = 256;
/** How far the picture may be stretched before it is drawn anew in the middle of a zoom. */
const STRETCH = 1.4;
const REST_MS = 140;
/** From a screen finer than this on, the picture is drawn at this: a blur nobody sees, for half the work. */
const MAX_RATIO = 2;

export class Picture {
  /** How often it was drawn, for the tests and the measurements. */
  drawn = 0;
  private readonly pen: CanvasRenderingContext2D | null;
  private last: { camera: Camera; area: Box } | null = null;
  private dirty = true;
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

  /** Told what changed; draws again only when that shows. */
  changed(objects: Iterable<string>, links: ReadonlySet<string>): void {
    if (this.dirty || !this.last) {
      return;
    }
    if (links.size > 0 || shows(this.painter.scene, objects, this.last.area)) {
      this.invalidate();
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
      this.painter.paint(new CanvasSurface(pen), area, { zoom: camera.zoom, grid: true, cards: this.cards() });
    }
    this.last = { camera, area };
    this.move(camera, area, camera.zoom);
  }

  private move(camera: Camera, area: Box, drawnAt: number): void {
    const { view } = this.camera;
    const x = (area.x - camera.x) * camera.zoom + view.w / 2;
    const y = (area.y - camera.y) * camera.zoom + view.h / 2;
    this.element.style.transform = `translate3d(${x}px, ${y}px, 0) scale(${camera.zoom / drawnAt})`;
  }
}

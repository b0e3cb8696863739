/** What is looked at, and how it gets elsewhere. A store without React, since most who listen draw rather than render. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Box, Camera, Point } from '../types';
import { clamp, fitted, MAX_ZOOM, MIN_ZOOM, type Size, toWorld, viewBox, zoomedAt } from './geometry';

export interface CameraState {
  readonly camera: Camera;
  /** Of the stage, in CSS pixels. */
  readonly view: Size;
}

export type CameraStore = StoreApi<CameraState>;

const GLIDE_MS = 220;

export class CameraControl {
  readonly store: CameraStore = createStore<CameraState>(() => ({ camera: { x: 0, y: 0, zoom: 1 }, view: { w: 0, h: 0 } }));
  private gliding = 0;

  constructor(private readonly still: () => boolean = () => globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? true) {}

  get camera(): Camera {
    return this.store.getState().camera;
  }

  get view(): Size {
    return this.store.getState().view;
  }

  /** What is in view, in world units. */
  get seen(): Box {
    return viewBox(this.camera, this.view);
  }

  resize(view: Size): void {
    const before = this.view;
    if (before.w !== view.w || before.h !== view.h) {
      this.store.setState({ view });
    }
  }

  set(camera: Camera): void {
    this.stop();
    this.put(camera);
  }

  panBy(dx: number, dy: number): void {
    const { x, y, zoom } = this.camera;
    this.set({ x: x + dx / zoom, y: y + dy / zoom, zoom });
  }

  zoomAt(at: Point, zoom: number): void {
    this.set(zoomedAt(this.camera, this.view, at, zoom));
  }

  world(screen: Point): Point {
    return toWorld(this.camera, this.view, screen);
  }

  fit(box: Box, margin?: number, closest?: number): void {
    this.glide(fitted(box, this.view, margin, closest));
  }

  /** Moves as little as needed for the box to be in view; zooms in when `legible` is given and it is looked at from further away. */
  reveal(box: Box, legible = 0): void {
    const { camera, view } = this;
    const zoom = camera.zoom < legible ? Math.min(1, fitted(box, view).zoom) : camera.zoom;
    const room = { w: Math.max(1, view.w - 96) / zoom, h: Math.max(1, view.h - 128) / zoom };
    if (zoom !== camera.zoom || box.w > room.w || box.h > room.h) {
      this.glide({ x: box.x + box.w / 2, y: box.y + box.h / 2, zoom });
      return;
    }
    const x = clamp(camera.x, box.x + box.w - room.w / 2, box.x + room.w / 2);
    const y = clamp(camera.y, box.y + box.h - room.h / 2, box.y + room.h / 2);
    if (x !== camera.x || y !== camera.y) {
      this.glide({ x, y, zoom });
    }
  }

  /** Eases there; goes at once for those who asked their system for less motion. */
  glide(to: Camera): void {
    this.stop();
    if (this.still() || typeof requestAnimationFrame !== 'function') {
      this.put(to);
      return;
    }
    const from = this.camera;
    let begin: number | null = null;
    const step = (now: number) => {
      begin ??= now;
      const t = clamp((now - begin) / GLIDE_MS, 0, 1);
      const eased = 1 - (1 - t) ** 3;
      const zoom = from.zoom * (to.zoom / from.zoom) ** eased;
      // Along with a zoom the path is straight on the screen, not in the world.
      const part = Math.abs(to.zoom - from.zoom) < 1e-6 ? eased : (1 / zoom - 1 / from.zoom) / (1 / to.zoom - 1 / from.zoom);
      this.put(t === 1 ? to : { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, zoom });
      this.gliding = t < 1 ? requestAnimationFrame(step) : 0;
    };
    this.gliding = requestAnimationFrame(step);
  }

  stop(): void {
    if (this.gliding) {
      cancelAnimationFrame(this.gliding);
      this.gliding = 0;
    }
  }

  private put(camera: Camera): void {
    const far = 2e7;
    this.store.setState({
      camera: { x: clamp(camera.x, -far, far), y: clamp(camera.y, -far, far), zoom: clamp(camera.zoom, MIN_ZOOM, MAX_ZOOM) },
    });
  }
}

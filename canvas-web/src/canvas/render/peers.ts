/** The others, as they are shown: cursors and drags glide between the positions that arrive twenty times a second. */

import type { Editor } from '../interact/editor';
import { clamp, MAX_ZOOM, MIN_ZOOM } from '../scene/geometry';
import type { Camera, Peer, Point } from '../types';

/** Two thirds of the way in so many milliseconds: a little more than the gap between two messages. */
const EASE_MS = 55;

export interface ShownPeer {
  readonly peer: Peer;
  /** Where the cursor is drawn; null when it is not over the canvas. */
  cursor: Point | null;
  drag: Point | null;
}

export class Peers {
  readonly shown = new Map<number, ShownPeer>();
  private before = 0;
  private readonly stop: () => void;

  constructor(
    private readonly editor: Editor,
    private readonly request: () => void,
  ) {
    this.stop = editor.options.presence?.subscribe(() => this.take()) ?? (() => undefined);
    this.take();
  }

  destroy(): void {
    this.stop();
    for (const client of this.shown.keys()) {
      this.editor.scene.setDraft(String(client), null);
    }
  }

  private take(): void {
    const { presence } = this.editor.options;
    const peers = presence?.peers ?? new Map<number, Peer>();
    for (const client of [...this.shown.keys()]) {
      if (!peers.has(client)) {
        this.shown.delete(client);
        this.editor.scene.setDraft(String(client), null);
      }
    }
    for (const [client, peer] of peers) {
      const old = this.shown.get(client);
      const { cur } = peer.state;
      this.shown.set(client, {
        peer,
        cursor: cur ? (old?.cursor ?? { x: cur[0], y: cur[1] }) : null,
        drag: peer.state.drag ? (old?.drag ?? { x: peer.state.drag.dx, y: peer.state.drag.dy }) : null,
      });
      if (!peer.state.drag) {
        this.editor.scene.setDraft(String(client), null);
      }
    }
    const { following } = this.editor.state;
    if (following !== null && !peers.has(following)) {
      this.editor.follow(null);
      this.editor.say('The person you followed has left.');
    }
    this.request();
  }

  /** One step nearer to where everybody is. True while somebody still moves. */
  frame(now: number): boolean {
    const part = 1 - Math.exp(-clamp(now - this.before, 1, 100) / EASE_MS);
    this.before = now;
    const { zoom } = this.editor.camera.camera;
    const near = 0.3 / zoom;
    let moving = false;
    const ease = (from: Point, x: number, y: number): Point => {
      const next = { x: from.x + (x - from.x) * part, y: from.y + (y - from.y) * part };
      if (Math.hypot(x - next.x, y - next.y) < near) {
        return { x, y };
      }
      moving = true;
      return next;
    };
    for (const [client, one] of this.shown) {
      const { cur, drag } = one.peer.state;
      if (cur && one.cursor) {
        one.cursor = ease(one.cursor, cur[0], cur[1]);
      }
      if (drag && one.drag) {
        one.drag = ease(one.drag, drag.dx, drag.dy);
        this.editor.scene.setDraft(String(client), { ids: drag.ids, dx: one.drag.x, dy: one.drag.y });
      }
    }
    return this.followed(part) || moving;
  }

  /** Brings the camera to where the followed person looks. */
  private followed(part: number): boolean {
    const { following } = this.editor.state;
    const vp = following === null ? null : this.shown.get(following)?.peer.state.vp;
    if (!vp) {
      return false;
    }
    const { camera, view } = this.editor.camera;
    const [x, y, theirs, w, h] = vp;
    const fits = w > 0 && h > 0 ? Math.min(1.25, view.w / w, view.h / h) : 1;
    const to: Camera = { x, y, zoom: clamp(theirs * fits, MIN_ZOOM, MAX_ZOOM) };
    const there = Math.hypot(to.x - camera.x, to.y - camera.y) * camera.zoom < 0.5 && Math.abs(to.zoom / camera.zoom - 1) < 0.002;
    if (there) {
      return false;
    }
    this.editor.camera.set({
      x: camera.x + (to.x - camera.x) * part,
      y: camera.y + (to.y - camera.y) * part,
      zoom: camera.zoom * (to.zoom / camera.zoom) ** part,
    });
    return true;
  }
}

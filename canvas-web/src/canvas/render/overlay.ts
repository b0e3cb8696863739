/** What lies above the cards and keeps its size on the screen: selections, handles, guides, the marquee, and the others' cursors. */

import type { Editor } from '../interact/editor';
import { dotAt, dotSides, handleAt } from '../interact/handles';
import { dotted } from '../interact/pointer';
import { curve } from '../scene/connectors';
import { boxToScreen, toScreen } from '../scene/geometry';
import type { Box, Camera, Point } from '../types';
import type { Painter } from './painter';
import type { Peers, ShownPeer } from './peers';
import { FONT } from './text';

/** From so many on, only what is in view gets an outline of its own. */
const MANY = 150;
/** From so many in view on, the box around all of them says enough. */
const TOO_MANY = 1500;

/** From so many pixels on, what is selected has room for handles and for a whole name. */
const ROOMY = 48;

/** The first letters of a name, for where the whole has no room. */
const initials = (name: string): string =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();

const hued = (hue: number): string => `oklch(0.6 0.17 ${hue})`;

export class Overlay {
  private readonly pen: CanvasRenderingContext2D | null;
  private dirty = true;

  constructor(
    private readonly element: HTMLCanvasElement,
    private readonly editor: Editor,
    private readonly painter: Painter,
    private readonly peers: Peers,
  ) {
    this.pen = element.getContext('2d');
  }

  invalidate(): void {
    this.dirty = true;
  }

  frame(): void {
    const { pen, element, editor } = this;
    if (!this.dirty || !pen) {
      return;
    }
    this.dirty = false;
    const { view } = editor.camera;
    const density = Math.min(2, globalThis.devicePixelRatio || 1);
    const [w, h] = [Math.round(view.w * density), Math.round(view.h * density)];
    if (element.width !== w || element.height !== h) {
      element.width = w;
      element.height = h;
    }
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, view.w, view.h);
    this.targets(pen);
    this.others(pen);
    this.selection(pen);
    this.guides(pen);
    this.linking(pen);
    this.marquee(pen);
    this.dots(pen);
    for (const one of this.peers.shown.values()) {
      this.cursor(pen, one);
    }
  }

  private screen(box: Box): Box {
    return boxToScreen(this.editor.camera.camera, this.editor.camera.view, box);
  }

  private outline(pen: CanvasRenderingContext2D, box: Box, color: string, width: number, dash: number[] = []): void {
    const { x, y, w, h } = this.screen(box);
    pen.setLineDash(dash);
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.strokeRect(x - width / 2, y - width / 2, w + width, h + width);
    pen.setLineDash([]);
  }

  private targets(pen: CanvasRenderingContext2D): void {
    const { editor, painter } = this;
    const { state, scene } = editor;
    const target = state.target === null ? undefined : scene.box(state.target);
    if (target) {
      const { x, y, w, h } = this.screen(target);
      pen.strokeStyle = painter.palette.accent;
      pen.lineWidth = 3;
      pen.beginPath();
      pen.roundRect(x, y, w, h, 16 * editor.camera.camera.zoom);
      pen.stroke();
    }
    const hover = state.hover === null || state.selection.has(state.hover) || state.gesture !== 'none' ? undefined : scene.box(state.hover);
    if (hover && state.tool !== 'hand') {
      pen.globalAlpha = 0.55;
      this.outline(pen, hover, painter.palette.accent, 1.5);
      pen.globalAlpha = 1;
    }
    for (const ghost of state.ghosts) {
      const { x, y, w, h } = this.screen(ghost);
      pen.fillStyle = painter.palette.accent;
      pen.globalAlpha = 0.16;
      pen.fillRect(x, y, w, h);
      pen.globalAlpha = 1;
      this.outline(pen, ghost, painter.palette.accent, 1.5, [5, 4]);
    }
  }

  /** What the others have selected, with their names. */
  private others(pen: CanvasRenderingContext2D): void {
    for (const { peer } of this.peers.shown.values()) {
      let named = false;
      for (const id of peer.state.sel) {
        const box = this.editor.scene.box(id);
        if (!box) {
          continue;
        }
        this.outline(pen, box, hued(peer.user.hue), 2);
        if (!named) {
          named = true;
          const { x, y, w } = this.screen(box);
          const { name } = peer.user;
          this.tag(
            pen,
            w < ROOMY ? initials(name) : peer.state.ed === id ? `${name} is typing` : name,
            { x: x - 2, y: y - 21 },
            hued(peer.user.hue),
            3,
          );
        }
      }
    }
  }

  private selection(pen: CanvasRenderingContext2D): void {
    const { editor, painter } = this;
    const { state, scene, readOnly } = editor;
    const { accent, surface } = painter.palette;
    for (const id of state.links) {
      const shape = scene.curve(id);
      if (shape) {
        const { camera, view } = editor.camera;
        const [from, c1, c2, to] = [shape.from, shape.c1, shape.c2, shape.to].map((point) => toScreen(camera, view, point)) as [
          Point,
          Point,
          Point,
          Point,
        ];
        pen.strokeStyle = accent;
        pen.globalAlpha = 0.35;
        pen.lineWidth = 8;
        pen.beginPath();
        pen.moveTo(from.x, from.y);
        pen.bezierCurveTo(c1.x, c1.y, c2.x, c2.y, to.x, to.y);
        pen.stroke();
        pen.globalAlpha = 1;
        for (const end of [from, to]) {
          this.knob(pen, end, 4.5, surface, accent);
        }
      }
    }
    const { selection } = state;
    if (selection.size === 0) {
      return;
    }
    const shown = selection.size > MANY ? scene.query(editor.camera.seen).filter((id) => selection.has(id)) : selection;
    const each = Array.isArray(shown) && shown.length > TOO_MANY ? [] : shown;
    for (const id of each) {
      const box = scene.box(id);
      if (box) {
        this.outline(pen, box, accent, state.editing === id ? 2.5 : 1.75);
        if (scene.view(id)?.locked) {
          const { x, y, w } = this.screen(box);
          this.padlock(pen, { x: x + w - 8, y: y - 10 }, accent);
        }
      }
    }
    const whole = editor.selectionBox();
    const movable = !readOnly && state.editing === null && state.gesture !== 'drag' && editor.movable();
    if (whole && movable && state.tool === 'select') {
      if (selection.size > 1) {
        this.outline(pen, whole, accent, 1, [4, 4]);
      }
      const box = this.screen(whole);
      if (Math.min(box.w, box.h) > ROOMY) {
        for (const corner of ['nw', 'ne', 'se', 'sw'] as const) {
          const { x, y } = handleAt(box, corner);
          pen.fillStyle = surface;
          pen.strokeStyle = accent;
          pen.lineWidth = 1.5;
          pen.beginPath();
          pen.roundRect(x - 4.5, y - 4.5, 9, 9, 2.5);
          pen.fill();
          pen.stroke();
        }
      }
    }
  }

  private padlock(pen: CanvasRenderingContext2D, at: Point, color: string): void {
    pen.fillStyle = color;
    pen.strokeStyle = color;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(at.x - 5, at.y - 1, 10, 7, 1.5);
    pen.fill();
    pen.beginPath();
    pen.arc(at.x, at.y - 1, 3, Math.PI, 0);
    pen.stroke();
  }

  private guides(pen: CanvasRenderingContext2D): void {
    const { camera, view } = this.editor.camera;
    pen.strokeStyle = this.painter.palette.tones.failed.ink;
    pen.lineWidth = 1;
    for (const guide of this.editor.state.guides) {
      const place = (along: number, across: number): Point =>
        toScreen(camera, view, guide.axis === 'x' ? { x: along, y: across } : { x: across, y: along });
      pen.beginPath();
      if (guide.kind === 'line') {
        const [a, b] = [place(guide.at, guide.from), place(guide.at, guide.to)];
        pen.moveTo(a.x, a.y);
        pen.lineTo(b.x, b.y);
      } else {
        const [a, b] = [place(guide.from, guide.across), place(guide.to, guide.across)];
        const tick = guide.axis === 'x' ? { x: 0, y: 5 } : { x: 5, y: 0 };
        pen.moveTo(a.x, a.y);
        pen.lineTo(b.x, b.y);
        for (const end of [a, b]) {
          pen.moveTo(end.x - tick.x, end.y - tick.y);
          pen.lineTo(end.x + tick.x, end.y + tick.y);
        }
      }
      pen.stroke();
    }
  }

  private linking(pen: CanvasRenderingContext2D): void {
    const { editor, painter } = this;
    const { linking } = editor.state;
    const from = linking && editor.scene.box(linking.from);
    if (!from || !linking) {
      return;
    }
    const to = linking.to === null ? undefined : editor.scene.box(linking.to);
    if (linking.moved) {
      if (to) {
        this.outline(pen, to, painter.palette.accent, 2.5);
      }
      return;
    }
    const shape = curve(from, 'auto', to ?? { ...linking.at, w: 0, h: 0 }, 'auto');
    const { camera, view } = editor.camera;
    const [a, b, c, d] = [shape.from, shape.c1, shape.c2, shape.to].map((point) => toScreen(camera, view, point)) as [
      Point,
      Point,
      Point,
      Point,
    ];
    pen.strokeStyle = painter.palette.accent;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(a.x, a.y);
    pen.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
    pen.stroke();
    this.knob(pen, d, 4, painter.palette.accent, painter.palette.accent);
    if (to) {
      this.outline(pen, to, painter.palette.accent, 2.5);
    }
  }

  private marquee(pen: CanvasRenderingContext2D): void {
    const { marquee } = this.editor.state;
    if (marquee) {
      const { x, y, w, h } = this.screen(marquee);
      pen.fillStyle = this.painter.palette.accent;
      pen.globalAlpha = 0.1;
      pen.fillRect(x, y, w, h);
      pen.globalAlpha = 1;
      this.outline(pen, marquee, this.painter.palette.accent, 1);
    }
  }

  private dots(pen: CanvasRenderingContext2D): void {
    for (const id of dotted(this.editor)) {
      const box = this.editor.scene.box(id);
      for (const side of box ? dotSides : []) {
        this.knob(pen, dotAt(this.screen(box as Box), side), 4.5, this.painter.palette.surface, this.painter.palette.accent);
      }
    }
  }

  private knob(pen: CanvasRenderingContext2D, at: Point, radius: number, fill: string, stroke: string): void {
    pen.fillStyle = fill;
    pen.strokeStyle = stroke;
    pen.lineWidth = 1.75;
    pen.beginPath();
    pen.arc(at.x, at.y, radius, 0, Math.PI * 2);
    pen.fill();
    pen.stroke();
  }

  private cursor(pen: CanvasRenderingContext2D, { peer, cursor }: ShownPeer): void {
    if (!cursor) {
      return;
    }
    const { camera, view } = this.editor.camera;
    const { x, y } = toScreen(camera as Camera, view, cursor);
    if (x < -60 || y < -30 || x > view.w + 20 || y > view.h + 20) {
      return;
    }
    const color = hued(peer.user.hue);
    pen.fillStyle = color;
    pen.strokeStyle = '#fff';
    pen.lineWidth = 1.5;
    pen.lineJoin = 'round';
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + 4.6, y + 15.5);
    pen.lineTo(x + 8, y + 9.6);
    pen.lineTo(x + 14.6, y + 8.4);
    pen.closePath();
    pen.fill();
    pen.stroke();
    this.tag(pen, peer.user.name, { x: x + 11, y: y + 16 }, color, 9);
  }

  private tag(pen: CanvasRenderingContext2D, text: string, at: Point, color: string, radius: number): void {
    const short = text.length > 28 ? `${text.slice(0, 27)}…` : text;
    pen.font = `600 11px ${FONT}`;
    const wide = (this.painter.measure(short, 600) * 11) / 100;
    pen.fillStyle = color;
    pen.beginPath();
    pen.roundRect(at.x, at.y, wide + 12, 18, radius);
    pen.fill();
    pen.fillStyle = '#fff';
    pen.fillText(short, at.x + 6, at.y + 12.8);
  }
}

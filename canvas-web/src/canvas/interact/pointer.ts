/** Mouse, pen and touch on the stage: says which gesture begins, and feeds it. */
import type { Curve } from '../scene/connectors';
import { boxToScreen, toScreen } from '../scene/geometry';
import type { Point } from '../types';
import type { Editor } from './editor';
import { drag, drawGroup, type Gesture, type Keys, link, marquee, moveEnd, pan, resize } from './gestures';
import { cursors, dotAt, dotSides, type Handle, hitHandle } from './handles';

/** Pixels that a hand trembles. */
const TREMBLE = 4;
const TOUCH_TREMBLE = 10;
const EDGE = 28;
const LONG_PRESS_MS = 450;
const DOUBLE_MS = 350;

/** Where a press landed. */
export type Hit =
  | { readonly on: 'handle'; readonly handle: Handle }
  | { readonly on: 'dot'; readonly id: string; readonly side: (typeof dotSides)[number] }
  | { readonly on: 'object'; readonly id: string }
  | { readonly on: 'link'; readonly id: string }
  | { readonly on: 'end'; readonly id: string; readonly end: 'from' | 'to' }
  | { readonly on: 'nothing' };

export class Pointer {
  private gesture: Gesture | null = null;
  private pressed: { id: number; screen: Point; world: Point; hit: Hit; shift: boolean; touch: boolean; wasSelected: boolean } | null =
    null;
  private readonly touches = new Map<number, Point>();
  private pinch: { away: number; middle: Point } | null = null;
  private last: { screen: Point; keys: Keys } | null = null;
  private tapped: { at: number; id: string | null; screen: Point } | null = null;
  private scrolling = 0;
  private holding: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly element: HTMLElement,
    private readonly editor: Editor,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(name: K, run: (event: HTMLElementEventMap[K]) => void) => {
      element.addEventListener(name, run);
      this.stops.push(() => element.removeEventListener(name, run));
    };
    on('pointerdown', (event) => this.down(event));
    on('pointermove', (event) => this.moveTo(event));
    on('pointerup', (event) => this.up(event));
    on('pointercancel', (event) => this.lost(event));
    on('pointerleave', () => {
      this.editor.pointer = null;
      this.editor.options.presence?.set({ cur: null });
      this.editor.set({ hover: null });
    });
    on('contextmenu', (event) => {
      if (!(event.target instanceof Element && event.target.closest('[data-own-pointer]'))) {
        event.preventDefault();
        // Right: what is there is selected, and its bar says what can be done with it.
        const hit = this.gesture ? null : this.hit(this.place(event));
        if (hit?.on === 'object' && !editor.state.selection.has(hit.id)) {
          editor.select([hit.id]);
        } else if (hit?.on === 'link') {
          editor.select([], [hit.id]);
        }
      }
    });
    this.stops.push(
      editor.ui.subscribe(() => this.cursor()),
      editor.camera.store.subscribe(() => this.again()),
    );
  }

  destroy(): void {
    this.cancel();
    clearTimeout(this.holding);
    for (const stop of this.stops) {
      stop();
    }
  }

  /** Ends what goes on without doing it: Escape. False when nothing went on. */
  cancel(): boolean {
    const { gesture } = this;
    this.gesture = null;
    this.pressed = null;
    cancelAnimationFrame(this.scrolling);
    this.scrolling = 0;
    gesture?.cancel();
    return gesture !== null;
  }

  /** What is at a point of the screen. */
  hit(screen: Point, touch = false): Hit {
    const { editor } = this;
    const { camera, view } = editor.camera;
    const slack = touch ? 14 : 7;
    const { state } = editor;
    if (!editor.readOnly && state.tool === 'select') {
      const end = this.endUnder(screen, touch ? 18 : 9);
      if (end) {
        return end;
      }
      const dot = this.dotUnder(screen, touch ? 16 : 9);
      if (dot) {
        return dot;
      }
      const box = state.selection.size > 0 && state.editing === null ? editor.selectionBox() : null;
      const movable = box && editor.movable();
      const handle = movable ? hitHandle(boxToScreen(camera, view, box), screen, slack) : null;
      if (handle) {
        return { on: 'handle', handle };
      }
    }
    const world = editor.camera.world(screen);
    const id = editor.scene.hit(world);
    if (id !== null && editor.scene.view(id)?.type !== 'group') {
      return { on: 'object', id };
    }
    const line = editor.scene.hitLink(world, slack / camera.zoom);
    if (line !== null) {
      return { on: 'link', id: line };
    }
    return id === null ? { on: 'nothing' } : { on: 'object', id };
  }

  /** An end of a selected connector. */
  private endUnder(screen: Point, reach: number): Hit | null {
    const { editor } = this;
    const { camera, view } = editor.camera;
    for (const id of editor.state.links) {
      const shape = editor.scene.curve(id);
      for (const end of shape ? (['to', 'from'] as const) : []) {
        const { x, y } = toScreen(camera, view, (shape as Curve)[end]);
        if (Math.hypot(x - screen.x, y - screen.y) <= reach) {
          return { on: 'end', id, end };
        }
      }
    }
    return null;
  }

  private dotUnder(screen: Point, reach: number): Hit | null {
    const { editor } = this;
    const { camera, view } = editor.camera;
    for (const id of dotted(editor)) {
      const box = editor.scene.box(id);
      if (box) {
        const shown = boxToScreen(camera, view, box);
        for (const side of dotSides) {
          const { x, y } = dotAt(shown, side);
          if (Math.hypot(x - screen.x, y - screen.y) <= reach) {
            return { on: 'dot', id, side };
          }
        }
      }
    }
    return null;
  }

  private place(event: PointerEvent | MouseEvent): Point {
    const bounds = this.element.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }

  private down(event: PointerEvent): void {
    const { editor, element } = this;
    if (event.target instanceof Element && event.target.closest('[data-own-pointer]')) {
      return;
    }
    const screen = this.place(event);
    const touch = event.pointerType === 'touch';
    if (touch) {
      this.touches.set(event.pointerId, screen);
      if (this.touches.size === 2) {
        this.cancel();
        clearTimeout(this.holding);
        this.pinch = this.spread();
        return;
      }
    }
    if (this.pressed || (event.button !== 0 && event.button !== 1)) {
      return;
    }
    editor.camera.stop();
    if (editor.state.following !== null) {
      editor.follow(null);
    }
    // A press beside it ends the typing; preventing the default keeps the browser from moving the focus to nowhere.
    if (editor.state.editing !== null) {
      editor.edit(null);
    }
    event.preventDefault();
    // The stage takes the keyboard first; the card that gets selected takes it from there.
    element.focus({ preventScroll: true });
    element.setPointerCapture?.(event.pointerId);
    const world = editor.camera.world(screen);
    const keys = keysOf(event);
    const { tool } = editor.state;
    const hit: Hit = event.button === 1 || tool === 'hand' || editor.state.space ? { on: 'nothing' } : this.hit(screen, touch);
    const wasSelected = hit.on === 'object' && editor.state.selection.has(hit.id);
    this.pressed = { id: event.pointerId, screen, world, hit, shift: keys.shift, touch, wasSelected };
    this.last = { screen, keys };
    if (event.button === 1 || tool === 'hand' || editor.state.space) {
      this.gesture = pan(editor, screen);
    } else if (tool === 'select') {
      this.pressSelect(hit, keys, touch);
      if (touch) {
        this.holding = setTimeout(() => this.held(), LONG_PRESS_MS);
      }
    } else if (tool === 'group') {
      this.gesture = drawGroup(editor, world);
    } else if (tool === 'connect' && hit.on === 'object') {
      this.gesture = link(editor, hit.id, 'auto');
      this.gesture.move(world, screen, keys);
    }
  }

  private pressSelect(hit: Hit, keys: Keys, touch: boolean): void {
    const { editor } = this;
    if (hit.on === 'object' && !touch) {
      if (keys.shift) {
        editor.toggle(hit.id);
      } else if (!editor.state.selection.has(hit.id)) {
        editor.select([hit.id]);
      }
    } else if (hit.on === 'link') {
      editor.select([], keys.shift ? [...editor.state.links, hit.id] : [hit.id]);
    }
  }

  private held(): void {
    const { pressed, editor } = this;
    if (pressed && !this.gesture) {
      if (pressed.hit.on === 'object') {
        editor.toggle(pressed.hit.id);
        this.pressed = null;
      } else if (pressed.hit.on === 'nothing') {
        this.gesture = marquee(editor, pressed.world, false);
      }
    }
  }

  /** The press has become a drag. */
  private begin(keys: Keys): void {
    const { editor, pressed } = this;
    if (!pressed) {
      return;
    }
    clearTimeout(this.holding);
    const { hit, world, screen } = pressed;
    if (editor.state.tool !== 'select') {
      return;
    }
    switch (hit.on) {
      case 'handle':
        this.gesture = resize(editor, hit.handle, world);
        break;
      case 'dot':
        this.gesture = link(editor, hit.id, hit.side);
        break;
      case 'end':
        this.gesture = moveEnd(editor, hit.id, hit.end);
        break;
      case 'object':
        // A finger on what is not selected moves the view: else one could not get anywhere on a full canvas.
        if (pressed.touch && !pressed.wasSelected) {
          this.gesture = pan(editor, screen);
        } else if (!editor.readOnly && (editor.state.selection.has(hit.id) || !keys.shift)) {
          this.gesture = drag(editor, world) ?? (pressed.touch ? pan(editor, screen) : marquee(editor, world, keys.shift));
        } else {
          this.gesture = editor.readOnly ? pan(editor, screen) : marquee(editor, world, true);
        }
        break;
      default:
        this.gesture = pressed.touch ? pan(editor, screen) : marquee(editor, world, keys.shift);
    }
  }

  private moveTo(event: PointerEvent): void {
    const { editor } = this;
    const screen = this.place(event);
    if (this.touches.has(event.pointerId)) {
      this.touches.set(event.pointerId, screen);
      if (this.pinch) {
        this.pinchTo();
        return;
      }
    }
    const world = editor.camera.world(screen);
    editor.pointer = world;
    if (event.pointerType !== 'touch') {
      editor.options.presence?.set({ cur: [world.x, world.y] });
    }
    const keys = keysOf(event);
    this.last = { screen, keys };
    const { pressed } = this;
    if (!pressed) {
      this.hover(screen);
      return;
    }
    if (event.pointerId !== pressed.id) {
      return;
    }
    const far = Math.hypot(screen.x - pressed.screen.x, screen.y - pressed.screen.y) > (pressed.touch ? TOUCH_TREMBLE : TREMBLE);
    if (!this.gesture && far) {
      this.begin(keys);
    }
    this.gesture?.move(world, screen, keys);
    if (this.gesture?.scrolls) {
      this.scroll();
    }
  }

  private hover(screen: Point): void {
    const { editor } = this;
    const hit = this.hit(screen);
    const id = hit.on === 'object' || hit.on === 'dot' ? hit.id : null;
    if (editor.state.hover !== id) {
      editor.set({ hover: id });
    }
    this.cursor(hit);
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    clearTimeout(this.holding);
    if (this.pinch) {
      if (this.touches.size < 2) {
        this.pinch = null;
      }
      return;
    }
    const { pressed, gesture, editor } = this;
    if (!pressed || event.pointerId !== pressed.id) {
      return;
    }
    const screen = this.place(event);
    const world = editor.camera.world(screen);
    this.pressed = null;
    this.gesture = null;
    cancelAnimationFrame(this.scrolling);
    this.scrolling = 0;
    if (gesture) {
      gesture.end(world, screen, keysOf(event));
    } else {
      this.tap(pressed.hit, pressed.shift, world, screen, event);
    }
    this.cursor();
  }

  /** Pressed and let go in one place. */
  private tap(hit: Hit, shift: boolean, world: Point, screen: Point, event: PointerEvent): void {
    const { editor } = this;
    const { tool } = editor.state;
    if (tool !== 'select') {
      editor.place(world);
      return;
    }
    const id = hit.on === 'object' ? hit.id : null;
    const twice =
      this.tapped !== null &&
      event.timeStamp - this.tapped.at < DOUBLE_MS &&
      this.tapped.id === id &&
      Math.hypot(this.tapped.screen.x - screen.x, this.tapped.screen.y - screen.y) < 12;
    this.tapped = twice ? null : { at: event.timeStamp, id, screen };
    if (hit.on === 'dot' || hit.on === 'end') {
      return;
    }
    if (id === null) {
      if (hit.on === 'nothing') {
        editor.clear();
        if (twice && !editor.readOnly) {
          editor.edit(editor.create('sticky', world));
        }
      }
      return;
    }
    if (!shift) {
      editor.select([id]);
    }
    if (twice && !shift) {
      const view = editor.scene.view(id);
      if (view?.type === 'group' && !editor.readOnly && !view.locked && world.y - (editor.scene.box(id)?.y ?? 0) > 56) {
        // Inside of a group a double click makes a note there; on its name it edits the name.
        editor.edit(editor.create('sticky', world));
      } else {
        editor.open(id);
      }
    }
  }

  private lost(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    clearTimeout(this.holding);
    if (this.touches.size < 2) {
      this.pinch = null;
    }
    if (this.pressed?.id === event.pointerId) {
      this.cancel();
    }
  }

  private spread(): { away: number; middle: Point } {
    const [a = { x: 0, y: 0 }, b = a] = [...this.touches.values()];
    return { away: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  }

  private pinchTo(): void {
    const { pinch, editor } = this;
    if (pinch) {
      const next = this.spread();
      editor.camera.panBy(pinch.middle.x - next.middle.x, pinch.middle.y - next.middle.y);
      editor.camera.zoomAt(next.middle, (editor.camera.camera.zoom * next.away) / pinch.away);
      this.pinch = next;
    }
  }

  /** The camera moved under a pointer at rest. */
  private again(): void {
    const { gesture, last, editor } = this;
    if (gesture?.scrolls && last) {
      gesture.move(editor.camera.world(last.screen), last.screen, last.keys);
    }
  }

  /** While the pointer is at an edge, the camera moves on. */
  private scroll(): void {
    if (this.scrolling) {
      return;
    }
    const step = () => {
      this.scrolling = 0;
      const { last, gesture, editor } = this;
      if (!last || !gesture?.scrolls) {
        return;
      }
      const { view } = editor.camera;
      const push = (at: number, size: number) => (at < EDGE ? at - EDGE : at > size - EDGE ? at - size + EDGE : 0) / 2;
      const [dx, dy] = [push(last.screen.x, view.w), push(last.screen.y, view.h)];
      if (dx !== 0 || dy !== 0) {
        editor.camera.panBy(Math.max(-16, Math.min(16, dx)), Math.max(-16, Math.min(16, dy)));
        this.scrolling = requestAnimationFrame(step);
      }
    };
    this.scrolling = requestAnimationFrame(step);
  }

  private cursor(hit?: Hit): void {
    const { state } = this.editor;
    let shape = 'default';
    if (state.gesture === 'pan') {
      shape = 'grabbing';
    } else if (state.space || state.tool === 'hand') {
      shape = 'grab';
    } else if (state.gesture === 'resize' && this.pressed?.hit.on === 'handle') {
      shape = cursors[this.pressed.hit.handle];
    } else if (state.tool === 'text') {
      shape = 'text';
    } else if (state.tool !== 'select' || state.gesture === 'connect') {
      shape = 'crosshair';
    } else if (hit?.on === 'handle') {
      shape = cursors[hit.handle];
    } else if (hit?.on === 'dot') {
      shape = 'crosshair';
    } else if (hit?.on === 'end') {
      shape = 'grab';
    } else if (hit?.on === 'link') {
      shape = 'pointer';
    } else if (!hit) {
      return;
    }
    if (this.element.style.cursor !== shape) {
      this.element.style.cursor = shape;
    }
  }
}

/** The objects that show dots to draw connectors from: what the pointer is over, and what alone is selected. */
export function dotted(editor: Editor): string[] {
  const { state } = editor;
  if (editor.readOnly || state.tool !== 'select' || state.editing !== null || (state.gesture !== 'none' && state.gesture !== 'connect')) {
    return [];
  }
  const ids = new Set(state.selection.size === 1 ? state.selection : []);
  if (state.hover !== null && editor.scene.view(state.hover)?.type !== 'group') {
    ids.add(state.hover);
  }
  const { zoom } = editor.camera.camera;
  return [...ids].filter((id) => {
    const box = editor.scene.box(id);
    return box && Math.min(box.w, box.h) * zoom > 40;
  });
}

const keysOf = (event: PointerEvent | MouseEvent): Keys => ({
  shift: event.shiftKey,
  alt: event.altKey,
  ctrl: event.ctrlKey || event.metaKey,
});

/** The stage's moving parts, outside of React: one loop that draws what has changed, at most once per frame. */
import type { Editor } from '../interact/editor';
import { around, grown } from '../scene/geometry';
import type { Box } from '../types';
import { Cover } from './cover';
import { Overlay } from './overlay';
import type { Painter } from './painter';
import { Peers } from './peers';
import { Picture } from './picture';

export interface Elements {
  readonly stage: HTMLElement;
  readonly picture: HTMLCanvasElement;
  readonly world: HTMLElement;
  readonly ground: HTMLElement;
  readonly overlay: HTMLCanvasElement;
}

/** More than so many selected cards are not all kept in the page. */
const MOST_HELD = 100;

export class View {
  readonly cover: Cover;
  readonly picture: Picture;
  readonly peers: Peers;
  private readonly overlay: Overlay;
  private readonly stops: (() => void)[] = [];
  private readonly movers = new Set<() => void>();
  private asked = 0;
  private grounded: { area: Box | null; version: number } = { area: null, version: -1 };
  private shown: { near: boolean; pending: boolean } = { near: false, pending: false };

  constructor(
    private readonly elements: Elements,
    private readonly editor: Editor,
    readonly painter: Painter,
  ) {
    const { camera, scene, ui } = editor;
    this.cover = new Cover(scene, this.request);
    this.picture = new Picture(elements.picture, camera, painter, () => this.painted(), this.request);
    this.peers = new Peers(editor, this.request);
    this.overlay = new Overlay(elements.overlay, editor, painter, this.peers);

    const size = new ResizeObserver(() => this.measure());
    size.observe(elements.stage);
    const theme = new MutationObserver(() => this.restyle());
    theme.observe(elements.stage.ownerDocument.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
    this.stops.push(
      () => size.disconnect(),
      () => theme.disconnect(),
      camera.store.subscribe(() => {
        this.overlay.invalidate();
        this.request();
      }),
      scene.subscribe((change) => {
        this.cover.change(change);
        this.picture.changed(this.visible(change.objects), change.links);
        this.overlay.invalidate();
        this.request();
      }),
      ui.subscribe((now, before) => {
        if (now.selection !== before.selection || now.editing !== before.editing || now.focus !== before.focus) {
          this.hold();
        }
        this.overlay.invalidate();
        this.request();
      }),
      editor.jobs.subscribe((jobs) => {
        const cards = jobs === null ? null : [...jobs].flatMap((job) => [...scene.cardsOf(job)]);
        if (!cards || cards.some((id) => !this.cover.mounted.has(id))) {
          this.picture.invalidate();
        }
      }),
    );
    this.measure();
    this.hold();
  }

  /** A font has come: letters are as wide as they really are. */
  remeasure(): void {
    this.painter.remeasure();
    this.picture.invalidate();
    this.overlay.invalidate();
  }

  destroy(): void {
    cancelAnimationFrame(this.asked);
    this.picture.destroy();
    this.peers.destroy();
    for (const stop of this.stops) {
      stop();
    }
  }

  /** Called in each frame in which something moved: for the few elements that follow the canvas. */
  onMove(run: () => void): () => void {
    this.movers.add(run);
    this.request();
    return () => this.movers.delete(run);
  }

  readonly request = (): void => {
    if (!this.asked) {
      this.asked = requestAnimationFrame(this.frame);
    }
  };

  private readonly frame = (now: number): void => {
    this.asked = 0;
    const { camera, view } = this.editor.camera;
    if (view.w === 0 || view.h === 0) {
      return;
    }
    if (this.peers.frame(now)) {
      this.overlay.invalidate();
      this.request();
    }
    this.cover.look(this.editor.camera.seen, camera.zoom);
    this.cover.frame();
    this.ground();
    const { near, pending } = this.cover;
    if (near !== this.shown.near || pending !== this.shown.pending) {
      // The picture keeps the cards until the last of them stands in the page.
      this.shown = { near, pending };
      this.picture.invalidate();
    }
    this.picture.frame();
    const { world } = this.elements;
    world.style.transform = `translate3d(${view.w / 2 - camera.x * camera.zoom}px, ${view.h / 2 - camera.y * camera.zoom}px, 0) scale(${camera.zoom})`;
    this.overlay.frame();
    for (const run of this.movers) {
      run();
    }
    this.editor.options.presence?.set({ vp: [camera.x, camera.y, camera.zoom, view.w, view.h] });
  };

  /**
   * Lies under all cards, those that stick out of the covered part too: a card that reached beyond it would be a compositor layer of its own.
   */
  private ground(): void {
    const { area, mounted } = this.cover;
    const version = this.cover.snapshot();
    if (area === this.grounded.area && version === this.grounded.version) {
      return;
    }
    this.grounded = { area, version };
    const cards = [...mounted].flatMap((id) => this.editor.scene.box(id) ?? []);
    const box = area && grown(around([area, ...cards]) ?? area, 40);
    const [left, top, width, height] = box ? [box.x, box.y, box.w, box.h].map((part) => `${Math.round(part)}px`) : ['0', '0', '0', '0'];
    Object.assign(this.elements.ground.style, { left, top, width, height });
  }

  /** Which cards the picture shows. */
  private painted(): ((id: string) => boolean) | false {
    const { near, pending, mounted } = this.cover;
    return near && !pending ? false : (id) => !mounted.has(id) || !near;
  }

  /** Of changed objects those that are in the picture: from afar all, up close the groups and what is on its way. */
  private *visible(ids: ReadonlySet<string>): Iterable<string> {
    const { near, pending } = this.cover;
    for (const id of ids) {
      const view = this.editor.scene.view(id);
      if (!near || pending || !view || view.type === 'group') {
        yield id;
      }
    }
  }

  private hold(): void {
    const { selection, editing, focus } = this.editor.state;
    const held = new Set([editing, focus].filter((id) => id !== null));
    if (this.cover.near && selection.size <= MOST_HELD) {
      for (const id of selection) {
        held.add(id);
      }
    }
    this.cover.hold(held);
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.elements.stage;
    this.editor.camera.resize({ w: clientWidth, h: clientHeight });
    this.request();
  }

  private restyle(): void {
    this.painter.restyle(this.elements.stage);
    this.picture.invalidate();
    this.overlay.invalidate();
  }
}

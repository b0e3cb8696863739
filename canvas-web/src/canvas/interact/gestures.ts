/** What happens between pressing and letting go: one function per gesture, each answering what to do on moves and at the end. */
import { commands } from '../document';
import { around, boxToScreen, center, contains, grown, moved, overlaps, spanned } from '../scene/geometry';
import { OWN } from '../scene/scene';
import type { Box, Point, Side } from '../types';
import type { Editor } from './editor';
import { carried, type Handle, resized, sideAt } from './handles';
import { type Edges, nearest, snap } from './snap';
import { none } from './state';

export interface Keys {
  readonly shift: boolean;
  readonly alt: boolean;
  /** Ctrl, or Cmd on a Mac. */
  readonly ctrl: boolean;
}

export interface Gesture {
  /** The pointer, in world units and on the screen. Also called when the camera moved under a pointer at rest. */
  move(world: Point, screen: Point, keys: Keys): void;
  end(world: Point, screen: Point, keys: Keys): void;
  cancel(): void;
  /** Near an edge of the view the camera moves along. */
  readonly scrolls: boolean;
}

const SNAP_PIXELS = 6;
const MOST_SNAPS = 120;
/** A drag of more than this shows its own objects only; the others see the box arrive on the drop. */
const MOST_SHOWN = 100;

/** Boxes that what is moved may line up with: what is in view and does not move itself. */
function neighbours(editor: Editor, moving: ReadonlySet<string>, box: Box): readonly Box[] {
  const { scene, camera } = editor;
  const seen = camera.seen;
  const boxes = scene.query(seen).flatMap((id) => {
    const other = moving.has(id) ? undefined : scene.box(id);
    return other && !contains(other, seen) ? [other] : [];
  });
  return nearest(boxes, box, MOST_SNAPS);
}

export function pan(editor: Editor, from: Point): Gesture {
  let last = from;
  editor.set({ gesture: 'pan' });
  const stop = () => editor.set({ gesture: 'none' });
  return {
    scrolls: false,
    move(_, screen) {
      editor.camera.panBy(last.x - screen.x, last.y - screen.y);
      last = screen;
    },
    end: stop,
    cancel: stop,
  };
}

export function drag(editor: Editor, from: Point): Gesture | null {
  const { scene } = editor;
  const ids = scene.roots(editor.state.selection).filter((id) => !scene.view(id)?.locked);
  if (ids.length === 0) {
    return null;
  }
  const moving = new Set(ids.flatMap((id) => [...scene.inside(id)]));
  const start = around(ids.flatMap((id) => scene.rest(id) ?? [])) as Box;
  let others: readonly Box[] | null = null;
  let zoom = 0;
  let by = { dx: 0, dy: 0 };
  editor.set({ gesture: 'drag' });
  const tidy = () => {
    editor.set({ gesture: 'none', guides: [], target: null, ghosts: [] });
  };
  const to = (world: Point, keys: Keys) => {
    const { camera } = editor.camera;
    let [dx, dy] = [world.x - from.x, world.y - from.y];
    if (keys.shift) {
      // Along one axis only.
      [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
    }
    if (others === null || zoom !== camera.zoom) {
      others = neighbours(editor, moving, moved(start, dx, dy));
      zoom = camera.zoom;
    }
    const free = { x: !keys.shift || dx !== 0, y: !keys.shift || dy !== 0 };
    const found = keys.ctrl ? { dx: 0, dy: 0, guides: [] } : snap(moved(start, dx, dy), others, SNAP_PIXELS / camera.zoom);
    by = { dx: dx + (free.x ? found.dx : 0), dy: dy + (free.y ? found.dy : 0) };
    return found.guides.filter(({ axis }) => free[axis]);
  };
  return {
    scrolls: true,
    move(world, _, keys) {
      const guides = to(world, keys);
      if (keys.alt) {
        scene.setDraft(OWN, null);
        editor.set({ guides, target: null, ghosts: ids.flatMap((id) => moved(scene.rest(id) ?? start, by.dx, by.dy)) });
      } else {
        scene.setDraft(OWN, { ids, ...by });
        const middle = center(moved(start, by.dx, by.dy));
        editor.set({ guides, target: scene.groupAt(middle, moving), ghosts: [] });
        editor.options.presence?.set({ drag: { ids: ids.slice(0, MOST_SHOWN), ...by } });
      }
    },
    end(world, _, keys) {
      to(world, keys);
      tidy();
      if (keys.alt) {
        scene.setDraft(OWN, null);
        editor.duplicate(by.dx, by.dy);
      } else {
        editor.drop(ids, by.dx, by.dy);
      }
      // After the drop, so that the others never see the objects jump back.
      editor.options.presence?.set({ drag: null });
    },
    cancel() {
      tidy();
      scene.setDraft(OWN, null);
      editor.options.presence?.set({ drag: null });
    },
  };
}

export function resize(editor: Editor, handle: Handle, from: Point): Gesture | null {
  const { scene } = editor;
  const ids = scene.roots(editor.state.selection).filter((id) => !scene.view(id)?.locked);
  const boxes = new Map(ids.flatMap((id) => ((box) => (box ? [[id, box] as const] : []))(scene.rest(id))));
  const start = around(boxes.values());
  if (!start) {
    return null;
  }
  const keepsShape = ids.length > 1 || scene.view(ids[0] as string)?.type === 'image';
  // What is in a group that is one of several grows with it; the only one selected leaves what is in it alone.
  if (ids.length > 1) {
    for (const id of ids.flatMap((one) => [...scene.inside(one)])) {
      const box = scene.rest(id);
      if (box) {
        boxes.set(id, box);
      }
    }
  }
  const edges: { x: Edges; y: Edges } = {
    x: handle.includes('w') ? ['low'] : handle.includes('e') ? ['high'] : [],
    y: handle.includes('n') ? ['low'] : handle.includes('s') ? ['high'] : [],
  };
  const others = neighbours(editor, new Set(boxes.keys()), start);
  let next = new Map<string, Box>();
  editor.set({ gesture: 'resize' });
  const to = (world: Point, keys: Keys) => {
    const even = keys.shift !== keepsShape;
    const by = { dx: world.x - from.x, dy: world.y - from.y };
    let box = resized(start, handle, by.dx, by.dy, { even, middle: keys.alt });
    let guides: ReturnType<typeof snap>['guides'] = [];
    if (!even && !keys.ctrl && !keys.alt) {
      const found = snap(box, others, SNAP_PIXELS / editor.camera.camera.zoom, edges);
      box = resized(start, handle, by.dx + found.dx, by.dy + found.dy);
      guides = found.guides;
    }
    next = new Map([...boxes].map(([id, one]) => [id, carried(one, start, box)]));
    return guides;
  };
  const tidy = () => editor.set({ gesture: 'none', guides: [] });
  return {
    scrolls: true,
    move(world, _, keys) {
      const guides = to(world, keys);
      scene.setDraft(OWN, { boxes: next });
      editor.set({ guides });
    },
    end(world, _, keys) {
      to(world, keys);
      tidy();
      editor.resize(next);
    },
    cancel() {
      tidy();
      scene.setDraft(OWN, null);
    },
  };
}

/** Selects what it touches; groups only when it holds them whole, since one usually begins inside of one. */
export function marquee(editor: Editor, from: Point, adding: boolean): Gesture {
  const before = adding ? editor.state.selection : none;
  const { scene } = editor;
  editor.set({ gesture: 'marquee', marquee: spanned(from, from) });
  const tidy = () => editor.set({ gesture: 'none', marquee: null });
  return {
    scrolls: true,
    move(world) {
      const box = spanned(from, world);
      const found = scene.query(box).filter((id) => {
        const other = scene.box(id);
        return other && (scene.view(id)?.type === 'group' ? contains(box, other) : overlaps(other, box));
      });
      const whole = new Set([...before, ...scene.roots(found)]);
      const same = whole.size === editor.state.selection.size && [...whole].every((id) => editor.state.selection.has(id));
      editor.set(same ? { marquee: box } : { marquee: box, selection: whole, links: none });
    },
    end() {
      tidy();
      const { size } = editor.state.selection;
      if (size > 0) {
        editor.announce(size === 1 ? 'One object selected.' : `${size} objects selected.`);
      }
    },
    cancel: tidy,
  };
}

/** Draws a connector from an object. On nothing it makes what it ends at: another of the same kind, ready to be named. */
export function link(editor: Editor, from: string, _side: Side): Gesture {
  const { scene } = editor;
  let to: string | null = null;
  const under = (world: Point) => scene.hit(world, (id) => id === from || scene.inside(id).has(from));
  const tidy = () => editor.set({ gesture: 'none', linking: null });
  return {
    scrolls: true,
    move(world) {
      to = under(world);
      editor.set({ gesture: 'connect', linking: { from, to, at: world } });
    },
    end(world) {
      to = under(world);
      tidy();
      const type = scene.view(from)?.type;
      const target = to === null ? undefined : scene.view(to);
      if (to !== null && (target?.type !== 'group' || type === 'group')) {
        editor.connect(from, to, commands.betweenJobs(editor.document, from, to) ? 'dep' : editor.state.kind);
        return;
      }
      const start = scene.box(from);
      if (start && !contains(grown(start, 24), { ...world, w: 0, h: 0 })) {
        const made = editor.create(type === 'sticky' ? 'sticky' : 'idea', world);
        if (made) {
          editor.connect(from, made);
          editor.edit(made);
        }
      }
    },
    cancel: tidy,
  };
}

/** Moves an end of a connector to another object. Let go over nothing, it stays where it was. */
export function moveEnd(editor: Editor, id: string, end: 'from' | 'to'): Gesture | null {
  const { scene } = editor;
  const view = scene.link(id)?.view;
  if (!view) {
    return null;
  }
  const fixed = (end === 'from' ? view.to : view.from).object;
  const under = (world: Point) => scene.hit(world, (one) => one === fixed || scene.inside(one).has(fixed));
  const tidy = () => {
    scene.setLinkDraft(null);
    editor.set({ gesture: 'none', linking: null });
  };
  const over = (world: Point, screen: Point) => {
    const object = under(world);
    const box = object === null ? undefined : scene.box(object);
    return object !== null && box
      ? { object, box, side: sideAt(boxToScreen(editor.camera.camera, editor.camera.view, box), screen) }
      : null;
  };
  return {
    scrolls: true,
    move(world, screen) {
      const at = over(world, screen);
      scene.setLinkDraft({ id, end, box: at?.box ?? { ...world, w: 0, h: 0 }, side: at?.side ?? 'auto' });
      editor.set({ gesture: 'connect', linking: { from: fixed, to: at?.object ?? null, at: world, moved: true } });
    },
    end(world, screen) {
      const at = over(world, screen);
      tidy();
      if (at) {
        editor.moveEnd(id, end, { object: at.object, side: at.side });
      } else {
        editor.announce('A connector ends at an object. It stays where it was.');
      }
    },
    cancel: tidy,
  };
}

/** Draws the box of a new group. */
export function drawGroup(editor: Editor, from: Point): Gesture {
  editor.set({ gesture: 'create', marquee: spanned(from, from) });
  const tidy = () => editor.set({ gesture: 'none', marquee: null });
  return {
    scrolls: true,
    move(world) {
      editor.set({ marquee: spanned(from, world) });
    },
    end(world) {
      tidy();
      const box = spanned(from, world);
      const small = boxToScreen(editor.camera.camera, editor.camera.view, box);
      const id = small.w < 24 || small.h < 24 ? editor.create('group', from) : editor.create('group', center(box), { box });
      if (id) {
        editor.edit(id);
      }
    },
    cancel: tidy,
  };
}

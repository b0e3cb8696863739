/**
 * One person at one canvas: the scene, the camera, what they do now, and every action they can take. Plain TypeScript; the stage renders it,
 * toolbars and palettes call it.
 */

import type * as Y from 'yjs';
import { aloud } from '../aloud';
import { commands, type Outcome, words } from '../document';
import type { DependencyChange } from '../document/commands';
import { type JobFace, neededHeight, privateFace, typeWord } from '../render/layout';
import type { JobSource } from '../render/painter';
import { makeMeasure } from '../render/text';
import { CameraControl } from '../scene/camera';
import { around, center, moved } from '../scene/geometry';
import { type JobDependency, OWN, Scene } from '../scene/scene';
import { schema } from '../schema.gen';
import type { Box, CanvasDocument, Color, LinkEnd, LinkKind, ObjectType, Peer, Point, PresenceState } from '../types';
import { readingOrder } from './reading';
import { createUi, none, type Tool, type UiState } from './state';

/** Who else is here; see sync/presence.ts. */
export interface PresenceLink {
  readonly peers: ReadonlyMap<number, Peer>;
  subscribe(listener: () => void): () => void;
  set(partial: Partial<PresenceState>): void;
}

/** Steps of this person's own; see document/undo.ts. */
export interface Steps {
  /** Whether there was anything to take back, or to make again. */
  undo(): boolean;
  redo(): boolean;
  /** Ends the step that is being typed. */
  stop?(): void;
}

export interface EditorOptions {
  readonly document: CanvasDocument;
  /** Account of this person, noted on what they make. */
  readonly me: string | null;
  readonly steps?: Steps;
  readonly presence?: PresenceLink;
  readonly jobs?: JobSource;
  /** Tells something in plain words, seen and heard. */
  readonly say?: (words: string) => void;
  readonly openJob?: (job: string) => void;
  /** The job tool: makes a job whose card is to lie there. */
  readonly newJob?: (place: { readonly at: Point; readonly parent: string | null }) => void;
  readonly promote?: (ids: readonly string[]) => void;
  /** Dependencies between jobs are the server's (CAN-6). */
  readonly addDependency?: (dependency: JobDependency) => void;
  readonly removeDependency?: (dependency: JobDependency) => void;
  /** Puts one dependency in the place of another, and calls `done` when the server took it. */
  readonly changeDependency?: (change: DependencyChange) => void;
  /** Stores a picture and answers its file id and natural size; undefined when it was refused and said so. */
  readonly upload?: (file: File) => Promise<{ readonly id: string; readonly w: number; readonly h: number } | undefined>;
  /** Address of a file's content. */
  readonly fileAddress?: (file: string) => string;
}

/** Asked in every frame of a drag, perhaps of thousands: reckoned once per change. */
interface Chosen {
  readonly selection: ReadonlySet<string>;
  readonly at: number;
  readonly box: Box | null;
  readonly movable: boolean;
}

const noJobs: JobSource = { face: () => undefined, subscribe: () => () => undefined };

export class Editor {
  readonly scene: Scene;
  readonly camera = new CameraControl();
  readonly ui = createUi();
  readonly jobs: JobSource;
  readOnly = false;
  /** Where the pointer is over the canvas; null when it is elsewhere. */
  pointer: Point | null = null;
  /** As wide as letters are in the stage's font; the stage puts its own here. */
  measure = makeMeasure();
  private order: { at: number; ids: readonly string[] } | null = null;
  private changes = 0;
  private known: Chosen = { selection: none, at: -1, box: null, movable: false };
  private readonly stops: (() => void)[] = [];

  constructor(public options: EditorOptions) {
    this.scene = new Scene(options.document);
    this.jobs = {
      face: (job) => (this.options.jobs ?? noJobs).face(job),
      subscribe: (listener) => (this.options.jobs ?? noJobs).subscribe(listener),
    };
    this.stops.push(
      this.scene.subscribe(({ objects, links }) => {
        this.changes++;
        this.forget(objects, links);
      }),
      this.ui.subscribe((now, before) => this.show(now, before)),
    );
  }

  destroy(): void {
    for (const stop of this.stops) {
      stop();
    }
    this.camera.stop();
    this.scene.destroy();
  }

  get document(): CanvasDocument {
    return this.options.document;
  }

  get state(): UiState {
    return this.ui.getState();
  }

  get selected(): string[] {
    return [...this.state.selection];
  }

  set(partial: Partial<UiState>): void {
    this.ui.setState(partial);
  }

  setReadOnly(readOnly: boolean): void {
    if (this.readOnly !== readOnly) {
      this.readOnly = readOnly;
      if (readOnly) {
        this.set({ tool: this.state.tool === 'hand' ? 'hand' : 'select', editing: null, asking: null });
      }
    }
  }

  setTool(tool: Tool): void {
    if (!this.readOnly || tool === 'select' || tool === 'hand') {
      this.set({ tool, editing: null, asking: null, hover: null });
    }
  }

  /** Tells what somebody should see: a refusal, a loss. */
  say(text: string): void {
    this.options.say?.(text);
  }

  /** Tells those who hear the canvas what those who see it can see. */
  announce(text: string): void {
    this.set({ heard: aloud(text, this.state.heard) });
  }

  // Selection and focus

  select(ids: Iterable<string>, links: Iterable<string> = none): void {
    const selection = new Set([...ids].filter((id) => this.scene.view(id) || this.document.objects.has(id)));
    const focus = selection.size === 1 ? ([...selection][0] as string) : this.state.focus;
    this.set({
      selection,
      links: new Set(links),
      focus,
      editing: this.state.editing && selection.has(this.state.editing) ? this.state.editing : null,
    });
  }

  toggle(id: string): void {
    const selection = new Set(this.state.selection);
    if (!selection.delete(id)) {
      selection.add(id);
    }
    this.select(selection, this.state.links);
  }

  clear(): void {
    this.select([]);
  }

  /** All that is in the same group as what is selected, or else all that is in no group. */
  selectAll(): void {
    const parents = new Set(this.selected.map((id) => this.scene.view(id)?.parent ?? null));
    const [parent = null] = parents.size === 1 ? [...parents] : [];
    this.select(this.document.children(parent));
    this.announce(this.countWords(this.state.selection.size, 'selected'));
  }

  /** Gives the object the keyboard, brings it into view and makes it legible. */
  focusOn(id: string): void {
    const box = this.scene.box(id);
    if (box) {
      this.camera.reveal(box, 0.5);
      this.set({ focus: id, selection: new Set([id]), links: none, editing: null });
    }
  }

  /** The next object in reading order; false at the end. */
  focusNext(step: 1 | -1): boolean {
    const ids = this.reading();
    const at = this.state.focus === null ? -1 : ids.indexOf(this.state.focus);
    const next = at < 0 ? (step === 1 ? ids[0] : ids.at(-1)) : ids[at + step];
    if (next !== undefined) {
      this.focusOn(next);
    }
    return next !== undefined;
  }

  /** The nearest object in a direction. */
  focusTowards(dx: number, dy: number): void {
    const from = this.state.focus !== null ? this.scene.box(this.state.focus) : undefined;
    if (!from) {
      this.focusNext(1);
      return;
    }
    const start = center(from);
    const reach = 4000;
    let best: string | null = null;
    let least = Infinity;
    for (const id of this.scene.query({ x: start.x - reach, y: start.y - reach, w: 2 * reach, h: 2 * reach })) {
      const box = id === this.state.focus ? undefined : this.scene.box(id);
      if (!box) {
        continue;
      }
      const to = center(box);
      const along = (to.x - start.x) * dx + (to.y - start.y) * dy;
      const across = Math.abs((to.x - start.x) * dy) + Math.abs((to.y - start.y) * dx);
      const cost = along + across * 2;
      if (along > 1 && across <= along * 2 && cost < least) {
        least = cost;
        best = id;
      }
    }
    if (best !== null) {
      this.focusOn(best);
    }
  }

  reading(): readonly string[] {
    if (this.order?.at !== this.changes) {
      this.order = { at: this.changes, ids: readingOrder(this.scene) };
    }
    return this.order.ids;
  }

  // Looking

  fitAll(): void {
    const all = this.scene.extent();
    if (all) {
      this.camera.fit(all);
    }
  }

  fitSelection(): void {
    const lines = [...this.state.links].flatMap((id) => this.scene.curve(id)?.box ?? []);
    const box = around([this.selectionBox() ?? [], lines].flat());
    if (box) {
      this.camera.fit(box, 96, 1.5);
    } else {
      this.fitAll();
    }
  }

  zoomTo(zoom: number): void {
    const { camera } = this.camera;
    this.camera.glide({ ...camera, zoom });
  }

  zoomBy(factor: number): void {
    this.zoomTo(this.camera.camera.zoom * factor);
  }

  follow(client: number | null): void {
    this.set({ following: client });
    this.options.presence?.set({ fol: client });
  }

  /** The box around what is selected, drafts included. */
  selectionBox(): Box | null {
    return this.chosen().box;
  }

  /** Whether something of what is selected is not locked. */
  movable(): boolean {
    return this.chosen().movable;
  }

  private chosen(): Chosen {
    const { selection } = this.state;
    const { known, changes } = this;
    if (known.selection !== selection || known.at !== changes) {
      this.known = {
        selection,
        at: changes,
        box: around([...selection].flatMap((id) => this.scene.box(id) ?? [])),
        movable: [...selection].some((id) => this.scene.view(id)?.locked === false),
      };
    }
    return this.known;
  }

  // Words

  face(job: string | null): JobFace {
    return (job && this.jobs.face(job)) || privateFace;
  }

  /** What an object is called when it is read aloud. */
  label(id: string): string {
    const view = this.scene.view(id);
    if (!view) {
      return '';
    }
    const links = this.scene.linksOf(id).size;
    const parts = view.job
      ? ((face) => ['Job card', face.number === null ? '' : `#${face.number}`, face.title, face.number === null ? '' : face.word])(
          this.face(view.job),
        )
      : [typeWord(view.type), view.text.trim().slice(0, 200) || (view.url ?? 'empty')];
    if (view.type === 'group') {
      const inside = this.document.children(id).length;
      parts.push(inside === 1 ? '1 object inside' : `${inside} objects inside`);
    }
    if (links > 0) {
      parts.push(links === 1 ? '1 connector' : `${links} connectors`);
    }
    if (view.locked) {
      parts.push('locked');
    }
    return parts.filter(Boolean).join(', ');
  }

  private countWords(count: number, did: string): string {
    return count === 1 ? `One object ${did}.` : `${count} objects ${did}.`;
  }

  // Changing. Each is one step of undo.

  /** Runs a command and says what did not go as asked; the ids it answers, or null when it was refused. */
  private run(command: () => Outcome, done?: (count: number) => string): readonly string[] | null {
    if (this.readOnly) {
      return null;
    }
    const outcome = command();
    const problem = words(outcome);
    if (problem) {
      this.say(problem);
    } else if (outcome.ok && done && outcome.ids.length > 0) {
      this.announce(done(outcome.ids.length));
    }
    return outcome.ok ? outcome.ids : null;
  }

  /** Puts a new object with its middle at a point of the canvas, into the group there, and answers its id. */
  create(
    type: ObjectType,
    at: Point,
    more: { text?: string; url?: string; job?: string; file?: string; box?: Box; color?: Color } = {},
  ): string | null {
    const { w, h } = more.box ?? schema.types[type];
    const corner = more.box ?? { x: at.x - w / 2, y: at.y - h / 2 };
    const parent = this.scene.groupAt(at, none);
    const origin = (parent && this.scene.rest(parent)) || { x: 0, y: 0 };
    const { box: _, ...rest } = more;
    const ids = this.run(() =>
      commands.createObject(
        this.document,
        { type, ...rest, parent, x: corner.x - origin.x, y: corner.y - origin.y, w, h },
        this.options.me,
      ),
    );
    const id = ids?.[0] ?? null;
    if (id !== null) {
      this.set({ selection: new Set([id]), links: none, focus: id, tool: 'select' });
    }
    return id;
  }

  /** Does what the chosen tool does at a point. */
  place(at: Point): void {
    const { tool } = this.state;
    switch (tool) {
      case 'sticky':
      case 'idea':
      case 'text':
      case 'group':
        this.edit(this.create(tool, at));
        break;
      case 'job':
        this.setTool('select');
        this.options.newJob?.({ at: { x: at.x, y: at.y }, parent: this.scene.groupAt(at, none) });
        break;
      case 'link':
      case 'image':
        this.set({ asking: { at: { x: at.x, y: at.y }, what: tool }, tool: 'select' });
        break;
      case 'select':
      case 'hand':
      case 'connect':
    }
  }

  edit(id: string | null): void {
    const view = id === null ? null : this.document.objects.get(id);
    if (id !== null && view && !this.readOnly && !view.locked && view.type !== 'job' && view.type !== 'image') {
      this.set({ editing: id, selection: new Set([id]), links: none, focus: id });
      // Until the field is there, letters go to the stage, which knows where they belong.
      this.refocus();
    } else {
      this.set({ editing: null });
    }
  }

  /** The text to type into, made when the object has none. */
  textOf(id: string): Y.Text | undefined {
    if (!this.document.text(id) && !this.readOnly) {
      commands.setText(this.document, id, '');
    }
    return this.document.text(id);
  }

  /** Makes a card as high as its text needs, once the typing is over. It never shrinks by itself. */
  grow(id: string, size: number): void {
    const view = this.document.objects.get(id);
    const h = view && !view.locked ? neededHeight(view, size, this.measure) : 0;
    if (view && h > view.h) {
      this.run(() => commands.update(this.document, [id], { size: { w: view.w, h } }));
    }
  }

  /** Gives the keyboard back to the card, or to the stage. Set by the stage. */
  refocus: () => void = () => undefined;

  /** Enter or a double click: a job opens, a text is typed, a group is entered. */
  open(id: string): void {
    const view = this.scene.view(id);
    if (view?.type === 'job' && view.job) {
      this.options.openJob?.(view.job);
    } else if (view && !view.locked) {
      this.edit(id);
    }
  }

  /** Drops what is dragged: each into the group under its middle, all in one step. */
  drop(ids: readonly string[], dx: number, dy: number): void {
    const taken = new Set(ids.flatMap((id) => [...this.scene.inside(id)]));
    const moves = ids.flatMap((id) => {
      const box = this.scene.rest(id);
      const view = this.scene.view(id);
      if (!box || !view) {
        return [];
      }
      const to = moved(box, dx, dy);
      const parent = this.scene.groupAt(center(to), taken);
      const origin = (parent && this.scene.rest(parent)) || { x: 0, y: 0 };
      return [{ id, parent, x: to.x - origin.x, y: to.y - origin.y }];
    });
    const changed = this.run(() => commands.move(this.document, moves));
    if (changed && changed.length > 0) {
      this.scene.settleDraft(OWN);
    } else {
      this.scene.setDraft(OWN, null);
    }
  }

  nudge(dx: number, dy: number): void {
    this.run(() => commands.moveBy(this.document, this.selected, dx, dy));
  }

  /** New world boxes for objects. */
  resize(boxes: ReadonlyMap<string, Box>): void {
    const local = [...boxes].flatMap(([id, box]) => {
      const parent = this.scene.view(id)?.parent;
      const origin = (parent && (boxes.get(parent) ?? this.scene.rest(parent))) || { x: 0, y: 0 };
      return [{ id, x: box.x - origin.x, y: box.y - origin.y, w: box.w, h: box.h }];
    });
    const changed = this.run(() => commands.resize(this.document, local));
    if (changed && changed.length > 0) {
      this.scene.settleDraft(OWN);
    } else {
      this.scene.setDraft(OWN, null);
    }
  }

  remove(withChildren = false): void {
    const { links } = this.state;
    for (const id of links) {
      const jobs = this.scene.link(id)?.jobs;
      if (jobs && !this.readOnly) {
        this.options.removeDependency?.(jobs);
      }
    }
    const ids = [...this.selected, ...[...links].filter((id) => this.document.links.has(id))];
    if (ids.length > 0) {
      this.run(
        () => commands.deleteObjects(this.document, ids, { withChildren }),
        (count) => this.countWords(count, 'deleted'),
      );
    }
    this.clear();
  }

  duplicate(dx = 24, dy = 24): void {
    const ids = this.run(() => commands.duplicate(this.document, this.selected, { by: this.options.me, dx, dy }));
    if (ids && ids.length > 0) {
      this.select(ids);
      this.announce(this.countWords(ids.length, 'duplicated'));
    }
  }

  align(edge: Parameters<typeof commands.align>[2]): void {
    this.run(() => commands.align(this.document, this.selected, edge));
  }

  distribute(axis: 'horizontal' | 'vertical'): void {
    this.run(() => commands.distribute(this.document, this.selected, axis));
  }

  tidy(): void {
    this.run(() => commands.tidy(this.document, this.selected));
  }

  reorder(direction: Parameters<typeof commands.order>[2]): void {
    this.run(() => commands.order(this.document, this.selected, direction));
  }

  group(): void {
    const ids = this.run(() => commands.group(this.document, this.selected, { by: this.options.me }));
    if (ids?.[0]) {
      this.select(ids);
      this.edit(ids[0]);
    }
  }

  ungroup(): void {
    const groups = this.selected.filter((id) => this.scene.view(id)?.type === 'group');
    const ids = groups.length > 0 ? this.run(() => commands.ungroup(this.document, groups)) : null;
    if (ids) {
      this.select(ids);
    }
  }

  lock(locked: boolean): void {
    this.run(
      () => commands.update(this.document, this.selected, { locked }),
      (count) => this.countWords(count, locked ? 'locked' : 'unlocked'),
    );
  }

  color(color: Color): void {
    const ids = [...this.selected, ...[...this.state.links].filter((id) => this.document.links.has(id))];
    this.run(() => commands.update(this.document, ids, { color }));
  }

  /** Makes stickies, ideas and texts into one another. */
  retype(type: 'sticky' | 'idea' | 'text'): void {
    this.run(() => commands.retype(this.document, this.selected, type));
  }

  /** Draws a connector. Between two job cards a dependency is the jobs' own, so the server is asked for it. */
  connect(from: string, to: string, kind: LinkKind = this.state.kind): void {
    const [first, waits] = [this.scene.view(from)?.job, this.scene.view(to)?.job];
    if (this.readOnly || from === to) {
      return;
    }
    if (kind === 'dep' && first && waits) {
      this.options.addDependency?.({ first, waits });
      return;
    }
    const ids = this.run(() => commands.connect(this.document, { from, to, kind }));
    if (ids) {
      this.select([], ids);
    }
  }

  /** Makes the selected connectors dependencies, or mere relations again. */
  setKind(kind: LinkKind): void {
    for (const id of this.state.links) {
      const link = this.scene.link(id);
      if (!link || this.readOnly) {
        continue;
      }
      const { from, to } = link.view;
      const [first, waits] = [this.scene.view(from.object)?.job, this.scene.view(to.object)?.job];
      if (link.jobs && kind === 'rel') {
        this.options.changeDependency?.({ old: link.jobs, next: null, done: () => this.connect(from.object, to.object, 'rel') });
      } else if (!link.jobs && kind === 'dep' && first && waits) {
        const done = () => this.run(() => commands.disconnect(this.document, [id]));
        this.options.changeDependency?.({ old: null, next: { first, waits }, done });
      } else if (!link.jobs) {
        this.run(() => commands.relink(this.document, id, { kind }));
      }
    }
  }

  /** Moves an end of a connector to another object, or another side of the one it is at. */
  moveEnd(id: string, end: 'from' | 'to', to: LinkEnd): void {
    const link = this.scene.link(id);
    if (!link) {
      return;
    }
    const { view, jobs } = link;
    const connector = { link: jobs ? null : id, from: view.from.object, to: view.to.object };
    const ask = (change: DependencyChange) => {
      this.clear();
      this.options.changeDependency?.(change);
    };
    this.run(
      () => commands.moveEnd(this.document, connector, end, to, ask),
      () => `It ${end === 'from' ? 'begins' : 'ends'} at ${this.label(to.object)} now.`,
    );
  }

  /** The label of a connector. */
  setLinkText(id: string, text: string): void {
    this.run(() => commands.setText(this.document, id, text));
  }

  undo(): void {
    if (!this.readOnly) {
      this.announce(this.options.steps?.undo() ? 'Undone.' : 'Nothing to undo.');
    }
  }

  redo(): void {
    if (!this.readOnly) {
      this.announce(this.options.steps?.redo() ? 'Redone.' : 'Nothing to redo.');
    }
  }

  /** Takes out of the selection what is not there any more. */
  private forget(objects: ReadonlySet<string>, links: ReadonlySet<string>): void {
    const { state } = this;
    const gone = (id: string | null) => id !== null && objects.has(id) && !this.scene.view(id);
    const lost = [...state.selection].filter(gone);
    const lostLinks = [...state.links].filter((id) => links.has(id) && !this.scene.link(id));
    if (lost.length + lostLinks.length > 0 || gone(state.focus) || gone(state.hover) || gone(state.editing)) {
      this.set({
        selection: new Set([...state.selection].filter((id) => !gone(id))),
        links: new Set([...state.links].filter((id) => !lostLinks.includes(id))),
        focus: gone(state.focus) ? null : state.focus,
        hover: gone(state.hover) ? null : state.hover,
        editing: gone(state.editing) ? null : state.editing,
      });
      if (gone(state.editing)) {
        this.say('What you were typing in was deleted by somebody.');
      }
    }
  }

  /** Shows the others what this person selects and edits. */
  private show(now: UiState, before: UiState): void {
    const { presence } = this.options;
    if (before.editing !== null && now.editing !== before.editing) {
      this.options.steps?.stop?.();
    }
    if (presence && (now.selection !== before.selection || now.editing !== before.editing)) {
      presence.set({ sel: [...now.selection].slice(0, 100), ed: now.editing });
    }
  }
}

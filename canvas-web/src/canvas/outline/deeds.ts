/** What a person can do from the outline: the same commands as on the canvas, said aloud. */
import { commands, cut, find, type OpenDocument, type Outcome, paste, type Received, sizeOf, type Upload, words } from '../document';
import type { DependencyChange } from '../document/commands';
import type { JobSource } from '../render/painter';
import type { JobDependency } from '../scene/scene';
import type { Color, ObjectType, Point } from '../types';
import type { LinkRow } from './rows';
import { nameOf } from './words';

/** What is the page's matter. */
export interface OutlineActions {
  readonly promote?: (ids: readonly string[]) => void;
  /** Asks for a new job whose card is to have its middle there. */
  readonly newJob?: (place: { readonly at: Point; readonly parent: string | null }) => void;
  readonly addDependency?: (dependency: JobDependency) => void;
  readonly removeDependency?: (dependency: JobDependency) => void;
  readonly changeDependency?: (change: DependencyChange) => void;
  /** Stores a pasted picture. */
  readonly upload?: Upload;
  /** Whether there was anything to take back, or to make again. */
  readonly undo?: () => boolean;
  readonly redo?: () => boolean;
  readonly showOnCanvas?: (id: string) => void;
  /** Shows a refusal. */
  readonly say?: (words: string) => void;
}

export interface DeedOptions {
  readonly document: OpenDocument;
  readonly me: string | null;
  readonly jobs: JobSource;
  readonly actions: Required<Pick<OutlineActions, 'say' | 'addDependency' | 'removeDependency' | 'changeDependency'>>;
  /** Says what was done to those who do not see it. */
  readonly announce: (words: string) => void;
}

const counted = (count: number, did: string) => (count === 1 ? `One object ${did}.` : `${count} objects ${did}.`);

export class Deeds {
  constructor(private readonly options: DeedOptions) {}

  /** What was made or changed; nothing when it was refused, which the person was told. */
  private run(outcome: Outcome, did: (count: number) => string): readonly string[] {
    const problem = words(outcome);
    if (problem !== null) {
      this.options.actions.say(problem);
    }
    if (outcome.ok && outcome.ids.length > 0) {
      this.options.announce(did(outcome.ids.length));
    }
    return outcome.ok ? outcome.ids : [];
  }

  private name(id: string | null): string {
    const view = id === null ? undefined : this.options.document.objects.get(id);
    return view === undefined ? '' : nameOf(view, this.options.jobs);
  }

  create(type: ObjectType, place: { parent: string | null; near: string | null }, url?: string): string | null {
    const { document, me } = this.options;
    const outcome = commands.createBeside(document, { type, url }, { by: me, ...place });
    const inside = this.name(place.parent);
    return this.run(outcome, () => (inside === '' ? 'Made.' : `Made in ${inside}.`))[0] ?? null;
  }

  /** Objects, and connectors of the document. */
  remove(ids: readonly string[], withChildren = false): void {
    this.run(commands.deleteObjects(this.options.document, ids, { withChildren }), () => counted(ids.length, 'deleted'));
  }

  duplicate(ids: readonly string[]): readonly string[] {
    const { document, me } = this.options;
    return this.run(commands.duplicate(document, ids, { by: me }), (count) => counted(count, 'duplicated'));
  }

  cut(ids: readonly string[]): void {
    this.run(cut(this.options.document, ids), (count) => counted(count, 'cut'));
  }

  /** Adds what was on the clipboard where there is room for it. */
  async paste(what: Received, place: { parent: string | null; near: string | null }, upload?: Upload): Promise<readonly string[]> {
    const { document, me } = this.options;
    const at = commands.roomBeside(document, sizeOf(what), place);
    const outcome = await paste(document, what, { at, by: me, parent: place.parent, upload });
    return this.run(outcome, (count) => counted(count, 'pasted'));
  }

  moveInto(ids: readonly string[], into: string | null): void {
    const where = into === null ? 'moved out of the group' : `moved to ${this.name(into)}`;
    this.run(commands.moveInto(this.options.document, ids, into), (count) => counted(count, where));
  }

  color(ids: readonly string[], color: Color): void {
    this.run(commands.update(this.options.document, ids, { color }), (count) =>
      counted(count, `is ${color} now`).replace('objects is', 'objects are'),
    );
  }

  lock(ids: readonly string[], locked: boolean): void {
    this.run(commands.update(this.options.document, ids, { locked }), (count) => counted(count, locked ? 'locked' : 'unlocked'));
  }

  retype(ids: readonly string[], type: 'sticky' | 'idea' | 'text'): void {
    this.run(commands.retype(this.options.document, ids, type), (count) => counted(count, 'changed'));
  }

  group(ids: readonly string[]): string | null {
    const { document, me } = this.options;
    return this.run(commands.group(document, ids, { by: me }), () => 'Grouped.')[0] ?? null;
  }

  ungroup(ids: readonly string[]): readonly string[] {
    return this.run(commands.ungroup(this.options.document, ids), () => 'Group taken away; its contents stay.');
  }

  /** Draws a connector. Between two jobs a dependency is the server's matter (CAN-6). */
  connect(from: string, to: string, kind: 'rel' | 'dep'): void {
    const { document, actions } = this.options;
    const [first, waits] = [document.objects.get(from)?.job, document.objects.get(to)?.job];
    if (kind === 'dep' && first != null && waits != null) {
      actions.addDependency({ first, waits });
      return;
    }
    this.run(commands.connect(document, { from, to, kind }), () =>
      kind === 'dep' ? `${this.name(to)} waits for ${this.name(from)}.` : `${this.name(from)} leads to ${this.name(to)}.`,
    );
  }

  /** Moves the other end of a connector of an object, so that it leads to or from another. */
  moveOther(id: string, { link, begins, other }: LinkRow, to: string): void {
    const { document, actions } = this.options;
    const [from, until] = begins ? [id, other] : [other, id];
    const outcome = commands.moveEnd(
      document,
      { link, from, to: until },
      begins ? 'to' : 'from',
      { object: to, side: 'auto' },
      actions.changeDependency,
    );
    this.run(outcome, () => `It leads ${begins ? 'to' : 'here from'} ${this.name(to)} now.`);
  }

  disconnect({ link, jobs }: LinkRow): void {
    if (jobs !== null) {
      this.options.actions.removeDependency(jobs);
    } else if (link !== null) {
      this.run(commands.disconnect(this.options.document, [link]), () => 'Connector removed.');
    }
  }

  /** Objects that a search finds, the best first. */
  found(query: string): readonly string[] {
    const { document, jobs } = this.options;
    const title = (job: string) => jobs.face(job)?.title;
    const ids = find(document, query, { title }).found.flatMap(({ id, kind }) =>
      kind === 'object' ? [id] : (document.links.get(id)?.from.object ?? []),
    );
    return [...new Set(ids)];
  }
}

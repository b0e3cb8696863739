/** The state of an outline: what is listed, which row has the keyboard, what is folded, typed and asked. */
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { aloud } from '../aloud';
import { ancestors, commands, type OpenDocument } from '../document';
import type { JobSource } from '../render/painter';
import type { JobDependency } from '../scene/scene';
import { schema } from '../schema.gen';
import type { ObjectType } from '../types';
import { Deeds, type OutlineActions } from './deeds';
import { type CardLinks, cardLinks, flatRows, type LinkRow, type Row, rowsOf } from './rows';
import { type Shape, useShape } from './shape';
import { nameOf } from './words';

export interface OutlineOptions {
  readonly document: OpenDocument;
  readonly me: string | null;
  readonly jobs: JobSource;
  readonly dependencies: readonly JobDependency[];
  readonly selection: ReadonlySet<string>;
  readonly onSelect: (ids: readonly string[]) => void;
  /** Opens a job. */
  readonly onOpen: (job: string) => void;
  readonly actions: OutlineActions;
  readonly readOnly: boolean;
}

/** A question that a dialog asks. */
export type Asking =
  | { readonly what: 'move'; readonly ids: readonly string[] }
  | { readonly what: 'connect'; readonly id: string }
  | { readonly what: 'end'; readonly id: string; readonly link: LinkRow }
  | { readonly what: 'address'; readonly place: Place };

export interface Place {
  readonly parent: string | null;
  readonly near: string | null;
}

export interface OutlineState {
  readonly rows: readonly Row[];
  readonly shape: Shape;
  readonly deeds: Deeds;
  readonly ofJobs: CardLinks;
  /** The key of the row with the keyboard. */
  readonly active: string | null;
  readonly editing: string | null;
  readonly query: string;
  readonly asking: Asking | null;
  /** What was done last, to be read aloud. */
  readonly said: string;
  /** Rises when the active row should get the keyboard. */
  readonly focusing: number;
  setQuery(query: string): void;
  ask(asking: Asking | null): void;
  /** Gives a row the keyboard. */
  goTo(key: string): void;
  /** Gives an object the keyboard and opens what it is in. */
  reveal(id: string): void;
  fold(id: string, open: boolean): void;
  /** What Enter and a second tap do. */
  open(row: Row): void;
  edit(id: string): void;
  /** Ends typing; the row gets the keyboard back unless something else took it. */
  doneEditing(keep: boolean): void;
  create(type: ObjectType | 'newJob', url?: string): void;
  remove(row: Row, withChildren?: boolean): void;
  duplicate(row: Row): void;
  group(row: Row): void;
  undo(): void;
  redo(): void;
  /** Where something new would go: into the group with the keyboard, or beside what has it. */
  placeOf(): Place;
  /** Selects what was just made and gives it the keyboard. */
  made(ids: readonly string[]): void;
  /** The objects that an action on a row is about: the selection, when the row is part of it. */
  targets(row: Row): readonly string[];
}

export function useOutline(options: OutlineOptions): OutlineState | undefined {
  const { document, dependencies, selection } = options;
  const listed = useShape(document);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });

  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState<string | null>(null);
  const [editing, setEditing] = useState<{ readonly id: string; readonly fresh: boolean } | null>(null);
  const [query, setQuery] = useState('');
  const [asking, ask] = useState<Asking | null>(null);
  const [said, setSaid] = useState('');
  const announce = useCallback((text: string) => setSaid((before) => aloud(text, before)), []);
  const [focusing, setFocusing] = useState(0);
  const searched = useDeferredValue(query);

  const { jobs, me } = options;
  const deeds = useMemo(
    () =>
      new Deeds({
        document,
        me,
        jobs,
        announce,
        actions: {
          say: (text) => (latest.current.actions.say ?? announce)(text),
          addDependency: (dependency) => latest.current.actions.addDependency?.(dependency),
          removeDependency: (dependency) => latest.current.actions.removeDependency?.(dependency),
          changeDependency: (change) => latest.current.actions.changeDependency?.(change),
        },
      }),
    [document, me, jobs, announce],
  );
  const version = listed?.version;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says when the document lists otherwise
  const ofJobs = useMemo(() => cardLinks(document, dependencies), [document, dependencies, version]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: likewise
  const rows = useMemo(
    () => (searched.trim() === '' ? rowsOf(document, { toggled, ofJobs }) : flatRows(deeds.found(searched))),
    [document, toggled, ofJobs, deeds, searched, version],
  );

  // When the row with the keyboard goes, the one that took its place gets it.
  const place = useRef(0);
  const at = rows.findIndex(({ key }) => key === active);
  if (at >= 0) {
    place.current = at;
  }
  const current = at >= 0 ? active : (rows[Math.min(place.current, rows.length - 1)]?.key ?? null);

  const goTo = useCallback((key: string) => {
    setActive(key);
    setFocusing((count) => count + 1);
  }, []);
  const unfold = useCallback(
    (id: string) => {
      setToggled((before) => {
        const closed = ancestors(document, id).filter((group) => before.has(group));
        return closed.length === 0 ? before : new Set([...before].filter((one) => !closed.includes(one)));
      });
    },
    [document],
  );
  const reveal = useCallback(
    (id: string) => {
      setQuery('');
      unfold(id);
      goTo(id);
      latest.current.onSelect([id]);
    },
    [unfold, goTo],
  );

  // What is selected elsewhere gets the row, without taking the keyboard.
  useEffect(() => {
    const [only, more] = selection;
    if (only !== undefined && more === undefined && document.objects.has(only)) {
      unfold(only);
      setActive((before) => (before?.startsWith(`${only}/`) ? before : only));
    }
  }, [selection, document, unfold]);

  const found = searched.trim() === '' ? null : rows.length;
  useEffect(() => {
    if (found !== null) {
      announce(found === 0 ? 'Nothing found.' : `${found} found.`);
    }
  }, [found, announce]);

  if (listed === undefined) {
    return undefined;
  }

  const targets = (row: Row): readonly string[] => (row.link === null && selection.has(row.id) ? [...selection] : [row.id]);
  const edit = (id: string, fresh = false) => {
    const view = document.objects.get(id);
    if (view === undefined || options.readOnly || view.type === 'job') {
      return;
    }
    if (view.locked) {
      (options.actions.say ?? announce)(`${nameOf(view, options.jobs)} is locked.`);
      return;
    }
    setActive(id);
    setEditing({ id, fresh });
  };
  const show = (id: string | null, alsoEdit: boolean) => {
    if (id !== null) {
      reveal(id);
      if (alsoEdit) {
        setEditing({ id, fresh: true });
      }
    }
  };
  const row = rows.find(({ key }) => key === current);
  const made = (ids: readonly string[]) => {
    const [first] = ids;
    if (first !== undefined) {
      reveal(first);
      options.onSelect(ids);
    }
  };
  const placeOf = (): Place => {
    const view = row === undefined ? undefined : document.objects.get(row.id);
    if (view === undefined || searched.trim() !== '') {
      return { parent: null, near: null };
    }
    return view.type === 'group' && row?.link === null && row.open
      ? { parent: view.id, near: null }
      : { parent: view.parent, near: view.id };
  };

  return {
    rows,
    shape: listed.shape,
    deeds,
    ofJobs,
    active: current,
    editing: editing?.id ?? null,
    query,
    asking,
    said,
    focusing,
    setQuery,
    ask,
    goTo,
    reveal,
    fold: (id, open) => {
      setToggled((before) => {
        const usual = document.children(id).length > 0;
        const next = new Set(before);
        if (open === usual) {
          next.delete(id);
        } else {
          next.add(id);
        }
        return next;
      });
    },
    open: (one) => {
      const view = document.objects.get(one.id);
      if (one.link !== null) {
        reveal(one.link.other);
      } else if (view?.job != null) {
        options.onOpen(view.job);
      } else {
        edit(one.id);
      }
    },
    edit,
    doneEditing: (keep) => {
      if (editing === null) {
        return;
      }
      setEditing(null);
      const view = document.objects.get(editing.id);
      // What was made and left empty was not meant.
      if (editing.fresh && view !== undefined && view.text === '' && view.url === null && view.type !== 'group') {
        deeds.remove([editing.id]);
      }
      if (keep) {
        setFocusing((count) => count + 1);
      }
    },
    create: (type, url) => {
      const at = asking?.what === 'address' ? asking.place : placeOf();
      if (type === 'newJob') {
        options.actions.newJob?.({ at: commands.roomBeside(document, schema.types.job, at), parent: at.parent });
      } else if (type === 'link' && url === undefined) {
        ask({ what: 'address', place: at });
      } else {
        show(deeds.create(type, at, url), type !== 'link');
      }
    },
    remove: (one, withChildren) => {
      if (one.link !== null) {
        deeds.disconnect(one.link);
      } else {
        deeds.remove(targets(one), withChildren);
        options.onSelect([]);
      }
      setFocusing((count) => count + 1);
    },
    duplicate: (one) => {
      made(deeds.duplicate(targets(one)));
    },
    undo: () => announce(options.actions.undo?.() ? 'Undone.' : 'Nothing to undo.'),
    redo: () => announce(options.actions.redo?.() ? 'Redone.' : 'Nothing to redo.'),
    group: (one) => show(deeds.group(targets(one)), true),
    placeOf,
    made,
    targets,
  };
}

/** What the Backlog page shows and what can be done on it. */
import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react';
import { useFolders } from '@/api/folders';
import { useJobs } from '@/api/hooks';
import { explain } from '@/api/problem';
import type { Folder, Job, Workspace } from '@/api/types';
import { joined, parentOf, pathWords, within } from '@/shared/lib/folders';
import { toastProblem } from '@/shared/ui/toast';
import type { BulkRun } from './bulk';
import { useBulkActs } from './bulk-acts';
import type { Dragged, Side } from './drag';
import type { FolderActs } from './folder-row';
import { type BacklogSearch, shownJobs } from './search';
import { allFolders, type Draft, type FolderNode, folderKey, rowsOf, treeOf } from './tree';
import { useClosed } from './use-closed';
import { useMoves } from './use-moves';
import { useRows } from './use-rows';

/** What is asked for in a dialog. */
export type Asking =
  | { what: 'move'; jobs: readonly Job[] }
  | { what: 'labels'; jobs: readonly Job[] }
  | { what: 'cancel' | 'delete'; jobs: readonly Job[] }
  | { what: 'move-folder' | 'delete-folder'; node: FolderNode };

const words = (error: unknown): string => {
  const { detail, rule } = explain(error);
  return rule ? `${detail} (${rule})` : detail;
};

export function useBacklog(workspace: Workspace, search: BacklogSearch, onOpen: (job: Job) => void) {
  const ws = workspace.id;
  const mayEdit = workspace.role !== 'viewer';
  const jobs = useJobs(ws);
  const folders = useFolders(ws);
  const [closed, setClosed] = useClosed(ws);
  const [draft, setDraft] = useState<Draft>();
  const [renaming, setRenaming] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [asking, setAsking] = useState<Asking>();
  const [run, setRun] = useState<BulkRun>();
  /** For those who do not see where a row went. */
  const [said, setSaid] = useState('');
  const acts = useBulkActs(ws, setRun);
  const moves = useMoves(ws);

  const { q, show } = search;
  const all = useMemo(() => Object.values(jobs ?? {}), [jobs]);
  const shown = useMemo(() => shownJobs(all, { q, show }), [all, q, show]);
  const tree = useMemo(() => treeOf(folders.data ?? [], shown), [folders.data, shown]);
  const rows = useMemo(() => rowsOf(tree, { closed, draft, searching: Boolean(q) }), [tree, closed, draft, q]);
  const list = useRows(rows);
  const { setFocus, clear } = list;
  // Acts are handed to memoised rows; they look here for what is current.
  const now = useRef({ tree, rows, list, folders: folders.data ?? [], run });
  now.current = { tree, rows, list, folders: folders.data ?? [], run };

  const lastMade = useRef<string>(undefined);
  const begin = useCallback((next: Draft | undefined) => {
    lastMade.current = undefined;
    setProblem(undefined);
    setRenaming(undefined);
    setDraft(next);
  }, []);

  const endDraft = useCallback(() => {
    const at = lastMade.current ?? (draft?.path ? folderKey(draft.path) : undefined);
    begin(undefined);
    if (at !== undefined) {
      setFocus(at);
    }
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus({ preventScroll: true }));
  }, [begin, draft, setFocus]);

  const patchFolder = useCallback(
    async (folder: Folder, body: Parameters<typeof moves.patchFolder>[1]) => {
      try {
        const after = await moves.patchFolder(folder, body);
        setFocus(folderKey(after.path));
      } catch (error) {
        toastProblem(`${folder.path} was not moved`, error);
      }
    },
    [moves.patchFolder, setFocus],
  );

  const makeFolder = useCallback(
    (parent: string, name: string) =>
      moves.makeFolder(joined(parent, name)).then(
        (made) => {
          begin(undefined);
          setFocus(folderKey(made.path));
          requestAnimationFrame(() =>
            requestAnimationFrame(() =>
              document.querySelector<HTMLElement>(`[data-row="${CSS.escape(folderKey(made.path))}"]`)?.focus({ preventScroll: true }),
            ),
          );
        },
        (error: unknown) => setProblem(words(error)),
      ),
    [moves.makeFolder, begin, setFocus],
  );

  /** The folder beside this one, upwards or downwards, that everybody sees. */
  const shift = useCallback(
    (node: FolderNode, by: -1 | 1) => {
      const around = allFolders(now.current.tree).find(({ path }) => path === parentOf(node.path)) ?? now.current.tree;
      const beside = around.folders.filter(({ row }) => row !== undefined);
      const other = beside[beside.findIndex(({ path }) => path === node.path) + by]?.row;
      if (node.row && other) {
        void patchFolder(node.row, by < 0 ? { before: other.id } : { after: other.id });
      }
    },
    [patchFolder],
  );

  const folderActs = useMemo<FolderActs>(
    () => ({
      toggle: (path) => {
        const row = now.current.rows.find((each) => each.key === folderKey(path));
        setClosed(path, row?.kind === 'folder' && row.open);
      },
      focus: (key) => now.current.list.setFocus(key),
      choose: (key, how) => now.current.list.choose(key, how),
      addJob: (path) => begin({ what: 'job', path }),
      addFolder: (path) => begin({ what: 'folder', path }),
      rename: (path) => {
        begin(undefined);
        setRenaming(path);
      },
      named: (node, name) => {
        if (!node.row) {
          // One that nobody made: it is made now, then called otherwise.
          moves.makeFolder(node.path).then(
            (made) => void moves.patchFolder(made, { path: joined(parentOf(node.path), name) }),
            (error: unknown) => setProblem(words(error)),
          );
          setRenaming(undefined);
          return;
        }
        moves.patchFolder(node.row, { path: joined(parentOf(node.path), name) }).then(
          (after) => {
            setRenaming(undefined);
            setProblem(undefined);
            setFocus(folderKey(after.path));
          },
          (error: unknown) => setProblem(words(error)),
        );
      },
      cancelRename: () => {
        setRenaming(undefined);
        setProblem(undefined);
        requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus({ preventScroll: true }));
      },
      shift,
      moveInto: (node) => setAsking({ what: 'move-folder', node }),
      remove: (node) => setAsking({ what: 'delete-folder', node }),
    }),
    [begin, setClosed, moves.makeFolder, moves.patchFolder, shift, setFocus],
  );

  /** After an act on the chosen: nothing is chosen any more of what was done. */
  const done = useCallback(
    (finished: BulkRun) => {
      if (finished.refused.length === 0) {
        clear();
      }
    },
    [clear],
  );

  const place = useCallback(
    (moved: readonly Job[], to: Parameters<typeof moves.placeJobs>[1], quiet: boolean) => {
      // A single job that simply goes is seen going; anything else is told.
      const alone = quiet && moved.length === 1 ? moved[0] : undefined;
      const progress = (next: BulkRun) => {
        if (!alone || next.refused.length > 0) {
          setRun(next);
        } else if (!next.running) {
          const beside = to.before ? ` before #${to.before.number}` : to.after ? ` behind #${to.after.number}` : '';
          setSaid(`#${alone.number} is${beside} in ${to.folder === '' ? 'no folder' : pathWords(to.folder)}`);
        }
      };
      return moves.placeJobs(moved, to, progress);
    },
    [moves.placeJobs],
  );

  const drop = useCallback(
    (dragged: Dragged, target: Dragged, side: Side) => {
      const { rows: current, list: chosenList, tree: root } = now.current;
      if (dragged.kind === 'folder') {
        const node = allFolders(root).find(({ path }) => path === dragged.path);
        const over = target.kind === 'folder' ? allFolders(root).find(({ path }) => path === target.path) : undefined;
        if (!node?.row || (over && within(over.path, node.path))) {
          return;
        }
        if (target.kind === 'folder' && (side === 'into' || !over?.row)) {
          void patchFolder(node.row, { path: joined(target.path, node.name) });
        } else if (over?.row) {
          const path = joined(parentOf(over.path), node.name);
          void patchFolder(node.row, { path, ...(side === 'before' ? { before: over.row.id } : { after: over.row.id }) });
        }
        return;
      }
      const row = current.find((each) => each.key === dragged.job);
      if (row?.kind !== 'job') {
        return;
      }
      const moved = chosenList.selected.has(row.key) ? chosenList.chosen : [row.job];
      if (target.kind === 'folder') {
        void place(moved, { folder: target.path }, true);
        return;
      }
      const beside = current.find((each) => each.key === target.job);
      if (beside?.kind === 'job' && !moved.includes(beside.job)) {
        const folder = beside.job.folder ?? '';
        void place(moved, side === 'before' ? { folder, before: beside.job } : { folder, after: beside.job }, true);
      }
    },
    [patchFolder, place],
  );

  /** Moves what is chosen, or the job that has the keyboard, one place up or down in its folder. */
  const nudge = useCallback(
    (by: -1 | 1) => {
      const { rows: current, list: chosenList } = now.current;
      const row = current.find((each) => each.key === chosenList.focus);
      if (row?.kind === 'folder') {
        if (row.node.row) {
          shift(row.node, by);
        }
        return;
      }
      if (row?.kind !== 'job') {
        return;
      }
      const folder = row.job.folder ?? '';
      const block = chosenList.selected.has(row.key) ? chosenList.chosen.filter((job) => (job.folder ?? '') === folder) : [row.job];
      const beside = current.flatMap((each) => (each.kind === 'job' && (each.job.folder ?? '') === folder ? [each.job] : []));
      const edge = by < 0 ? block[0] : block.at(-1);
      const other = edge && beside[beside.indexOf(edge) + by];
      if (other) {
        void place(block, by < 0 ? { folder, before: other } : { folder, after: other }, true);
      }
    },
    [shift, place],
  );

  const onKey = useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const { rows: current, list: chosenList } = now.current;
      if (event.defaultPrevented || (event.target instanceof HTMLInputElement && event.target.type !== 'checkbox')) {
        return;
      }
      const row = current.find((each) => each.key === chosenList.focus);
      const onControl = event.target instanceof Element && event.target.closest('button') !== null;
      const folder = row?.kind === 'folder' ? row.node.path : row?.kind === 'job' ? (row.job.folder ?? '') : '';
      const targets = chosenList.chosen.length > 0 ? chosenList.chosen : row?.kind === 'job' ? [row.job] : [];
      const page = 10;
      const command = event.ctrlKey || event.metaKey;
      const run = (act: () => void) => {
        event.preventDefault();
        act();
      };
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        if (mayEdit) run(() => nudge(event.key === 'ArrowUp' ? -1 : 1));
        return;
      }
      if (event.altKey || (command && event.key.toLowerCase() !== 'a')) {
        return;
      }
      switch (event.key) {
        case 'ArrowDown':
        case 'j':
          return run(() => chosenList.step(1, event.shiftKey));
        case 'ArrowUp':
        case 'k':
          return run(() => chosenList.step(-1, event.shiftKey));
        case 'PageDown':
          return run(() => chosenList.step(page, event.shiftKey));
        case 'PageUp':
          return run(() => chosenList.step(-page, event.shiftKey));
        case 'Home':
          return run(() => chosenList.step(-current.length, event.shiftKey));
        case 'End':
          return run(() => chosenList.step(current.length, event.shiftKey));
        case 'ArrowLeft':
          return run(() => {
            if (row?.kind === 'folder' && row.open) {
              setClosed(row.node.path, true);
            } else if (row) {
              const around = row.kind === 'folder' ? parentOf(row.node.path) : folder;
              if (current.some(({ key }) => key === folderKey(around))) setFocus(folderKey(around));
            }
          });
        case 'ArrowRight':
          return run(() => {
            if (row?.kind === 'folder' && !row.open) {
              setClosed(row.node.path, false);
            } else if (row?.kind === 'folder') {
              chosenList.step(1);
            }
          });
        case 'Enter':
          if (onControl) return;
          return run(() => {
            if (row?.kind === 'folder') folderActs.toggle(row.node.path);
            else if (row?.kind === 'job') onOpen(row.job);
          });
        case ' ':
        case 'x':
          if (onControl) return;
          return run(() => row && chosenList.choose(row.key, { toggle: true }));
        case 'a':
          return command ? run(chosenList.chooseAll) : undefined;
        case 'Escape':
          return chosenList.selected.size > 0 ? run(clear) : undefined;
        default:
      }
      if (!mayEdit) {
        return;
      }
      switch (event.key) {
        case 'n':
          return run(() => begin({ what: 'job', path: folder }));
        case 'N':
          return run(() => begin({ what: 'folder', path: row?.kind === 'folder' ? row.node.path : folder }));
        case 'F2':
          return row?.kind === 'folder' && row.node.path !== '' ? run(() => folderActs.rename(row.node.path)) : undefined;
        case 'Delete':
          if (row?.kind === 'folder' && chosenList.chosen.length === 0) {
            return row.node.row ? run(() => setAsking({ what: 'delete-folder', node: row.node })) : undefined;
          }
          return targets.length > 0 ? run(() => setAsking({ what: 'delete', jobs: targets })) : undefined;
        case 'm':
          if (row?.kind === 'folder' && chosenList.chosen.length === 0) {
            return row.node.row ? run(() => setAsking({ what: 'move-folder', node: row.node })) : undefined;
          }
          return targets.length > 0 ? run(() => setAsking({ what: 'move', jobs: targets })) : undefined;
        case 'r':
          return targets.length > 0 ? run(() => void acts.ready(targets).then(done)) : undefined;
        case '.':
          return run(() => document.querySelector<HTMLElement>(`[data-row="${CSS.escape(chosenList.focus ?? '')}"] [data-menu]`)?.click());
        default:
      }
    },
    [mayEdit, nudge, setClosed, setFocus, folderActs, onOpen, clear, begin, acts, done],
  );

  const choice = useMemo(
    () => ({
      ready: (chosen: readonly Job[]) => void acts.ready(chosen).then(done),
      unready: (chosen: readonly Job[]) => void acts.unready(chosen).then(done),
      move: (chosen: readonly Job[]) => setAsking({ what: 'move', jobs: chosen }),
      priority: (...given: Parameters<typeof acts.priority>) => void acts.priority(...given).then(done),
      labels: (chosen: readonly Job[]) => setAsking({ what: 'labels', jobs: chosen }),
      owner: (...given: Parameters<typeof acts.owner>) => void acts.owner(...given).then(done),
      cancel: (chosen: readonly Job[]) => setAsking({ what: 'cancel', jobs: chosen }),
      remove: (chosen: readonly Job[]) => setAsking({ what: 'delete', jobs: chosen }),
    }),
    [acts, done],
  );

  return {
    loading: jobs === undefined || folders.isPending,
    folderProblem: folders.error,
    empty: all.length === 0 && (folders.data ?? []).length === 0,
    mayEdit,
    all,
    shown,
    tree,
    rows,
    list,
    draft,
    begin,
    endDraft,
    made: useCallback((job: Job) => {
      lastMade.current = job.id;
    }, []),
    renaming,
    problem,
    asking,
    setAsking,
    run,
    said,
    closeRun: useCallback(() => setRun(undefined), []),
    acts,
    choice,
    done,
    place,
    patchFolder,
    removeFolder: moves.removeFolder,
    makeFolder,
    folderActs,
    drop,
    onKey,
  };
}

export type Backlog = ReturnType<typeof useBacklog>;

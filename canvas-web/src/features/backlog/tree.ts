/** The Backlog as a tree of folders, and as the rows that are seen of it. Pure, so that its order can be tested. */
import type { Folder, Job } from '@/api/types';
import { chainOf, depthOf, nameOf, parentOf } from '@/shared/lib/folders';

export interface FolderNode {
  /** Empty for what is in no folder. */
  path: string;
  name: string;
  depth: number;
  /** What the server has of it; nothing for a folder that only private jobs are in. */
  row: Folder | undefined;
  folders: FolderNode[];
  jobs: Job[];
  /** Jobs in it and in the folders in it. */
  count: number;
}

/** Where something new is being named. */
export interface Draft {
  what: 'job' | 'folder';
  path: string;
}

export type Row =
  | { kind: 'folder'; key: string; level: number; node: FolderNode; open: boolean }
  | { kind: 'job'; key: string; level: number; job: Job }
  | { kind: 'draft'; key: string; level: number; draft: Draft };

export const folderKey = (path: string): string => `folder:${path}`;
export const draftKey = 'draft';

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** As the server orders: by the bytes of the position. */
export const inOrder = (a: Job, b: Job): number => byText(a.position, b.position) || a.number - b.number;

const placed = (a: FolderNode, b: FolderNode): number =>
  Number(a.row === undefined) - Number(b.row === undefined) ||
  byText(a.row?.position ?? '', b.row?.position ?? '') ||
  a.name.localeCompare(b.name);

/** The folders there are, and those that jobs are in, with their jobs in order. */
export function treeOf(folders: readonly Folder[], jobs: readonly Job[]): FolderNode {
  const root: FolderNode = { path: '', name: 'No folder', depth: 0, row: undefined, folders: [], jobs: [], count: 0 };
  const nodes = new Map<string, FolderNode>([['', root]]);
  const nodeAt = (path: string): FolderNode => {
    const known = nodes.get(path);
    if (known) {
      return known;
    }
    const node: FolderNode = { path, name: nameOf(path), depth: depthOf(path), row: undefined, folders: [], jobs: [], count: 0 };
    nodes.set(path, node);
    nodeAt(parentOf(path)).folders.push(node);
    return node;
  };
  for (const folder of folders) {
    nodeAt(folder.path).row = folder;
  }
  for (const job of jobs) {
    const path = job.folder ?? '';
    nodeAt(path).jobs.push(job);
    root.count += 1;
    if (path !== '') {
      for (const around of chainOf(path)) {
        nodeAt(around).count += 1;
      }
    }
  }
  for (const node of nodes.values()) {
    node.folders.sort(placed);
    node.jobs.sort(inOrder);
  }
  return root;
}

/** Whether everybody of the workspace sees the folder. One with a folder in it that they see is seen too. */
export const isShown = (node: FolderNode): boolean =>
  node.row !== undefined || node.jobs.some((job) => !job.private) || node.folders.some(isShown);

interface Look {
  closed: ReadonlySet<string>;
  draft: Draft | undefined;
  /** While something is searched for, folders are open and those without a find are left out. */
  searching: boolean;
}

/** The rows of the tree from top to bottom. */
export function rowsOf(root: FolderNode, { closed, draft, searching }: Look): Row[] {
  const rows: Row[] = [];
  const drafted = (what: Draft['what'], path: string, level: number) => {
    if (draft?.what === what && draft.path === path) {
      rows.push({ kind: 'draft', key: draftKey, level, draft });
    }
  };
  const jobsOf = (node: FolderNode, level: number) => {
    for (const job of node.jobs) {
      rows.push({ kind: 'job', key: job.id, level, job });
    }
    drafted('job', node.path, level);
  };
  const foldersOf = (node: FolderNode, level: number) => {
    drafted('folder', node.path, level);
    for (const folder of node.folders) {
      if (searching && folder.count === 0) {
        continue;
      }
      const open = searching || !closed.has(folder.path) || (draft !== undefined && chainOf(draft.path).includes(folder.path));
      rows.push({ kind: 'folder', key: folderKey(folder.path), level, node: folder, open });
      if (open) {
        foldersOf(folder, level + 1);
        jobsOf(folder, level + 1);
      }
    }
  };
  foldersOf(root, 1);
  const others = root.folders.length > 0 && (root.jobs.length > 0 || draft?.what === 'job');
  if (!others) {
    jobsOf(root, 1);
  } else if (root.jobs.length > 0 || draft?.path === '') {
    const open = searching || !closed.has('') || draft?.path === '';
    rows.push({ kind: 'folder', key: folderKey(''), level: 1, node: { ...root, folders: [], count: root.jobs.length }, open });
    if (open) {
      jobsOf(root, 2);
    }
  }
  return rows;
}

/** All jobs of a folder and of those in it, in the order they are shown in. */
export function jobsWithin(node: FolderNode): Job[] {
  return [...node.folders.flatMap(jobsWithin), ...node.jobs];
}

/** Every folder, outer ones before those in them, as they are shown. */
export function allFolders(node: FolderNode): FolderNode[] {
  return node.folders.flatMap((folder) => [folder, ...allFolders(folder)]);
}

/** A diff cut into pieces that are drawn when they come near, so that ten thousand lines freeze nothing. */
import type { ChangeData, FileData, HunkData } from 'react-diff-view';
import { isDelete, isInsert } from 'react-diff-view';
import type { LineComment } from '@/api/types';

/** Lines of one piece. */
export const PIECE_LINES = 80;

/** Files with more changed lines start folded, so that a lock file does not bury the rest. */
export const MANY_LINES = 600;

export interface Piece {
  hunk: HunkData;
  /** Begins a hunk of the diff; between pieces of one hunk nothing is left out. */
  first: boolean;
}

/** Cuts long hunks. A run of removed and added lines is not cut through, so that they stay side by side in the split view. */
export function piecesOf(file: FileData): Piece[] {
  return file.hunks.flatMap((hunk) => {
    const pieces: Piece[] = [];
    let from = 0;
    while (from < hunk.changes.length) {
      let to = Math.min(from + PIECE_LINES, hunk.changes.length);
      const most = Math.min(to + PIECE_LINES, hunk.changes.length);
      while (to < most && hunk.changes[to]?.type !== 'normal' && hunk.changes[to - 1]?.type === 'delete') {
        to += 1;
      }
      const changes = hunk.changes.slice(from, to);
      pieces.push({ hunk: { ...hunk, content: from === 0 ? hunk.content : `${hunk.content} +${from}`, changes }, first: from === 0 });
      from = to;
    }
    return pieces;
  });
}

export interface Counts {
  added: number;
  removed: number;
}

export function countsOf(file: FileData): Counts {
  let added = 0;
  let removed = 0;
  for (const hunk of file.hunks) {
    for (const change of hunk.changes) {
      if (isInsert(change)) added += 1;
      else if (isDelete(change)) removed += 1;
    }
  }
  return { added, removed };
}

export const pathOf = (file: FileData): string => (file.type === 'delete' ? file.oldPath : file.newPath);

/** Which line a change is, as a comment names it. */
export function placeOf(path: string, change: ChangeData): Omit<LineComment, 'body'> {
  if (isDelete(change)) {
    return { path, line: change.lineNumber, old: true };
  }
  return { path, line: isInsert(change) ? change.lineNumber : change.newLineNumber, old: false };
}

/** One word for a line, for maps and drafts. */
export const placeKey = (place: Omit<LineComment, 'body'>): string => `${place.old ? 'old' : 'new'}:${place.line}:${place.path}`;

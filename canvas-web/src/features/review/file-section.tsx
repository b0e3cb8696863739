import { ChevronRight, MessageSquarePlus } from 'lucide-react';
import { type KeyboardEvent, memo, type ReactNode, useMemo, useState } from 'react';
import { type ChangeData, Diff, type FileData, getChangeKey, Hunk, isDelete } from 'react-diff-view';
import type { LineComment } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { LazyPiece } from './lazy-piece';
import { CommentEditor, CommentsHere } from './line-comment';
import { countsOf, type Piece, pathOf, piecesOf, placeKey, placeOf } from './pieces';
import { useColours } from './use-colours';

export interface FileProps {
  attempt: string;
  split: boolean;
  comments: readonly LineComment[];
  earlier: readonly LineComment[];
  /** Absent where nothing can be said. */
  onComment: ((comment: LineComment) => void) | undefined;
  /** Only lines of the new side, since the old side is not what the branch began from. */
  newSideOnly: boolean;
  onRemove: (comment: LineComment) => void;
}

const typeWords: Partial<Record<FileData['type'], string>> = { add: 'new', delete: 'deleted', rename: 'renamed', copy: 'copied' };

interface Props extends FileProps {
  file: FileData;
  open: boolean;
  /** Drawn at once: it is among the first. */
  eager: boolean;
  onOpen: (open: boolean) => void;
}

export const FileSection = memo(function FileSection({ file, open, eager, onOpen, ...rest }: Props) {
  const counts = useMemo(() => countsOf(file), [file]);
  const pieces = useMemo(() => piecesOf(file), [file]);
  const tokens = useColours(file, open);
  const [writing, setWriting] = useState<string>();
  const path = pathOf(file);
  const here = rest.comments.filter((comment) => comment.path === path).length;
  return (
    <section aria-label={path} data-file={path} className="overflow-hidden rounded-xl border bg-surface">
      <button
        type="button"
        data-file-head
        aria-expanded={open}
        onClick={() => onOpen(!open)}
        className="flex w-full items-center gap-2 bg-sunken px-2.5 py-1.5 text-left text-xs outline-offset-[-2px]"
      >
        <ChevronRight className={cx('size-3.5 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')} aria-hidden />
        <span className="min-w-0 flex-1 truncate font-mono">
          {file.type === 'rename' && `${file.oldPath} → `}
          {path}
        </span>
        {here > 0 && <span className="text-accent">{here === 1 ? '1 comment' : `${here} comments`}</span>}
        {typeWords[file.type] && <span className="text-ink-3">{typeWords[file.type]}</span>}
        <span className="font-mono">
          <span className="text-done">+{counts.added}</span> <span className="text-failed">−{counts.removed}</span>
        </span>
      </button>
      {open && (
        <div className="overflow-x-auto">
          {pieces.length === 0 && (
            <p className="px-3 py-2 text-ink-3 text-xs">{file.isBinary ? 'A binary file.' : 'Only its name or mode changed.'}</p>
          )}
          {pieces.map((piece, at) => (
            <LazyPiece key={at} lines={piece.hunk.changes.length} eager={eager && at === 0}>
              {() => (
                <PieceTable
                  file={file}
                  path={path}
                  piece={piece}
                  tokens={tokens}
                  firstOfFile={at === 0}
                  writing={writing}
                  onWrite={setWriting}
                  {...rest}
                />
              )}
            </LazyPiece>
          ))}
        </div>
      )}
    </section>
  );
});

interface PieceProps extends FileProps {
  file: FileData;
  path: string;
  piece: Piece;
  tokens: ReturnType<typeof useColours>;
  firstOfFile: boolean;
  writing: string | undefined;
  onWrite: (key: string | undefined) => void;
}

const PieceTable = memo(function PieceTable(props: PieceProps) {
  const { attempt, file, path, piece, tokens, firstOfFile, writing, onWrite, split, comments, earlier, onComment, newSideOnly, onRemove } =
    props;
  const hunks = useMemo(() => [piece.hunk], [piece]);
  const widgets = useMemo(() => {
    const found: Record<string, ReactNode> = {};
    const mineHere = new Map(comments.filter((each) => each.path === path).map((each) => [placeKey(each), each]));
    const sentHere = earlier.filter((each) => each.path === path);
    if (mineHere.size === 0 && sentHere.length === 0 && writing === undefined) {
      return found;
    }
    for (const change of piece.hunk.changes) {
      const key = getChangeKey(change);
      const place = placeOf(path, change);
      const mine = mineHere.get(placeKey(place));
      const sent = sentHere.filter((each) => placeKey(each) === placeKey(place));
      if (writing === key && onComment) {
        found[key] = (
          <CommentEditor
            draft={`line:${attempt}:${placeKey(place)}`}
            initial={mine?.body ?? ''}
            onCancel={() => {
              onWrite(undefined);
              focusLine(path, key);
            }}
            onSave={(body) => {
              onComment({ ...place, body });
              onWrite(undefined);
              focusLine(path, key);
            }}
          />
        );
      } else if (mine || sent.length > 0) {
        found[key] = <CommentsHere sent={sent} mine={mine} onEdit={() => onWrite(key)} onRemove={onRemove} />;
      }
    }
    return found;
  }, [piece, path, attempt, comments, earlier, writing, onWrite, onComment, onRemove]);
  const first = piece.hunk.changes.find((change) => mayBeCommented(change, newSideOnly));
  return (
    <Diff
      className={cx('diff', piece.first && !firstOfFile && 'diff-hunk-gap')}
      viewType={split ? 'split' : 'unified'}
      diffType={file.type}
      hunks={hunks}
      widgets={widgets}
      tokens={tokens}
      optimizeSelection
      renderGutter={({ change, side, renderDefault, inHoverState }) =>
        change && onComment && mayBeCommented(change, newSideOnly) && (side === 'old') === isDelete(change) ? (
          <button
            type="button"
            data-line={getChangeKey(change)}
            tabIndex={firstOfFile && change === first ? 0 : -1}
            className="relative block w-full text-right hover:text-accent"
            aria-label={`Comment on line ${placeOf(path, change).line}${isDelete(change) ? ' of the old file' : ''}`}
            onKeyDown={alongLines}
            onClick={() => onWrite(getChangeKey(change))}
          >
            {inHoverState && <MessageSquarePlus className="absolute top-0.5 left-0 size-3.5 text-accent" aria-hidden />}
            {renderDefault() ?? '\u00a0'}
          </button>
        ) : (
          renderDefault()
        )
      }
    >
      {(all) => all.map((hunk) => <Hunk key={hunk.content} hunk={hunk} />)}
    </Diff>
  );
});

const mayBeCommented = (change: ChangeData, newSideOnly: boolean) => !newSideOnly || !isDelete(change);

/** The arrows walk along the lines of a file; only its first line is a stop of the tabulator. */
function alongLines(event: KeyboardEvent<HTMLElement>) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) {
    return;
  }
  event.preventDefault();
  const lines = [...(event.currentTarget.closest('[data-file]')?.querySelectorAll<HTMLElement>('[data-line]') ?? [])];
  lines[lines.indexOf(event.currentTarget) + step]?.focus();
}

/** Back to the line that was commented on, once its field is gone. */
function focusLine(path: string, key: string) {
  requestAnimationFrame(() => {
    const file = [...document.querySelectorAll<HTMLElement>('[data-file]')].find((each) => each.dataset.file === path);
    file?.querySelector<HTMLElement>(`[data-line="${key}"]`)?.focus({ preventScroll: true });
  });
}

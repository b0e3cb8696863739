import { ChevronRight, MessageSquarePlus, X } from 'lucide-react';
import { memo, type ReactNode, useMemo, useState } from 'react';
import { type ChangeData, Diff, type FileData, getChangeKey, Hunk, isDelete, parseDiff } from 'react-diff-view';
import 'react-diff-view/style/index.css';
import './diff.css';
import type { LineComment } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';

/** Files with more changed lines start folded, so that a lock file does not bury the rest. */
const MANY_LINES = 600;

interface Props {
  patch: string;
  split: boolean;
  comments: readonly LineComment[];
  earlier: readonly LineComment[];
  onComment: ((comment: LineComment) => void) | undefined;
  onRemove: (comment: LineComment) => void;
}

export function DiffView({ patch, ...rest }: Props) {
  const parsed = useMemo((): FileData[] | Error => {
    try {
      return parseDiff(patch, { nearbySequences: 'zip' });
    } catch (error) {
      return error instanceof Error ? error : new Error('The diff could not be read.');
    }
  }, [patch]);
  if (parsed instanceof Error) {
    return <ProblemNote className="mx-4" title="The diff could not be read" error={parsed} />;
  }
  if (parsed.length === 0) {
    return <p className="p-6 text-center text-ink-3 text-sm">Nothing changed.</p>;
  }
  return (
    <div className="flex flex-col gap-3 px-4 pb-4">
      {parsed.map((file, at) => (
        <FileSection key={`${file.oldPath}:${file.newPath}:${at}`} file={file} {...rest} />
      ))}
    </div>
  );
}

function pathOf(file: FileData): string {
  return file.type === 'delete' ? file.oldPath : file.newPath;
}

const typeWords: Partial<Record<FileData['type'], string>> = { add: 'new', delete: 'deleted', rename: 'renamed', copy: 'copied' };

/** Which line a change is, as a comment names it. */
function placeOf(file: FileData, change: ChangeData): Omit<LineComment, 'body'> {
  if (isDelete(change)) {
    return { path: pathOf(file), line: change.lineNumber, old: true };
  }
  return { path: pathOf(file), line: change.type === 'insert' ? change.lineNumber : change.newLineNumber, old: false };
}

const FileSection = memo(function FileSection({
  file,
  split,
  comments,
  earlier,
  onComment,
  onRemove,
}: Omit<Props, 'patch'> & { file: FileData }) {
  const counts = useMemo(() => {
    const changes = file.hunks.flatMap((hunk) => hunk.changes);
    return {
      added: changes.filter((change) => change.type === 'insert').length,
      removed: changes.filter((change) => change.type === 'delete').length,
    };
  }, [file]);
  const [open, setOpen] = useState(counts.added + counts.removed <= MANY_LINES);
  const [writing, setWriting] = useState<string>();
  const path = pathOf(file);

  const widgets = useMemo(() => {
    const found: Record<string, ReactNode> = {};
    for (const change of file.hunks.flatMap((hunk) => hunk.changes)) {
      const key = getChangeKey(change);
      const place = placeOf(file, change);
      const here = (comment: LineComment) =>
        comment.path === place.path && comment.line === place.line && (comment.old ?? false) === place.old;
      const sent = earlier.filter(here);
      const mine = comments.find(here);
      if (writing === key && onComment) {
        found[key] = (
          <CommentEditor
            initial={mine?.body ?? ''}
            onCancel={() => setWriting(undefined)}
            onSave={(body) => {
              onComment({ ...place, body });
              setWriting(undefined);
            }}
          />
        );
      } else if (mine || sent.length > 0) {
        found[key] = (
          <div className="flex flex-col gap-1.5 border-y bg-bg px-3 py-2 font-sans">
            {sent.map((comment, at) => (
              <p key={at} className="wrap-break-word whitespace-pre-wrap text-ink-2 text-sm">
                <span className="font-medium">From the review:</span> {comment.body}
              </p>
            ))}
            {mine && (
              <div className="flex items-start gap-2 rounded-lg border bg-surface px-2.5 py-1.5">
                <button
                  type="button"
                  className="wrap-break-word min-w-0 flex-1 whitespace-pre-wrap text-left text-sm"
                  title="Edit"
                  onClick={() => setWriting(key)}
                >
                  {mine.body}
                </button>
                <IconButton small className="size-6" label="Remove the comment" onClick={() => onRemove(mine)}>
                  <X className="size-3.5" aria-hidden />
                </IconButton>
              </div>
            )}
          </div>
        );
      }
    }
    return found;
  }, [file, comments, earlier, writing, onComment, onRemove]);

  return (
    <section aria-label={path} className="overflow-hidden rounded-xl border bg-surface">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-center gap-2 bg-sunken px-2.5 py-1.5 text-left text-xs"
      >
        <ChevronRight className={cx('size-3.5 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')} aria-hidden />
        <span className="min-w-0 flex-1 truncate font-mono">
          {file.type === 'rename' && `${file.oldPath} → `}
          {path}
        </span>
        {typeWords[file.type] && <span className="text-ink-3">{typeWords[file.type]}</span>}
        <span className="font-mono">
          <span className="text-done">+{counts.added}</span> <span className="text-failed">−{counts.removed}</span>
        </span>
      </button>
      {open && (
        <div className="overflow-x-auto">
          {file.hunks.length === 0 ? (
            <p className="px-3 py-2 text-ink-3 text-xs">{file.isBinary ? 'A binary file.' : 'Only its name or mode changed.'}</p>
          ) : (
            <Diff
              viewType={split ? 'split' : 'unified'}
              diffType={file.type}
              hunks={file.hunks}
              widgets={widgets}
              optimizeSelection
              renderGutter={({ change, side, renderDefault, inHoverState }) =>
                change && onComment && (side === 'old') === isDelete(change) ? (
                  <button
                    type="button"
                    className="relative block w-full text-right hover:text-accent"
                    aria-label={`Comment on line ${placeOf(file, change).line}${isDelete(change) ? ' of the old file' : ''}`}
                    onClick={() => setWriting(getChangeKey(change))}
                  >
                    {inHoverState && <MessageSquarePlus className="absolute top-0.5 left-0 size-3.5 text-accent" aria-hidden />}
                    {renderDefault() ?? '\u00a0'}
                  </button>
                ) : (
                  renderDefault()
                )
              }
            >
              {(hunks) => hunks.map((hunk) => <Hunk key={hunk.content} hunk={hunk} />)}
            </Diff>
          )}
        </div>
      )}
    </section>
  );
});

function CommentEditor({ initial, onSave, onCancel }: { initial: string; onSave: (body: string) => void; onCancel: () => void }) {
  const [text, setText] = useState(initial);
  const save = () => text.trim() !== '' && onSave(text.trim());
  return (
    <div className="flex flex-col gap-2 border-y bg-bg px-3 py-2 font-sans">
      <textarea
        aria-label="Comment on this line"
        className="field"
        rows={2}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            save();
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            onCancel();
          }
        }}
      />
      <div className="flex justify-end gap-2">
        <Button small look="ghost" onClick={onCancel}>
          Cancel
        </Button>
        <Button small look="primary" disabled={text.trim() === ''} onClick={save}>
          Add to the review
        </Button>
      </div>
    </div>
  );
}

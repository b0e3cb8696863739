import { X } from 'lucide-react';
import { useState } from 'react';
import type { LineComment } from '@/api/types';
import { useDraft } from '@/shared/lib/drafts';
import { Button, IconButton } from '@/shared/ui/button';

/** Comments at a line: those of the review before, and one's own that will go out with this review. */
export function CommentsHere({
  sent,
  mine,
  onEdit,
  onRemove,
}: {
  sent: readonly LineComment[];
  mine: LineComment | undefined;
  onEdit: () => void;
  onRemove: (comment: LineComment) => void;
}) {
  return (
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
            onClick={onEdit}
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

/** Words for a line. What was typed and not added stays, wherever one goes meanwhile. */
export function CommentEditor({
  draft,
  initial,
  onSave,
  onCancel,
}: {
  draft: string;
  initial: string;
  onSave: (body: string) => void;
  onCancel: () => void;
}) {
  const [kept, setKept] = useDraft(draft);
  const [text, setText] = useState(kept || initial);
  const save = () => {
    if (text.trim() !== '') {
      setKept('');
      onSave(text.trim());
    }
  };
  return (
    <div className="flex flex-col gap-2 border-y bg-bg px-3 py-2 font-sans">
      <textarea
        aria-label="Comment on this line"
        className="field"
        rows={2}
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setKept(event.target.value);
        }}
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
      <div className="flex items-center justify-end gap-2">
        <p className="mr-auto text-ink-3 text-xs">Ctrl+Enter adds it</p>
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

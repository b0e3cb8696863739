import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { Attempt } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Markdown } from '@/shared/ui/markdown';

/** What the review before asked for, beside what came of it. */
export function LastReview({ attempt }: { attempt: Attempt }) {
  const now = useNow();
  const [open, setOpen] = useState(false);
  const { review } = attempt;
  if (!review) {
    return null;
  }
  const said = review.comments.length;
  return (
    <section aria-label="The last review" className="mx-4 mt-3 rounded-xl border bg-surface text-sm">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-center gap-2 px-2.5 py-1.5 text-left"
      >
        <ChevronRight className={cx('size-3.5 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')} aria-hidden />
        <span className="min-w-0 flex-1 truncate">
          <span className="font-medium">{review.by.name}</span> asked for changes to attempt {attempt.number}
        </span>
        <span className="text-ink-3 text-xs">
          {said > 0 && `${said} ${said === 1 ? 'comment' : 'comments'} · `}
          {agoWords(review.at, now)}
        </span>
      </button>
      {open && (
        <div className="border-t px-3 py-2">
          <Markdown text={review.body} />
          <ul className="mt-1 flex flex-col gap-1">
            {review.comments.map((comment, at) => (
              <li key={at}>
                <p className="break-all font-mono text-ink-3 text-xs">
                  {comment.path}:{comment.line}
                  {comment.old && ' (old file)'}
                </p>
                <p className="wrap-break-word whitespace-pre-wrap border-l-2 pl-2">{comment.body}</p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

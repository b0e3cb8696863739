import { ChevronRight, MessageSquare } from 'lucide-react';
import type { FileData } from 'react-diff-view';
import type { LineComment } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { countsOf, pathOf } from './pieces';

interface Props {
  files: readonly FileData[];
  comments: readonly LineComment[];
  open: boolean;
  onOpen: (open: boolean) => void;
  onJump: (at: number) => void;
}

/** The files of a diff, to jump to. */
export function FileList({ files, comments, open, onOpen, onJump }: Props) {
  return (
    <nav aria-label="Changed files" className="rounded-xl border bg-surface text-xs">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => onOpen(!open)}
        className="flex w-full items-center gap-2 px-2.5 py-1.5 text-left"
      >
        <ChevronRight className={cx('size-3.5 shrink-0 text-ink-3 transition-transform', open && 'rotate-90')} aria-hidden />
        <span className="font-medium">{files.length === 1 ? '1 file' : `${files.length} files`}</span>
        <span className="text-ink-3 max-md:hidden">N and P go to the next and the previous</span>
      </button>
      {open && (
        <ul className="max-h-60 overflow-y-auto border-t py-1">
          {files.map((file, at) => {
            const counts = countsOf(file);
            const said = comments.filter(({ path }) => path === pathOf(file)).length;
            return (
              <li key={at}>
                <button
                  type="button"
                  onClick={() => onJump(at)}
                  className="flex w-full items-center gap-2 px-2.5 py-1 text-left outline-offset-[-2px] hover:bg-hover"
                >
                  <span className={cx('min-w-0 flex-1 truncate font-mono', file.type === 'delete' && 'text-ink-3 line-through')}>
                    {pathOf(file)}
                  </span>
                  {said > 0 && (
                    <span className="inline-flex items-center gap-0.5 text-accent">
                      <MessageSquare className="size-3" aria-label="comments" /> {said}
                    </span>
                  )}
                  <span className="font-mono">
                    <span className="text-done">+{counts.added}</span> <span className="text-failed">−{counts.removed}</span>
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </nav>
  );
}

import { useId, useMemo, useRef, useState } from 'react';
import type { Job } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { StateIcon } from './bits';

/** Most jobs offered at once; more words find fewer. */
const MOST = 8;

/** Jobs whose number or title has every word, the newest first. */
export function found(jobs: readonly Job[], words: string): Job[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return jobs
    .filter((job) => {
      const text = `#${job.number} ${job.title}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    })
    .sort((a, b) => b.number - a.number)
    .slice(0, MOST);
}

/** Finds a job by number or words; Enter takes the one that is marked. */
export function JobSearch({ label, jobs, onPick }: { label: string; jobs: readonly Job[]; onPick: (job: Job) => void }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const offered = useMemo(() => (open ? found(jobs, words) : []), [open, jobs, words]);
  const marked = offered[Math.min(at, offered.length - 1)];
  const pick = (job: Job) => {
    setWords('');
    setAt(0);
    setOpen(false);
    onPick(job);
    input.current?.focus();
  };
  return (
    <div className="flex flex-col gap-1">
      <input
        ref={input}
        className="field h-8 py-0 text-sm"
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && marked ? `${id}-${marked.id}` : undefined}
        placeholder={`${label}…`}
        value={words}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          setWords(event.target.value);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setOpen(true);
            const step = event.key === 'ArrowDown' ? 1 : -1;
            setAt((before) => Math.max(0, Math.min(before + step, offered.length - 1)));
          } else if (event.key === 'Enter' && open && marked) {
            event.preventDefault();
            pick(marked);
          } else if (event.key === 'Escape' && open) {
            // The panel around it would close on it as well.
            event.stopPropagation();
            setOpen(false);
          }
        }}
      />
      {open && (
        <div id={`${id}-list`} role="listbox" aria-label={label} className="rounded-lg border bg-raised p-1">
          {offered.map((job) => (
            <div
              key={job.id}
              id={`${id}-${job.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={job === marked}
              // Before the field loses the keyboard, which would close the list.
              onPointerDown={(event) => {
                event.preventDefault();
                pick(job);
              }}
              className={cx('flex cursor-pointer items-center gap-2 rounded-md px-2 py-1 text-sm', job === marked && 'bg-hover')}
            >
              <StateIcon state={job.state} />
              <span className="text-ink-2 tabular-nums">#{job.number}</span>
              <span className="min-w-0 flex-1 truncate">{job.title}</span>
            </div>
          ))}
          {offered.length === 0 && <p className="px-2 py-1 text-ink-3 text-sm">No job is called that.</p>}
        </div>
      )}
    </div>
  );
}

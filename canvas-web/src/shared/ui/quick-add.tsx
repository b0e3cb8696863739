import { useEffect, useRef, useState } from 'react';
import { api } from '@/api/calls';
import { useKeepJob } from '@/api/hooks';
import { explain } from '@/api/problem';
import type { Job, NewJob } from '@/api/types';
import { useDraft } from '@/shared/lib/drafts';
import { fromShorthand, parseShorthand } from '@/shared/lib/shorthand';
import { priorityWords } from '@/shared/lib/words';
import { Chip } from './bits';

interface Props {
  ws: string;
  label: string;
  /** Where the words are kept until they are sent. */
  draft: string;
  more: Partial<NewJob>;
  onMade?: (job: Job) => void;
  onClose: () => void;
}

/** Jobs typed one after another: Enter adds one and stays for the next. */
export function QuickAdd({ ws, label, draft, more, onMade, onClose }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useDraft(draft);
  const [problem, setProblem] = useState<string>();
  const [added, setAdded] = useState('');
  const keep = useKeepJob(ws);
  useEffect(() => input.current?.focus(), []);
  const latest = useRef(text);
  latest.current = text;
  const parsed = parseShorthand(text);
  const add = () => {
    if (parsed.title === '') {
      return;
    }
    setText('');
    setProblem(undefined);
    api.createJob(ws, fromShorthand(parsed, more)).then(
      (job) => {
        keep(job);
        setAdded(`Added #${job.number} ${job.title}`);
        onMade?.(job);
      },
      (error: unknown) => {
        const { detail, rule } = explain(error);
        const words = rule ? `${detail} (${rule})` : detail;
        // The words come back, unless others are typed already.
        if (latest.current.trim() === '') {
          setText(text);
          setProblem(words);
        } else {
          setProblem(`“${parsed.title}” was not added: ${words}`);
        }
      },
    );
  };
  return (
    <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2 gap-y-1">
      <input
        ref={input}
        aria-label={label}
        aria-invalid={problem !== undefined}
        aria-describedby={`${draft}-hint`}
        value={text}
        placeholder="What is to be done?"
        maxLength={300}
        onChange={(event) => setText(event.target.value)}
        onBlur={(event) => text.trim() === '' && event.relatedTarget !== null && onClose()}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter') {
            event.preventDefault();
            add();
          } else if (event.key === 'Escape') {
            event.preventDefault();
            onClose();
          }
        }}
        className="field h-7 min-w-32 flex-1 py-0 text-sm md:max-w-140"
      />
      <span className="flex shrink-0 gap-1">
        {parsed.priority && <Chip>{priorityWords[parsed.priority]}</Chip>}
        {parsed.agent && <Chip>by {parsed.agent}</Chip>}
        {parsed.domains.map((domain) => (
          <Chip key={domain}>{domain}</Chip>
        ))}
      </span>
      {problem === undefined ? (
        <span id={`${draft}-hint`} className="hidden truncate text-ink-3 text-xs lg:inline">
          Enter adds it. #label !high @agent
        </span>
      ) : (
        <span id={`${draft}-hint`} role="alert" className="min-w-0 truncate text-failed text-xs" title={problem}>
          {problem}
        </span>
      )}
      <span role="status" className="sr-only">
        {added}
      </span>
    </div>
  );
}

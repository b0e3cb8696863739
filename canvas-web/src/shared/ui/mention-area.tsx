import { useQuery } from '@tanstack/react-query';
import { type ComponentPropsWithRef, type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { inboxCalls } from '@/api/inbox';
import { keys } from '@/api/keys';
import type { Person } from '@/api/types';
import { cx } from '../lib/cx';
import { useDelayed } from '../lib/use-delayed';
import { Avatar } from './bits';

/** Longest beginning of a name that is looked for; names have 80 letters. */
const LONGEST = 60;

interface Typed {
  /** Where the `@` stands. */
  at: number;
  /** What is typed behind it. */
  q: string;
}

/** The name that is being typed before the caret, if one is. */
export function typedName(text: string, caret: number): Typed | undefined {
  const at = text.lastIndexOf('@', caret - 1);
  if (at < 0 || caret - at > LONGEST) {
    return undefined;
  }
  const q = text.slice(at + 1, caret);
  return /[\p{L}\p{N}.%+\-/@\\`]$/u.test(text.slice(0, at)) || /[\n@`]|^\s/.test(q) ? undefined : { at, q };
}

interface Props extends Omit<ComponentPropsWithRef<'textarea'>, 'value' | 'onChange' | 'ref'> {
  job: string;
  value: string;
  onChange: (text: string) => void;
  /** Somebody was chosen from the list. */
  onMention?: (person: Person) => void;
}

/** A field for words where `@` offers those who can be mentioned on the job (NOTE-2). The list is chosen from by keyboard or pointer. */
export function MentionArea({ job, value, onChange, onMention, onKeyDown, onBlur, className, ...rest }: Props) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [typed, setTyped] = useState<Typed>();
  const [at, setAt] = useState(0);
  const caret = useRef<number>(undefined);
  const q = useDelayed(typed?.q, 120);
  const found = useQuery({
    queryKey: keys.mentionable(job, q ?? ''),
    queryFn: ({ signal }) => inboxCalls.mentionable(job, q ?? '', signal),
    enabled: q !== undefined,
    staleTime: 30_000,
    placeholderData: (before) => before,
  });
  // A list that is still that of a former word is narrowed here meanwhile.
  const beginning = typed?.q.toLowerCase() ?? '';
  const people = typed ? (found.data ?? []).filter(({ name }) => ` ${name.toLowerCase()}`.includes(` ${beginning}`)).slice(0, 8) : [];
  const open = people.length > 0;
  const active = Math.min(at, people.length - 1);

  useLayoutEffect(() => {
    if (caret.current !== undefined) {
      field.current?.setSelectionRange(caret.current, caret.current);
      caret.current = undefined;
    }
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another word begins the list anew
  useEffect(() => setAt(0), [typed?.at, typed?.q]);

  const look = () => {
    const area = field.current;
    setTyped(area && area.selectionStart === area.selectionEnd ? typedName(area.value, area.selectionStart) : undefined);
  };
  const choose = (person: Person) => {
    if (!typed) {
      return;
    }
    const end = typed.at + 1 + typed.q.length;
    const gap = value[end] === ' ' ? '' : ' ';
    onChange(`${value.slice(0, typed.at)}@${person.name}${gap}${value.slice(end)}`);
    caret.current = typed.at + 1 + person.name.length + 1;
    setTyped(undefined);
    onMention?.(person);
    field.current?.focus();
  };
  const keyed = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const chosen = people[active];
    if (open && chosen && !event.nativeEvent.isComposing && !event.ctrlKey && !event.metaKey) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        setAt((active + step + people.length) % people.length);
        return;
      }
      if (event.key === 'Enter' || event.key === 'Tab') {
        event.preventDefault();
        choose(chosen);
        return;
      }
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        setTyped(undefined);
        return;
      }
    }
    onKeyDown?.(event);
  };

  return (
    <div className="relative">
      <textarea
        {...rest}
        ref={field}
        className={cx('field resize-y', className)}
        value={value}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={open ? `${id}-list` : undefined}
        aria-activedescendant={open ? `${id}-${active}` : undefined}
        onChange={(event) => {
          onChange(event.target.value);
          look();
        }}
        onSelect={look}
        onKeyDown={keyed}
        onBlur={(event) => {
          setTyped(undefined);
          onBlur?.(event);
        }}
      />
      {open && (
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label="People to mention"
          className="absolute bottom-full left-0 z-30 mb-1 max-h-64 w-64 max-w-full overflow-y-auto rounded-xl border bg-raised p-1 shadow-pop"
        >
          {people.map((person, index) => (
            <div
              key={person.id}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className={cx('flex cursor-pointer items-center gap-2 rounded-lg px-2 py-1 text-sm', index === active && 'bg-hover')}
              // Before the field loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                choose(person);
              }}
            >
              <Avatar name={person.name} />
              <span className="truncate">{person.name}</span>
            </div>
          ))}
        </div>
      )}
      <span role="status" className="sr-only">
        {open && `${people.length === 1 ? '1 person' : `${people.length} people`} to mention: arrow keys and Enter choose`}
      </span>
    </div>
  );
}

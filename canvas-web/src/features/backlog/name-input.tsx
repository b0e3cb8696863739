import { useEffect, useRef, useState } from 'react';

interface Props {
  label: string;
  initial: string;
  placeholder?: string;
  maxLength: number;
  /** What the server said against it. */
  problem?: string;
  onDone: (name: string) => void;
  onCancel: () => void;
}

/** A name typed in its row: Enter takes it, Escape leaves it as it was. */
export function NameInput({ label, initial, placeholder, maxLength, problem, onDone, onCancel }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(initial);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const ended = useRef(false);
  const end = (take: boolean) => {
    if (!ended.current) {
      ended.current = take && problem === undefined;
      if (take && name.trim() !== '' && name.trim() !== initial) {
        onDone(name.trim());
      } else {
        onCancel();
      }
    }
  };
  useEffect(() => {
    if (problem !== undefined) {
      ended.current = false;
      input.current?.focus();
    }
  }, [problem]);
  return (
    <>
      <input
        ref={input}
        aria-label={label}
        aria-invalid={problem !== undefined}
        value={name}
        placeholder={placeholder}
        maxLength={maxLength}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => problem === undefined && end(true)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter') {
            event.preventDefault();
            ended.current = false;
            end(true);
          } else if (event.key === 'Escape') {
            event.preventDefault();
            end(false);
          }
        }}
        className="field h-7 min-w-24 max-w-80 flex-1 py-0 text-sm"
      />
      {problem !== undefined && (
        <span role="alert" className="truncate text-failed text-xs" title={problem}>
          {problem}
        </span>
      )}
    </>
  );
}

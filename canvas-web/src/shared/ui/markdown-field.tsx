import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { Field, Segmented } from './forms';
import { Markdown } from './markdown';

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  rows: number;
  placeholder?: string;
  onKeyDown?: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
  /** Another field to write in than a plain one. */
  writing?: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean | undefined }) => ReactNode;
  /** Beside the choice between writing and looking. */
  children?: ReactNode;
}

/** Markdown to write, and to look at before it goes out. */
export function MarkdownField({ label, value, onChange, rows, placeholder, onKeyDown, writing, children }: Props) {
  const [view, setView] = useState<'write' | 'preview'>('write');
  return (
    <div className="flex flex-col gap-1.5">
      <Field label={label}>
        {(ids) =>
          view === 'write' ? (
            (writing?.(ids) ?? (
              <textarea
                {...ids}
                className="field resize-y"
                rows={rows}
                placeholder={placeholder}
                value={value}
                onChange={(event) => onChange(event.target.value)}
                onKeyDown={onKeyDown}
              />
            ))
          ) : (
            <section
              id={ids.id}
              aria-label={`Preview of ${label}`}
              style={{ minHeight: `${rows * 1.25 + 1}rem` }}
              className="max-h-[60vh] overflow-y-auto rounded-lg border border-line-strong border-dashed bg-surface px-3 py-2"
            >
              {value.trim() === '' ? <p className="text-ink-3 text-sm">Nothing to show yet.</p> : <Markdown text={value} />}
            </section>
          )
        }
      </Field>
      <div className="flex items-center gap-2">
        <Segmented
          small
          label={`${label}: write or look`}
          value={view}
          onChange={setView}
          options={[
            { value: 'write', label: 'Write' },
            { value: 'preview', label: 'Preview' },
          ]}
        />
        <span className="text-ink-3 text-xs">Markdown</span>
        <span className="flex-1" />
        {children}
      </div>
    </div>
  );
}

import { Paperclip, X } from 'lucide-react';
import { type DragEvent, useRef, useState } from 'react';
import { cx } from '../lib/cx';
import { sizeWords } from '../lib/words';
import { IconButton } from './button';

/** Files chosen or dropped, not yet uploaded. */
export function FilePicker({
  files,
  onChange,
  hint,
  label = 'Attachments',
}: {
  files: readonly File[];
  onChange: (files: File[]) => void;
  hint?: string;
  label?: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const add = (list: FileList | null) => list && onChange([...files, ...Array.from(list)]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  return (
    <div className="flex flex-col gap-1.5">
      {files.map((file, at) => (
        <div key={at} className="flex items-center gap-2 rounded-lg border px-2.5 py-1 text-sm">
          <Paperclip className="size-3.5 text-ink-3" aria-hidden />
          <span className="min-w-0 flex-1 truncate">{file.name}</span>
          <span className="text-ink-3 text-xs">{sizeWords(file.size)}</span>
          <IconButton small label={`Remove ${file.name}`} onClick={() => onChange(files.filter((_, index) => index !== at))}>
            <X className="size-4" aria-hidden />
          </IconButton>
        </div>
      ))}
      <button
        type="button"
        onClick={() => input.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={cx(
          'flex items-center justify-center gap-2 rounded-lg border border-dashed px-3 py-2.5 text-sm',
          over ? 'border-accent bg-accent-soft' : 'border-line-strong text-ink-2 hover:bg-hover',
        )}
      >
        <Paperclip className="size-4" aria-hidden /> {label}: drop files here, or choose
      </button>
      {hint && <p className="text-ink-3 text-xs">{hint}</p>}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={label}
        onChange={(event) => {
          add(event.target.files);
          event.target.value = '';
        }}
      />
    </div>
  );
}

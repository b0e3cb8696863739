import { Check, Copy } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from './button';

/** A value to be taken elsewhere. Selects itself on focus, for places where the clipboard is closed to pages. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const id = useId();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const field = document.getElementById(id);
    if (field instanceof HTMLTextAreaElement) {
      field.select();
    }
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      // Without a secure origin there is no clipboard; the text is selected, Ctrl+C does it.
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium text-ink-2 text-sm">
        {label}
      </label>
      <div className="flex items-start gap-2">
        <textarea
          id={id}
          readOnly
          rows={value.length > 70 ? 2 : 1}
          value={value}
          onFocus={(event) => event.currentTarget.select()}
          className="field field-sizing-content resize-none break-all font-mono text-xs leading-5"
        />
        <Button
          onClick={() => void copy()}
          icon={copied ? <Check className="size-4 text-done" aria-hidden /> : <Copy className="size-4" aria-hidden />}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
    </div>
  );
}

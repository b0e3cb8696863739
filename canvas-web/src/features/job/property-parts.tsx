import { type ReactNode, useState } from 'react';
import type { Job, Workspace } from '@/api/types';
import { Field } from '@/shared/ui/forms';
import type { Save } from './use-job-edit';

export interface PropertyProps {
  workspace: Workspace;
  job: Job;
  mayEdit: boolean;
  save: Save;
}

export function Section({ title, why, children }: { title: string; why?: string; children: ReactNode }) {
  return (
    <section className="border-t pt-4">
      <h3 className="mb-2.5 font-semibold text-ink-3 text-xs">{title}</h3>
      <div className="grid gap-3 md:grid-cols-2">{children}</div>
      {why && <p className="mt-2 text-ink-3 text-xs">{why}</p>}
    </section>
  );
}

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <p className="font-medium text-ink-2 text-sm">{label}</p>
      <p className="wrap-break-word text-sm">{children}</p>
    </div>
  );
}

/**
 * A line of text that is saved when one leaves it. While somebody types, what others do to it changes nothing here; saving then names the
 * job as it was when they began.
 */
export function CommitInput({
  label,
  value,
  job,
  mono,
  list,
  onCommit,
}: {
  label: string;
  value: string;
  job: Job;
  mono?: boolean;
  list?: readonly string[];
  onCommit: (value: string, from: Job) => void;
}) {
  const [typed, setTyped] = useState<{ text: string; from: Job }>();
  const commit = () => {
    if (typed && typed.text.trim() !== value) {
      onCommit(typed.text.trim(), typed.from);
    }
    setTyped(undefined);
  };
  return (
    <Field label={label}>
      {(ids) => (
        <>
          <input
            {...ids}
            list={list ? `${ids.id}-list` : undefined}
            className={mono ? 'field font-mono text-sm' : 'field'}
            value={typed?.text ?? value}
            onChange={(event) => setTyped({ text: event.target.value, from: typed?.from ?? job })}
            onBlur={commit}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                event.currentTarget.blur();
              } else if (event.key === 'Escape' && typed) {
                event.stopPropagation();
                setTyped(undefined);
              }
            }}
          />
          {list && (
            <datalist id={`${ids.id}-list`}>
              {list.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

import { CircleAlert, CircleCheck, LoaderCircle, X } from 'lucide-react';
import { useEffect } from 'react';
import { IconButton } from '@/shared/ui/button';
import { type BulkRun, outcomeWords } from './bulk';

/** Long enough to be read; a refusal stays until it is dismissed. */
const LINGER_MS = 5_000;

/** How an act on several jobs goes, and what was refused, job by job. */
export function OutcomeNote({ run, onClose }: { run: BulkRun; onClose: () => void }) {
  const over = !run.running && run.refused.length === 0;
  useEffect(() => {
    if (!over) {
      return;
    }
    const timer = setTimeout(onClose, LINGER_MS);
    return () => clearTimeout(timer);
  }, [over, onClose]);
  const tried = run.done + run.refused.length;
  return (
    <section aria-label="Outcome" className="popup pointer-events-auto flex w-full max-w-160 flex-col overflow-hidden text-sm">
      <div className="flex items-center gap-2.5 px-3 py-2">
        {run.running ? (
          <LoaderCircle className="size-4 shrink-0 animate-spin text-ink-3" aria-hidden />
        ) : run.refused.length > 0 ? (
          <CircleAlert className="size-4 shrink-0 text-failed" aria-hidden />
        ) : (
          <CircleCheck className="size-4 shrink-0 text-done" aria-hidden />
        )}
        <p role="status" className="min-w-0 flex-1 truncate font-medium">
          {outcomeWords(run)}
        </p>
        {!run.running && (
          <IconButton small label="Dismiss" onClick={onClose}>
            <X className="size-4" aria-hidden />
          </IconButton>
        )}
      </div>
      {run.running && (
        <div className="h-0.5 bg-sunken">
          <div className="h-full bg-accent transition-[width]" style={{ width: `${(100 * tried) / Math.max(1, run.total)}%` }} />
        </div>
      )}
      {run.refused.length > 0 && (
        <ul className="max-h-40 overflow-y-auto border-t px-3 py-1.5">
          {run.refused.map(({ job, detail, rule }) => (
            <li key={job.id} className="wrap-break-word py-0.5 text-ink-2">
              <span className="font-medium text-ink">
                #{job.number} {job.title}
              </span>
              : {detail}
              {rule && (
                <span className="ml-1 whitespace-nowrap rounded border border-failed/30 px-1 font-mono text-2xs text-failed">{rule}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

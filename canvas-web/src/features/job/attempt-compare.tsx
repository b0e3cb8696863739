import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { Attempt, Job } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords, compact, durationWords, failureWords, outcomeWords, sandboxWords } from '@/shared/lib/words';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody } from '@/shared/ui/dialog';
import { Markdown } from '@/shared/ui/markdown';

interface Props {
  job: Job;
  attempts: readonly Attempt[];
  onClose: () => void;
  onChanges: (attempt: number) => void;
}

/** Two attempts side by side. */
export function AttemptCompare({ job, attempts, onClose, onChanges }: Props) {
  const now = useNow();
  const [left, setLeft] = useState(attempts[attempts.length - 2]?.number);
  const [right, setRight] = useState(attempts[attempts.length - 1]?.number);
  const files = useQuery({ queryKey: [...keys.files(job.id), 'deliverable'], queryFn: () => api.files(job.id, 'deliverable') });
  const pair = [left, right].map((number) => attempts.find((attempt) => attempt.number === number));
  const [before, after] = pair;
  if (!before || !after) {
    return null;
  }
  const pick = (label: string, value: number, set: (number: number) => void) => (
    <select aria-label={label} className="field h-8 py-0" value={value} onChange={(event) => set(Number(event.target.value))}>
      {attempts.map((attempt) => (
        <option key={attempt.id} value={attempt.number}>
          Attempt {attempt.number} · {attempt.outcome ? outcomeWords[attempt.outcome] : 'Open'}
        </option>
      ))}
    </select>
  );
  const rows: [string, (attempt: Attempt) => ReactNode][] = [
    ['Outcome', (a) => (a.outcome ? outcomeWords[a.outcome] : 'Open')],
    ['What failed', (a) => a.failure && failureWords[a.failure]],
    ['By', (a) => a.person?.name ?? [a.agent, a.model].filter(Boolean).join(' · ')],
    ['Runner', (a) => a.runner_name],
    ['Agent is', (a) => sandboxWords(a.sandboxed)],
    ['Began', (a) => agoWords(a.started_at, now)],
    ['Took', (a) => durationWords(Math.max(0, (a.ended_at ? Date.parse(a.ended_at) : now) - Date.parse(a.started_at)))],
    ['Agent’s time', (a) => (a.usage.wall_ms ? durationWords(a.usage.wall_ms) : undefined)],
    [
      'Tokens in / out',
      (a) =>
        a.usage.input_tokens || a.usage.output_tokens
          ? `${compact(a.usage.input_tokens ?? 0)} / ${compact(a.usage.output_tokens ?? 0)}`
          : undefined,
    ],
    ['Cost', (a) => (a.usage.cost_usd != null ? `$${a.usage.cost_usd.toFixed(3)}` : undefined)],
    ['Branch', (a) => a.branch && <span className="break-all font-mono text-xs">{a.branch.name}</span>],
    ['Commits', (a) => a.branch?.commits.length],
    [
      'Changes',
      (a) =>
        a.branch && (
          <>
            {a.branch.files_changed} {a.branch.files_changed === 1 ? 'file' : 'files'}{' '}
            <span className="text-done">+{a.branch.insertions}</span> <span className="text-failed">−{a.branch.deletions}</span>
          </>
        ),
    ],
    [
      'Deliverables',
      (a) =>
        files.data
          ?.filter((file) => file.attempt === a.id)
          .map(({ name }) => name)
          .join(', '),
    ],
    ['Review', (a) => a.review && `${a.review.by.name} ${a.review.approved ? 'approved' : 'asked for changes'}`],
    ['The reviewer’s words', (a) => a.review?.body && <Markdown text={a.review.body} />],
    ['Summary', (a) => a.summary && <Markdown text={a.summary} />],
  ];
  const shown = rows.map(([label, of]) => ({ label, cells: [of(before), of(after)] })).filter(({ cells }) => cells.some(Boolean));
  return (
    <Dialog open wide onClose={onClose} title="Attempts side by side">
      <DialogBody className="pb-5">
        <table className="w-full table-fixed border-collapse text-sm">
          <colgroup>
            <col className="w-28 max-md:w-20" />
            <col />
            <col />
          </colgroup>
          <thead>
            <tr>
              <td />
              <th scope="col" className="p-1 font-normal">
                {pick('First attempt', before.number, setLeft)}
              </th>
              <th scope="col" className="p-1 font-normal">
                {pick('Second attempt', after.number, setRight)}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ label, cells }) => (
              <tr key={label} className="border-t align-top">
                <th scope="row" className="py-1.5 pr-2 text-left font-medium text-ink-3 text-xs">
                  {label}
                </th>
                {cells.map((cell, at) => (
                  <td key={at} className="wrap-break-word px-2 py-1.5">
                    {cell || <span className="text-ink-3">–</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr className="border-t">
              <td />
              {[before, after].map((attempt, at) => (
                <td key={at} className="px-2 pt-2">
                  {attempt.has_diff && (
                    <Button small onClick={() => onChanges(attempt.number)}>
                      Changes of attempt {attempt.number}
                    </Button>
                  )}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </DialogBody>
    </Dialog>
  );
}

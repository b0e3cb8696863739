import { Hourglass } from 'lucide-react';
import { api } from '@/api/calls';
import type { Hold } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { holdWords, obstacleWords } from '@/shared/lib/words';
import { Button } from '@/shared/ui/button';
import { toastProblem } from '@/shared/ui/toast';

/** Why a Ready job is not running, runner by runner where that matters, and what would lift it (JOB-9). */
export function HoldNote({ job, hold, mayEdit }: { job: string; hold: Hold; mayEdit: boolean }) {
  const words = holdWords(hold, useNow());
  return (
    <div className="flex items-start gap-2.5 rounded-xl border bg-ready-soft px-3 py-2 text-sm">
      <Hourglass className="mt-0.5 size-4 shrink-0 text-ready" aria-hidden />
      <div className="wrap-break-word min-w-0">
        <p className="font-medium">{words.long}</p>
        {hold.reason === 'no_runner' && hold.runners.length > 1 && (
          <ul className="my-1 text-ink-2">
            {hold.runners.map((runner) => (
              <li key={runner.runner}>
                <span className="font-medium">{runner.name}</span> {obstacleWords[runner.why]}
              </li>
            ))}
          </ul>
        )}
        <p className="text-ink-2">{words.lift}</p>
        {hold.reason === 'uploads_pending' && mayEdit && (
          <Button
            small
            className="mt-1.5"
            onClick={() =>
              void api.forgetAnnounced(job).catch((error: unknown) => toastProblem('The job still waits for its attachments', error))
            }
          >
            Go on without them
          </Button>
        )}
      </div>
    </div>
  );
}

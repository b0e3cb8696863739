import { CloudCheck, CloudOff, LoaderCircle } from 'lucide-react';
import { useEffect, useState } from 'react';
import { explain } from '@/api/problem';
import { useLiveStatus } from '@/live/connection';
import { cx } from '@/shared/lib/cx';

/** Says when what is shown may be old, and when it is current again (WEB-5). */
export function ConnectionBanner() {
  const { status, retryNow } = useLiveStatus();
  const [recovered, setRecovered] = useState(false);
  useEffect(() => {
    if (status.phase !== 'live' || !status.recovered) {
      setRecovered(false);
      return;
    }
    setRecovered(true);
    const timer = setTimeout(() => setRecovered(false), 3000);
    return () => clearTimeout(timer);
  }, [status]);

  const trouble = status.phase === 'lost' || status.phase === 'connecting' || status.phase === 'failed';
  return (
    <div role="status" aria-live="polite">
      {(trouble || recovered) && (
        <div
          className={cx(
            'flex items-center justify-center gap-2 px-3 py-1 text-sm',
            recovered
              ? 'bg-done-soft text-done'
              : status.phase === 'failed'
                ? 'bg-failed-soft text-failed'
                : 'bg-progress-soft text-progress',
          )}
        >
          {recovered && (
            <>
              <CloudCheck className="size-4" aria-hidden /> Connected again, and caught up
            </>
          )}
          {status.phase === 'connecting' && (
            <>
              <LoaderCircle className="size-4 animate-spin" aria-hidden /> Connecting…
            </>
          )}
          {status.phase === 'lost' && (
            <>
              <CloudOff className="size-4" aria-hidden />
              <span>
                No connection to the server. <Countdown until={status.retryAt} />
              </span>
              <button type="button" className="font-medium underline underline-offset-2" onClick={retryNow}>
                Now
              </button>
            </>
          )}
          {status.phase === 'failed' && <span>{explain(status.error).detail}</span>}
        </div>
      )}
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const [left, setLeft] = useState(() => Math.max(0, Math.ceil((until - Date.now()) / 1000)));
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 500);
    return () => clearInterval(timer);
  }, [until]);
  return <span aria-hidden>Trying again in {left} s.</span>;
}

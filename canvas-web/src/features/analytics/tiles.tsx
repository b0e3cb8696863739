import { Minus, TrendingDown, TrendingUp } from 'lucide-react';
import type { Analytics } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { compact } from '@/shared/lib/words';
import { average, type Change, changeOf, moneyWords, percentWords, spanWords } from './words';

interface TileProps {
  title: string;
  value: string;
  detail?: string;
  change?: Change;
}

function Tile({ title, value, detail, change }: TileProps) {
  const Icon = change?.good === undefined ? Minus : change.good ? TrendingUp : TrendingDown;
  return (
    <div className="flex flex-col gap-0.5 rounded-xl border bg-surface px-4 py-3">
      <dt className="text-ink-2 text-xs">{title}</dt>
      <dd className="font-semibold text-xl tabular-nums tracking-tight">{value}</dd>
      {detail && <dd className="text-ink-3 text-xs">{detail}</dd>}
      {change && (
        <dd
          className={cx(
            'flex items-center gap-1 text-xs',
            change.good === undefined ? 'text-ink-3' : change.good ? 'text-done' : 'text-failed',
          )}
        >
          <Icon className="size-3.5 shrink-0" aria-hidden />
          {change.words}
          {change.good !== undefined && <span className="sr-only">, {change.good ? 'better' : 'worse'}</span>}
        </dd>
      )}
    </div>
  );
}

const grid = 'grid grid-cols-2 gap-2.5 md:grid-cols-3 xl:grid-cols-4';

/** How it stands now, whatever the period. */
export function NowTiles({ figures: { now } }: { figures: Analytics }) {
  const queue = now.queued > 0 ? `longest waits ${spanWords(now.longest_ms)}` : 'nothing waits';
  return (
    <section aria-labelledby="now" className="flex flex-col gap-2.5">
      <h2 id="now" className="font-semibold text-sm">
        Now
      </h2>
      <dl className="grid grid-cols-3 gap-2.5">
        <Tile title="In progress" value={String(now.active)} />
        <Tile title="Waiting for people" value={String(now.waiting)} detail="reviews and questions" />
        <Tile title="In the queue" value={String(now.queued)} detail={queue} />
      </dl>
    </section>
  );
}

/** The period, against the one before. */
export function PeriodTiles({ figures: { period, before } }: { figures: Analytics }) {
  const tokens = (of: typeof period) => of.input_tokens + of.output_tokens;
  return (
    <section aria-labelledby="period" className="flex flex-col gap-2.5">
      <h2 id="period" className="font-semibold text-sm">
        In this period
      </h2>
      <dl className={grid}>
        <Tile
          title="Completed"
          value={String(period.completed)}
          detail={`${period.created} made, ${period.canceled} canceled`}
          change={changeOf(period.completed, before.completed, 'good', String)}
        />
        <Tile
          title="Success rate"
          value={percentWords(period.success_rate)}
          detail={`${period.failed} failed`}
          change={changeOf(period.success_rate, before.success_rate, 'good', percentWords)}
        />
        <Tile
          title="Time to done"
          value={spanWords(period.time_to_done_ms)}
          detail="on average, from ready"
          change={changeOf(period.time_to_done_ms, before.time_to_done_ms, 'bad', spanWords)}
        />
        <Tile
          title="Wait in the queue"
          value={spanWords(period.wait_ms)}
          detail={`nine of ten under ${spanWords(period.wait_p90_ms)}`}
          change={changeOf(period.wait_ms, before.wait_ms, 'bad', spanWords)}
        />
        <Tile
          title="Queue depth"
          value={average(period.queue_depth)}
          detail={`${average(period.active)} in progress, on average`}
          change={changeOf(period.queue_depth, before.queue_depth, 'bad', average)}
        />
        <Tile
          title="Waited for people"
          value={spanWords(period.awaiting_review_ms + period.awaiting_answer_ms)}
          detail={`${spanWords(period.awaiting_answer_ms)} of it for answers`}
          change={changeOf(
            period.awaiting_review_ms + period.awaiting_answer_ms,
            before.awaiting_review_ms + before.awaiting_answer_ms,
            'bad',
            spanWords,
          )}
        />
        <Tile
          title="Retries"
          value={String(period.retries)}
          detail={`${period.attempts} attempts, ${period.revisions} revisions`}
          change={changeOf(period.retries, before.retries, 'bad', String)}
        />
        <Tile
          title="Cost"
          value={moneyWords(period.cost_usd)}
          detail={`${compact(tokens(period))} tokens, ${compact(period.output_tokens)} written`}
          change={changeOf(period.cost_usd, before.cost_usd, 'neither', moneyWords)}
        />
      </dl>
    </section>
  );
}

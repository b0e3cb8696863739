import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { ChartColumn } from 'lucide-react';
import { useMemo } from 'react';
import { useWorkspace } from '@/api/hooks';
import { analyticsOf } from '@/api/insight';
import { keys } from '@/api/keys';
import type { Analytics, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { compact } from '@/shared/lib/words';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Segmented } from '@/shared/ui/forms';
import { ChartFigure } from './figure';
import { dateText, lengths, offsetAt, type Period, type PeriodChoice, periodOf } from './period';
import { Shares } from './shares';
import { NowTiles, PeriodTiles } from './tiles';
import { average, moneyWords, spanWords } from './words';

export function AnalyticsPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <AnalyticsIn workspace={workspace} /> : <Loading />;
}

/** The figures are read again this often while the page is open. */
const EVERY_MS = 30_000;

function AnalyticsIn({ workspace }: { workspace: Workspace }) {
  const choice = useSearch({ from: '/w/$slug/analytics' });
  const navigate = useNavigate({ from: '/w/$slug/analytics' });
  const today = dateText(new Date(useNow()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the day counts, not the moment
  const period = useMemo(() => periodOf(choice, new Date()), [choice, today]);
  const show = (next: PeriodChoice) => void navigate({ to: '.', search: next, replace: true });
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-6xl flex-col gap-6 px-4 py-6 md:px-8 md:py-8">
        <header className="flex flex-wrap items-end justify-between gap-3">
          <div className="min-w-0">
            <h1 className="font-semibold text-xl tracking-tight">Analytics</h1>
            <p className="mt-0.5 text-pretty text-ink-2 text-sm">
              What was done in {workspace.name}, how long it took and what it cost. Counted are the jobs you may see.
            </p>
          </div>
          <PeriodPicker choice={choice} period={period} onChange={show} />
        </header>
        {typeof period === 'string' ? (
          <p role="alert" className="rounded-lg border bg-surface px-4 py-3 text-failed text-sm">
            {period}
          </p>
        ) : (
          <Shown workspace={workspace} period={period} />
        )}
      </div>
    </div>
  );
}

function PeriodPicker({
  choice,
  period,
  onChange,
}: {
  choice: PeriodChoice;
  period: Period | string;
  onChange: (next: PeriodChoice) => void;
}) {
  const own = choice.from !== undefined;
  const dates =
    typeof period === 'string'
      ? { from: choice.from ?? '', to: choice.to ?? '' }
      : { from: dateText(period.from), to: dateText(new Date(period.to.getTime() - 1)) };
  const set = (part: Partial<typeof dates>) => {
    const next = { ...dates, ...part };
    if (next.from && next.to) {
      onChange(next);
    }
  };
  const field = 'field w-auto py-0.5 text-sm';
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segmented
        label="Period"
        small
        value={own ? 'own' : String(choice.days ?? 30)}
        options={[...lengths.map((days) => ({ value: String(days), label: `${days} days` })), { value: 'own', label: 'Dates' }]}
        onChange={(value) => (value === 'own' ? onChange(dates) : onChange({ days: Number(value) }))}
      />
      {own && (
        <>
          <input
            type="date"
            aria-label="First day"
            className={field}
            value={dates.from}
            max={dates.to}
            onChange={(event) => set({ from: event.target.value })}
          />
          <span aria-hidden className="text-ink-3">
            –
          </span>
          <input
            type="date"
            aria-label="Last day"
            className={field}
            value={dates.to}
            min={dates.from}
            onChange={(event) => set({ to: event.target.value })}
          />
        </>
      )}
    </div>
  );
}

function Shown({ workspace, period }: { workspace: Workspace; period: Period }) {
  const [from, to] = [period.from.toISOString(), period.to.toISOString()];
  const figures = useQuery({
    queryKey: keys.analytics(workspace.id, from, to),
    queryFn: ({ signal }) => analyticsOf(workspace.id, { from, to, offset: offsetAt(period.to) }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
    staleTime: 0,
  });
  if (figures.isError && !figures.data) {
    return <ProblemNote title="The figures could not be loaded" error={figures.error} onRetry={() => void figures.refetch()} />;
  }
  if (!figures.data) {
    return <Loading label="Counting" />;
  }
  return (
    <div aria-busy={figures.isPlaceholderData} className={cx('flex flex-col gap-6', figures.isPlaceholderData && 'opacity-60')}>
      <NowTiles figures={figures.data} />
      {isEmpty(figures.data) ? (
        <Empty icon={<ChartColumn />} title="Nothing happened in this period">
          Figures come from jobs: as soon as one is made ready, begins or ends, it counts here. Choose a longer period to look further back.
        </Empty>
      ) : (
        <>
          <PeriodTiles figures={figures.data} />
          <Charts figures={figures.data} />
          <Shares figures={figures.data} />
        </>
      )}
    </div>
  );
}

const isEmpty = ({ period, before, days }: Analytics): boolean =>
  period.created + period.completed + period.failed + period.canceled + period.attempts + before.completed + before.attempts === 0 &&
  days.every((day) => day.queue_depth + day.active + day.in_review === 0);

function Charts({ figures }: { figures: Analytics }) {
  const days = useMemo(
    () =>
      figures.days.map((day) => ({
        ...day,
        id: day.from,
        label: new Date(day.from).toLocaleDateString(undefined, { day: 'numeric', month: 'short' }),
      })),
    [figures.days],
  );
  const split = [
    { id: 'period', label: 'Now', ...splitOf(figures.period) },
    { id: 'before', label: 'Before', ...splitOf(figures.before) },
  ];
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      <ChartFigure
        title="Ended by day"
        kind="bars"
        of="Day"
        points={days}
        words={String}
        series={[
          { key: 'completed', label: 'Completed', color: 'var(--st-done)' },
          { key: 'failed', label: 'Failed', color: 'var(--st-failed)' },
        ]}
      />
      <ChartFigure
        title="Time to done"
        lead="On average, in this period and in the one before"
        kind="rows"
        of="Period"
        points={split}
        words={spanWords}
        series={[
          { key: 'queue', label: 'In the queue', color: 'var(--st-ready)' },
          { key: 'work', label: 'Work', color: 'var(--st-progress)' },
          { key: 'review', label: 'Review', color: 'var(--st-review)' },
        ]}
      />
      <ChartFigure
        title="Jobs at a time"
        lead="On average over each day"
        kind="lines"
        of="Day"
        points={days}
        words={average}
        series={[
          { key: 'queue_depth', label: 'In the queue', color: 'var(--st-ready)' },
          { key: 'active', label: 'In progress', color: 'var(--st-progress)' },
          { key: 'in_review', label: 'In review', color: 'var(--st-review)' },
        ]}
      />
      <ChartFigure
        title={figures.period.cost_usd > 0 ? 'Cost by day' : 'Tokens by day'}
        lead="Of the attempts that ended"
        kind="bars"
        of="Day"
        points={days}
        words={figures.period.cost_usd > 0 ? moneyWords : compact}
        series={
          figures.period.cost_usd > 0
            ? [{ key: 'cost_usd', label: 'US dollars', color: 'var(--accent)' }]
            : [{ key: 'tokens', label: 'Tokens', color: 'var(--accent)' }]
        }
      />
    </div>
  );
}

const splitOf = (of: Analytics['period']) => ({ queue: of.queue_ms ?? 0, work: of.work_ms ?? 0, review: of.review_ms ?? 0 });

import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowUp, History } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useJobs, useWorkspace } from '@/api/hooks';
import type { ActivityEntry, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { ActivityBar } from './activity-bar';
import { EntryRow } from './entry-row';
import { type ActivitySearch, filterOf } from './filter';
import { useActivity } from './use-activity';
import { dayWords } from './words';

type Row = { key: string; day: string } | { key: string; entry: ActivityEntry };

/** Who did what, newest first. */
export function ActivityPage() {
  const { slug } = useParams({ from: '/w/$slug/activity' });
  const workspace = useWorkspace(slug);
  const jobs = useJobs(workspace?.id ?? '');
  const search = useSearch({ from: '/w/$slug/activity' });
  const job = search.job === undefined ? undefined : Object.values(jobs ?? {}).find(({ number }) => number === search.job)?.id;
  if (!workspace || (search.job !== undefined && jobs === undefined)) {
    return <Loading />;
  }
  return <Activity workspace={workspace} search={search} job={job} />;
}

function Activity({ workspace, search, job }: { workspace: Workspace; search: ActivitySearch; job: string | undefined }) {
  const navigate = useNavigate({ from: '/w/$slug/activity' });
  const now = useNow();
  const today = dayOf(now);
  // Another day is another filter: "Today" begins anew at midnight.
  const filter = useMemo(() => filterOf(search, job, new Date(today)), [search, job, today]);
  const unknownJob = search.job !== undefined && job === undefined;
  const { list, entries, fresh, showFresh } = useActivity(workspace.id, filter);
  const rows = useMemo(() => (unknownJob ? [] : rowsOf(entries, now)), [entries, now, unknownJob]);
  const scroller = useRef<HTMLDivElement>(null);
  const above = useRef<HTMLDivElement>(null);
  const [atTop, setAtTop] = useState(true);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 44,
    getItemKey: (at) => rows[at]?.key ?? at,
    overscan: 12,
    scrollMargin: above.current?.offsetHeight ?? 0,
  });
  const shown = virtual.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  const { hasNextPage, isFetching, fetchNextPage } = list;

  useEffect(() => {
    // A page may be short, or empty, where much is not for this reader.
    if (hasNextPage && !isFetching && last >= rows.length - 15) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetching, fetchNextPage, last, rows.length]);
  useEffect(() => {
    // Who reads further down is not moved.
    if (atTop && fresh.length > 0) {
      showFresh();
    }
  }, [atTop, fresh, showFresh]);

  const change = (part: Partial<ActivitySearch>) => {
    scroller.current?.scrollTo({ top: 0 });
    void navigate({ search: (before: ActivitySearch) => ({ ...before, ...part }), replace: true });
  };
  return (
    <div ref={scroller} className="relative h-full overflow-y-auto" onScroll={(event) => setAtTop(event.currentTarget.scrollTop < 80)}>
      <div className="mx-auto max-w-3xl px-4 pb-8 md:px-8">
        <div ref={above} className="flex flex-col gap-4 pt-6 pb-2 md:pt-8">
          <header>
            <h1 className="font-semibold text-xl tracking-tight">Activity</h1>
            <p className="mt-0.5 text-ink-2 text-sm">Who did what in {workspace.name}, newest first.</p>
          </header>
          <ActivityBar ws={workspace.id} search={search} onChange={change} />
          {list.isError && <ProblemNote title="Activity could not be loaded" error={list.error} onRetry={() => void list.refetch()} />}
        </div>
        {!atTop && fresh.length > 0 && (
          <div className="sticky top-2 z-10 flex justify-center">
            <Button
              look="primary"
              small
              className="rounded-full shadow-pop"
              icon={<ArrowUp className="size-3.5" aria-hidden />}
              onClick={() => {
                showFresh();
                scroller.current?.scrollTo({ top: 0 });
              }}
            >
              {fresh.length} new
            </Button>
          </div>
        )}
        {list.isPending && !unknownJob && <Loading />}
        {(unknownJob || (list.isSuccess && rows.length === 0 && !list.hasNextPage)) && (
          <Nothing job={unknownJob ? search.job : undefined} />
        )}
        <section aria-label="What happened" aria-busy={isFetching} className="relative" style={{ height: virtual.getTotalSize() }}>
          {shown.map(({ index, key, start }) => {
            const row = rows[index];
            return (
              row && (
                <div
                  key={key}
                  data-index={index}
                  ref={virtual.measureElement}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
                >
                  {'day' in row ? (
                    <h2 className="border-b px-1 pt-5 pb-1.5 font-semibold text-ink-2 text-sm">{row.day}</h2>
                  ) : (
                    <article aria-posinset={index + 1} aria-setsize={hasNextPage ? -1 : rows.length}>
                      <EntryRow entry={row.entry} slug={workspace.slug} />
                    </article>
                  )}
                </div>
              )
            );
          })}
        </section>
        {list.isFetchingNextPage && <Loading label="Loading older" />}
      </div>
    </div>
  );
}

const dayOf = (time: number) => new Date(time).setHours(0, 0, 0, 0);

/** Entries with a heading before each day. */
function rowsOf(entries: readonly ActivityEntry[], now: number): Row[] {
  let day: number | undefined;
  return entries.flatMap((entry): Row[] => {
    const row = { key: String(entry.seq), entry };
    const own = dayOf(Date.parse(entry.at));
    if (own === day) {
      return [row];
    }
    day = own;
    return [{ key: `day-${own}`, day: dayWords(entry.at, now) }, row];
  });
}

function Nothing({ job }: { job: number | undefined }) {
  return (
    <Empty icon={<History />} title={job === undefined ? 'Nothing happened here' : `There is no job #${job}`}>
      {job === undefined
        ? 'What people and agents do in this workspace shows here. Another filter may find more.'
        : 'It was deleted, or it is not yours to see.'}
    </Empty>
  );
}

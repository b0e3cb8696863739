import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type ActivityFilter, activityQuery, inboxCalls } from '@/api/inbox';
import type { ActivityEntry } from '@/api/types';
import { useFeedHead } from '@/live/connection';

type Pages = InfiniteData<Awaited<ReturnType<typeof inboxCalls.activity>>, string | undefined>;

/** Longest time that what is new waits before it is asked for: a busy workspace is not asked about each event. */
const GATHER_MS = 800;

/** Of a job that was deleted its end is told, and nothing else any more, as the server would (JOB-11). */
export function withoutGone(entries: readonly ActivityEntry[]): readonly ActivityEntry[] {
  const gone = new Set(entries.filter(({ what }) => what === 'job.deleted').map(({ job }) => job?.id));
  return gone.size === 0
    ? entries
    : entries.filter(({ what, job, other }) => what === 'job.deleted' || !((job && gone.has(job.id)) || (other && gone.has(other.id))));
}

/** Activity under a filter, and what came since, which waits until it is shown. */
export function useActivity(ws: string, filter: ActivityFilter) {
  const cache = useQueryClient();
  const query = useMemo(() => activityQuery(ws, filter), [ws, filter]);
  const list = useInfiniteQuery(query);
  const [fresh, setFresh] = useState<readonly ActivityEntry[]>([]);
  const head = useFeedHead((heads) => heads[ws]);
  const entries = useMemo(() => withoutGone(list.data?.pages.flatMap((page) => page.items) ?? []), [list.data]);
  const top = fresh[0]?.seq ?? entries[0]?.seq ?? 0;
  const topNow = useRef(top);
  topNow.current = top;
  const asked = useRef(head);
  const { isSuccess } = list;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what waited was under another filter
  useEffect(() => setFresh([]), [query]);
  useEffect(() => {
    if (!isSuccess || head === undefined || asked.current === head || filter.to) {
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      asked.current = head;
      try {
        const page = await inboxCalls.activity(ws, filter, undefined, abort.signal);
        const last = page.items[page.items.length - 1];
        if (last && last.seq > topNow.current && page.next) {
          // More than a page is new: the list begins anew.
          await cache.resetQueries({ queryKey: query.queryKey });
          setFresh([]);
          return;
        }
        const added = page.items.filter(({ seq }) => seq > topNow.current);
        if (added.length > 0) {
          setFresh((before) => [...added, ...before]);
        }
      } catch {
        // The next event asks again; a lost connection shows above.
      }
    }, GATHER_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [head, isSuccess, ws, filter, cache, query]);

  const showFresh = useCallback(() => {
    setFresh((waiting) => {
      cache.setQueryData<Pages>(query.queryKey, (data) => {
        const [first, ...rest] = data?.pages ?? [];
        const known = first?.items[0]?.seq ?? 0;
        const added = waiting.filter(({ seq }) => seq > known);
        return data && first ? { ...data, pages: [{ ...first, items: [...added, ...first.items] }, ...rest] } : data;
      });
      return [];
    });
  }, [cache, query]);

  return { list, entries, fresh, showFresh };
}

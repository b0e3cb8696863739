import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { CheckCheck, Inbox } from 'lucide-react';
import { useCallback, useMemo, useRef } from 'react';
import { api } from '@/api/calls';
import { useWorkspace, workspacesQuery } from '@/api/hooks';
import { inboxQuery, setItemDone } from '@/api/inbox';
import { keys } from '@/api/keys';
import type { Answer, InboxItem } from '@/api/types';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { Empty, Kbd, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Segmented } from '@/shared/ui/forms';
import { Page } from '@/shared/ui/page';
import { toastProblem } from '@/shared/ui/toast';
import { InboxRow } from './inbox-row';
import { NotifyChoice } from './notify-choice';
import { sections } from './words';

/** What needs me, in all my workspaces (INB-1). */
export function InboxPage() {
  const { slug } = useParams({ from: '/w/$slug/inbox' });
  const { aside, only } = useSearch({ from: '/w/$slug/inbox' });
  const navigate = useNavigate({ from: '/w/$slug/inbox' });
  const workspace = useWorkspace(slug);
  const several = (useQuery(workspacesQuery).data?.length ?? 0) > 1;
  const done = aside === true;
  const inbox = useInfiniteQuery(inboxQuery({ done, workspace: only === 'here' ? workspace?.id : undefined }));
  const items = useMemo(() => inbox.data?.pages.flatMap((page) => page.items) ?? [], [inbox.data]);
  const list = useRef<HTMLDivElement>(null);
  const cache = useQueryClient();

  const put = useCallback(
    (item: InboxItem, away: boolean) => {
      focusAfter(list.current, item.id);
      setItemDone(cache, item, away).catch((error: unknown) => toastProblem(`#${item.job.number} stays where it is`, error));
    },
    [cache],
  );
  const opened = useCallback(
    (item: InboxItem) => {
      if (item.kind === 'mention' && item.done_at == null) {
        setItemDone(cache, item, true).catch((error: unknown) => toastProblem('The mention is still unread', error));
      }
    },
    [cache],
  );
  const answer = useCallback(
    async (request: string, words: Answer) => {
      const after = await api.answer(request, words);
      void cache.invalidateQueries({ queryKey: keys.inbox });
      return after;
    },
    [cache],
  );
  useShortcuts({
    j: () => step(list.current, 1),
    k: () => step(list.current, -1),
    e: () => {
      const item = items.find(({ id }) => id === focused(list.current));
      if (item) {
        put(item, item.done_at == null);
      }
    },
  });

  return (
    <Page title="Inbox" lead="What needs you: agents that ask, results to review, mentions, your failed jobs." action={<NotifyChoice />}>
      <div className="flex flex-wrap items-center gap-3">
        <Segmented
          label="Which"
          value={done ? 'done' : 'waiting'}
          options={[
            { value: 'waiting', label: 'Waiting' },
            { value: 'done', label: 'Put aside' },
          ]}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, aside: value === 'done' ? true : undefined }) })}
        />
        {several && (
          <Segmented
            label="Of which workspaces"
            value={only ?? 'all'}
            options={[
              { value: 'all', label: 'All workspaces' },
              { value: 'here', label: workspace?.name ?? 'This one' },
            ]}
            onChange={(value) => void navigate({ search: (before) => ({ ...before, only: value === 'here' ? 'here' : undefined }) })}
          />
        )}
        <p className="ml-auto text-ink-3 text-xs max-md:hidden">
          <Kbd>J</Kbd> <Kbd>K</Kbd> move, <Kbd>Enter</Kbd> opens, <Kbd>E</Kbd> puts {done ? 'back' : 'aside'}
        </p>
      </div>
      {inbox.isError && <ProblemNote title="The inbox could not be loaded" error={inbox.error} onRetry={() => void inbox.refetch()} />}
      {inbox.isPending && <Loading />}
      {inbox.isSuccess && items.length === 0 && <Nothing done={done} />}
      <div ref={list} className="flex flex-col gap-6 empty:hidden">
        {sections.map((section) => {
          const own = items.filter(({ kind }) => section.kinds.includes(kind));
          return (
            own.length > 0 && (
              <section key={section.title} aria-label={section.title}>
                <h2 className="mb-1.5 flex items-center gap-2 font-semibold text-ink-2 text-sm">
                  {section.title} <span className="font-normal text-ink-3 tabular-nums">{own.length}</span>
                </h2>
                <ul className="divide-y overflow-hidden rounded-xl border bg-surface shadow-card">
                  {own.map((item) => (
                    <InboxRow
                      key={item.id}
                      item={item}
                      showWorkspace={several && only !== 'here'}
                      onOpen={opened}
                      onDone={put}
                      onAnswer={answer}
                    />
                  ))}
                </ul>
              </section>
            )
          );
        })}
      </div>
      {inbox.hasNextPage && (
        <Button className="self-center" busy={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
          Show older
        </Button>
      )}
    </Page>
  );
}

function Nothing({ done }: { done: boolean }) {
  return done ? (
    <Empty icon={<CheckCheck />} title="Nothing put aside">
      What you put aside, and mentions you have read, are kept here until they are settled.
    </Empty>
  ) : (
    <Empty icon={<Inbox />} title="Nothing needs you">
      When an agent asks, a result waits for your review, somebody writes @ and your name, or a job of yours fails, it shows here.
    </Empty>
  );
}

const links = (list: HTMLElement | null) => [...(list?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
const itemOf = (element: Element | null) => element?.closest<HTMLElement>('[data-item]')?.dataset.item;

/** The item that has the focus, or the only place it could go. */
const focused = (list: HTMLElement | null) => (list?.contains(document.activeElement) ? itemOf(document.activeElement) : undefined);

function step(list: HTMLElement | null, by: 1 | -1) {
  const all = links(list);
  const at = all.findIndex((link) => itemOf(link) === focused(list));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next]?.focus();
  all[next]?.scrollIntoView?.({ block: 'nearest' });
}

/** What has the focus goes away: the next one takes it, or the one before. */
function focusAfter(list: HTMLElement | null, item: string) {
  if (focused(list) !== item) {
    return;
  }
  const all = links(list);
  const at = all.findIndex((link) => itemOf(link) === item);
  (all[at + 1] ?? all[at - 1])?.focus();
}

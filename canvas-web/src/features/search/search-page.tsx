import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { FileText, Lock, NotebookPen, Search, SearchX, SquareTerminal } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useWorkspace } from '@/api/hooks';
import { searchWorkspace } from '@/api/insight';
import { keys } from '@/api/keys';
import type { SearchHit, SearchKind, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { useLater } from '@/shared/lib/use-later';
import { agoWords } from '@/shared/lib/words';
import { Empty, Loading, ProblemNote, StateIcon } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Segmented } from '@/shared/ui/forms';
import { Marked } from '@/shared/ui/marked';
import { Page } from '@/shared/ui/page';
import { kinds, type SearchQuery } from './query';

export function SearchPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <SearchIn workspace={workspace} /> : <Loading />;
}

/** How long somebody types on before the server is asked. */
const PAUSE_MS = 200;

const PAGE = 20;

const kindWords: Record<SearchKind, string> = { job: 'Jobs', note: 'Notes', file: 'Files', log: 'Logs' };

function SearchIn({ workspace }: { workspace: Workspace }) {
  const { q = '', kind } = useSearch({ from: '/w/$slug/search' });
  const navigate = useNavigate({ from: '/w/$slug/search' });
  const [typed, setTyped] = useState(q);
  const given = useRef(q);
  const asked = useLater(typed.trim(), PAUSE_MS);
  const show = (next: SearchQuery) => void navigate({ to: '.', search: next, replace: true });
  useEffect(() => {
    // From the palette, or back in the browser.
    if (q !== given.current) {
      given.current = q;
      setTyped(q);
    }
  }, [q]);
  useEffect(() => {
    if (asked !== given.current) {
      given.current = asked;
      show({ q: asked || undefined, kind });
    }
  });
  const hits = useInfiniteQuery({
    queryKey: keys.search(workspace.id, q, kind, PAGE),
    queryFn: ({ pageParam, signal }) => searchWorkspace(workspace.id, { q, kind, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: q !== '',
    staleTime: 5_000,
  });
  const items = hits.data?.pages.flatMap((page) => page.items) ?? [];

  return (
    <Page title="Search" lead="Jobs, notes, names of files, and what agents and programs said.">
      <search className="flex flex-col gap-2.5">
        <div className="relative">
          <Search className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-2.5 size-4 text-ink-3" aria-hidden />
          <input
            type="search"
            aria-label="Search the workspace"
            placeholder="Words, their beginnings, or #12"
            className="field h-10 pl-8"
            maxLength={200}
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Segmented
          label="Where to look"
          small
          value={kind ?? 'all'}
          options={[{ value: 'all', label: 'All' }, ...kinds.map((value) => ({ value, label: kindWords[value] }))]}
          onChange={(value) => show({ q: q || undefined, kind: value === 'all' ? undefined : (value as SearchKind) })}
        />
      </search>
      <p role="status" className="sr-only">
        {q !== '' && !hits.isPending && `${items.length}${hits.hasNextPage ? ' or more' : ''} found`}
      </p>
      {q === '' ? (
        <Empty icon={<Search />} title="What are you looking for?">
          Each word may be a beginning: <em>log pag</em> finds “login page”. All of them must be there. A number such as #12 leads to its
          job.
        </Empty>
      ) : hits.isError ? (
        <ProblemNote title="The search did not work" error={hits.error} onRetry={() => void hits.refetch()} />
      ) : hits.isPending ? (
        <Loading label="Searching" />
      ) : items.length === 0 ? (
        <Empty icon={<SearchX />} title="Nothing found">
          {kind ? `No ${kindWords[kind].toLowerCase()} have all these words.` : 'Nothing you may see has all these words.'} Try fewer of
          them, or only their beginnings. The end of a running log can be found after a few seconds.
        </Empty>
      ) : (
        <ul className="flex flex-col gap-1.5" aria-label="Found">
          {items.map((hit) => (
            <Hit key={keyOf(hit)} slug={workspace.slug} hit={hit} />
          ))}
        </ul>
      )}
      {hits.hasNextPage && (
        <Button className="self-center" busy={hits.isFetchingNextPage} onClick={() => void hits.fetchNextPage()}>
          Show more
        </Button>
      )}
    </Page>
  );
}

function keyOf(hit: SearchHit): string {
  switch (hit.kind) {
    case 'job':
      return hit.job.id;
    case 'file':
      return hit.file;
    case 'note':
      return hit.note;
    case 'log':
      return `${hit.attempt}-${hit.seq}`;
  }
}

function Hit({ slug, hit }: { slug: string; hit: SearchHit }) {
  const now = useNow();
  const { job, snippet } = hit;
  const link = 'block rounded-xl border bg-surface px-3.5 py-2.5 hover:border-line-strong';
  const to = { to: '/w/$slug/jobs/$number', params: { slug, number: job.number } } as const;
  const head = (icon: ReactNode, words: string) => (
    <span className="flex items-center gap-1.5 text-ink-3 text-xs [&>svg]:size-3.5">
      {icon} {words}
    </span>
  );
  const title = (
    <span className="flex min-w-0 items-center gap-1.5">
      <StateIcon state={job.state} />
      <span className="truncate font-medium">
        <span className="text-ink-3 tabular-nums">#{job.number}</span> <Marked snippet={job.title} />
      </span>
      {job.private && <Lock className="size-3.5 shrink-0 text-ink-3" aria-label="Private" />}
    </span>
  );
  const words = snippet.text && (
    <span className="wrap-break-word mt-1 line-clamp-3 text-ink-2 text-sm">
      <Marked snippet={snippet} />
    </span>
  );
  switch (hit.kind) {
    case 'job':
      return (
        <li>
          <Link {...to} search={{}} className={link}>
            {title}
            {words}
          </Link>
        </li>
      );
    case 'note':
      return (
        <li>
          <Link {...to} search={{ tab: 'notes' }} className={link}>
            {title}
            {head(<NotebookPen aria-hidden />, `Note by ${hit.author}, ${agoWords(hit.at, now)}`)}
            {words}
          </Link>
        </li>
      );
    case 'file':
      return (
        <li>
          <Link {...to} search={{ tab: 'files' }} className={link}>
            {title}
            {head(<FileText aria-hidden />, 'File')}
            {words}
          </Link>
        </li>
      );
    case 'log':
      return (
        <li>
          <Link {...to} search={{ tab: 'log', attempt: hit.number }} hash={String(hit.seq)} className={link}>
            {title}
            {head(<SquareTerminal aria-hidden />, `Log of attempt ${hit.number}, line ${hit.seq}, ${agoWords(hit.at, now)}`)}
            {words && <span className="font-mono text-xs">{words}</span>}
          </Link>
        </li>
      );
  }
}

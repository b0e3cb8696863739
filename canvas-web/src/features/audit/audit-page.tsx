import { useInfiniteQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Download, ScrollText } from 'lucide-react';
import { useState } from 'react';
import { useMembers, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import { type AuditFilter, type AuditLine, people } from '@/api/people';
import type { Workspace } from '@/api/types';
import { actGroups, actWords } from '@/shared/lib/act-words';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Chip, Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field, Select } from '@/shared/ui/forms';
import { Page } from '@/shared/ui/page';
import { changes } from './changes';

export function AuditPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  if (!workspace) {
    return <Loading />;
  }
  if (workspace.role !== 'owner' && workspace.role !== 'admin') {
    return (
      <Page title="Audit log">
        <Empty icon={<ScrollText />} title="For admins">
          Only admins and the owner of the workspace read the audit log (ACC-3).
        </Empty>
      </Page>
    );
  }
  return <Audit key={workspace.id} workspace={workspace} />;
}

/** The start of a day here, as the server takes it. */
const dayStart = (day: string, plus = 0): string | undefined => {
  if (day === '') {
    return undefined;
  }
  const at = new Date(`${day}T00:00:00`);
  at.setDate(at.getDate() + plus);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
};

/** Who did what, from where, and what it changed (ACC-6). */
function Audit({ workspace }: { workspace: Workspace }) {
  const members = useMembers(workspace.id);
  const [actor, setActor] = useState('');
  const [act, setAct] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const filter: AuditFilter = { actor: actor || undefined, act: act || undefined, from: dayStart(from), to: dayStart(to, 1) };
  const log = useInfiniteQuery({
    queryKey: keys.audit(workspace.id, filter),
    queryFn: ({ pageParam }) => people.audit(workspace.id, filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 0,
  });
  const lines = log.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = actor !== '' || act !== '' || from !== '' || to !== '';
  return (
    <Page
      title="Audit log"
      lead={`Who did what in ${workspace.name}, from where, and what it changed. Nobody can change or remove a line.`}
      action={
        <a
          href={people.auditExport(workspace.id, filter)}
          download
          className="inline-flex h-8 items-center gap-1.5 rounded-lg border border-line-strong bg-surface px-3 font-medium text-sm hover:bg-hover dark:bg-raised"
        >
          <Download className="size-4" aria-hidden /> Export
        </a>
      }
    >
      <div className="grid grid-cols-2 gap-3 md:grid-cols-4">
        <Field label="Person">
          {(ids) => (
            <Select {...ids} value={actor} onChange={(event) => setActor(event.target.value)}>
              <option value="">Everybody</option>
              {members.data?.map((member) => (
                <option key={member.user} value={member.user}>
                  {member.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="What">
          {(ids) => (
            <Select {...ids} value={act} onChange={(event) => setAct(event.target.value)}>
              <option value="">Everything</option>
              {actGroups.map((group) => (
                <option key={group.value} value={group.value}>
                  {group.label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="From">
          {(ids) => (
            <input {...ids} type="date" className="field" value={from} max={to} onChange={(event) => setFrom(event.target.value)} />
          )}
        </Field>
        <Field label="Until">
          {(ids) => <input {...ids} type="date" className="field" value={to} min={from} onChange={(event) => setTo(event.target.value)} />}
        </Field>
      </div>
      {log.isPending && <Loading />}
      {log.isError && <ProblemNote error={log.error} onRetry={() => void log.refetch()} />}
      {log.isSuccess && lines.length === 0 && (
        <Empty
          icon={<ScrollText />}
          title="Nothing found"
          action={
            narrowed && (
              <Button
                onClick={() => {
                  setActor('');
                  setAct('');
                  setFrom('');
                  setTo('');
                }}
              >
                Show everything
              </Button>
            )
          }
        >
          No line fits what you chose.
        </Empty>
      )}
      <ol aria-label="Lines" className="overflow-hidden rounded-xl border bg-surface empty:hidden">
        {lines.map((line) => (
          <Line key={line.id} line={line} nameOf={(user) => members.data?.find((member) => member.user === user)?.name} />
        ))}
      </ol>
      {log.hasNextPage && (
        <Button className="mx-auto" busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          Show older lines
        </Button>
      )}
    </Page>
  );
}

function Line({ line, nameOf }: { line: AuditLine; nameOf: (user: string) => string | undefined }) {
  const now = useNow();
  const changed = changes(line, nameOf);
  return (
    <li className="border-b px-4 py-2.5 text-sm last:border-0">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-medium">{line.actor?.name ?? 'Nobody signed in'}</span>
        <span className="text-ink-2">{actWords(line.act)}</span>
        <span className="wrap-break-word min-w-0">{line.target_name ?? (line.target.includes('@') ? line.target : '')}</span>
        {line.via && <Chip title="Not in person">{'token' in line.via ? 'by a token' : 'by a runner'}</Chip>}
        <span className="flex-1" />
        <span className="text-ink-3 text-xs">{line.address}</span>
        <time dateTime={line.at} title={new Date(line.at).toLocaleString()} className="text-ink-3 text-xs">
          {agoWords(line.at, now)}
        </time>
      </p>
      {changed.length > 0 && (
        <dl className="mt-1 flex flex-col gap-0.5 text-xs">
          {changed.map(({ what, before, after }) => (
            <div key={what} className="flex flex-wrap gap-x-1.5">
              <dt className="text-ink-3">{what}</dt>
              <dd className="wrap-break-word min-w-0 font-mono text-2xs leading-5">
                {before !== undefined && <del className="text-failed">{before}</del>}
                {before !== undefined && after !== undefined && ' → '}
                {after !== undefined && <ins className="text-done no-underline">{after}</ins>}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Copy, Ellipsis, Pencil, Plus, Power, Server, Share2, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import { useMe, useRunners, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { RunnerView, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { useNow } from '@/shared/lib/now';
import { agoWords, runnerStatusWords } from '@/shared/lib/words';
import { Chip, Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Menu, MenuItem, MenuLine } from '@/shared/ui/menu';
import { Page } from '@/shared/ui/page';
import { toast, toastProblem } from '@/shared/ui/toast';
import { NewRunnerDialog } from './new-runner-dialog';
import { RenameDialog } from './rename-dialog';

export function RunnersPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Runners workspace={workspace} /> : <Loading />;
}

function Runners({ workspace }: { workspace: Workspace }) {
  const me = useMe();
  const mine = useQuery({ queryKey: keys.myRunners, queryFn: api.myRunners });
  const here = useRunners(workspace.id);
  const [adding, setAdding] = useState(false);
  const others = Object.values(here ?? {}).filter((runner) => runner.owner.id !== me?.id);
  // What the workspace sees is live and knows whether the runner is disabled here.
  const own = mine.data?.map((runner) => here?.[runner.id] ?? runner);
  const mayOwn = workspace.role !== 'viewer';

  return (
    <Page
      title="Runners"
      lead="A runner is a program on a machine of yours. It takes jobs for agents, works on them there, and sends back what happens."
      action={
        mayOwn && (
          <Button look="primary" icon={<Plus className="size-4" aria-hidden />} onClick={() => setAdding(true)}>
            New runner
          </Button>
        )
      }
    >
      <section aria-label="My runners">
        <h2 className="mb-2 font-semibold text-sm">Mine</h2>
        {mine.isPending && <Loading />}
        {mine.isError && <ProblemNote error={mine.error} onRetry={() => void mine.refetch()} />}
        {own?.length === 0 && (
          <div className="rounded-xl border border-dashed">
            <Empty
              icon={<Server />}
              title="You have no runner yet"
              action={
                mayOwn && (
                  <Button look="primary" onClick={() => setAdding(true)}>
                    Set up a runner
                  </Button>
                )
              }
            >
              Set one up on your laptop or on a shared machine. It connects to this server by itself; nothing has to be opened in a
              firewall.
            </Empty>
          </div>
        )}
        <ul className="flex flex-col gap-2">
          {own?.map((runner) => (
            <RunnerCard key={runner.id} workspace={workspace} runner={runner} mine onChanged={() => void mine.refetch()} />
          ))}
        </ul>
      </section>
      {others.length > 0 && (
        <section aria-label="Runners of others">
          <h2 className="mb-2 font-semibold text-sm">Of others in this workspace</h2>
          <ul className="flex flex-col gap-2">
            {others.map((runner) => (
              <RunnerCard key={runner.id} workspace={workspace} runner={runner} mine={false} onChanged={() => undefined} />
            ))}
          </ul>
        </section>
      )}
      {adding && <NewRunnerDialog onClose={() => setAdding(false)} onCreated={() => void mine.refetch()} />}
    </Page>
  );
}

const statusLooks: Record<RunnerView['status'], { dot: string; text: string }> = {
  offline: { dot: 'border-2 border-line-strong', text: 'text-ink-3' },
  idle: { dot: 'bg-done', text: 'text-done' },
  active: { dot: 'bg-progress animate-pulse-slow', text: 'text-progress' },
  disabled: { dot: 'border-2 border-failed', text: 'text-failed' },
};

function RunnerCard({
  workspace,
  runner,
  mine,
  onChanged,
}: {
  workspace: Workspace;
  runner: RunnerView;
  mine: boolean;
  onChanged: () => void;
}) {
  const now = useNow();
  const look = statusLooks[runner.status];
  const [asking, setAsking] = useState<'rename' | 'remove'>();
  const administer = workspace.role === 'owner' || workspace.role === 'admin';
  const attempt = async (words: string, call: Promise<unknown>) => {
    try {
      await call;
      onChanged();
    } catch (error) {
      toastProblem(words, error);
    }
  };
  const seen =
    runner.status === 'offline'
      ? runner.last_seen_at
        ? `last seen ${agoWords(runner.last_seen_at, now)}`
        : 'never connected'
      : `${runner.running} of ${runner.concurrency} busy`;
  return (
    <li className="flex items-start gap-3 rounded-xl border bg-surface px-4 py-3 shadow-card">
      <span className={cx('mt-1.5 size-2.5 shrink-0 rounded-full', look.dot)} aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="truncate font-semibold">{runner.name}</span>
          <span className={cx('font-medium text-xs', look.text)} role="status">
            {runnerStatusWords[runner.status]}
          </span>
          {runner.shared && (
            <Chip title="Others’ jobs may use it">
              <Share2 className="size-3" aria-hidden /> shared
            </Chip>
          )}
        </p>
        <p className="text-ink-2 text-sm">
          {[
            !mine && runner.owner.name,
            seen,
            runner.platform,
            runner.version && `version ${runner.version}`,
            `${runner.lifetime_jobs} ${runner.lifetime_jobs === 1 ? 'job' : 'jobs'} so far`,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {runner.agents.length > 0 && (
          <p className="mt-1.5 flex flex-wrap gap-1">
            {runner.agents.map((agent) => (
              <Chip key={agent.name}>
                {agent.name}
                {agent.version ? ` ${agent.version}` : ''}
              </Chip>
            ))}
          </p>
        )}
      </div>
      {(mine || administer) && (
        <Menu
          trigger={
            <IconButton label={`Actions for ${runner.name}`} small>
              <Ellipsis className="size-4" aria-hidden />
            </IconButton>
          }
        >
          {mine && (
            <>
              <MenuItem icon={<Pencil />} onSelect={() => setAsking('rename')}>
                Rename…
              </MenuItem>
              <MenuItem
                icon={<Share2 />}
                onSelect={() => void attempt('It was not changed', api.patchRunner(runner.id, { shared: !runner.shared }))}
              >
                {runner.shared ? 'Keep it to myself' : 'Share with others'}
              </MenuItem>
            </>
          )}
          {administer && (
            <MenuItem
              icon={<Power />}
              onSelect={() => void attempt('It was not changed', api.disableRunner(workspace.id, runner.id, runner.status !== 'disabled'))}
            >
              {runner.status === 'disabled' ? 'Enable in this workspace' : 'Disable in this workspace'}
            </MenuItem>
          )}
          <MenuItem icon={<Copy />} onSelect={() => void navigator.clipboard?.writeText(runner.id).then(() => toast('Id copied'))}>
            Copy its id
          </MenuItem>
          {mine && (
            <>
              <MenuLine />
              <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking('remove')}>
                Remove…
              </MenuItem>
            </>
          )}
        </Menu>
      )}
      <RenameDialog runner={runner} open={asking === 'rename'} onClose={() => setAsking(undefined)} onRenamed={onChanged} />
      <Confirm
        open={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        title={`Remove ${runner.name}?`}
        action="Remove"
        onConfirm={() => {
          setAsking(undefined);
          void attempt('It was not removed', api.removeRunner(runner.id));
        }}
      >
        Its token stops working at once.{runner.running > 0 && ' What it works on now goes back to the queue.'}
      </Confirm>
    </li>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Plus, Server } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import { useMe, useRunners, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { RunnerView, Workspace } from '@/api/types';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Page } from '@/shared/ui/page';
import { TabBadge, TabStrip, Tabs } from '@/shared/ui/tabs';
import { listed } from './listed';
import { NewRunnerDialog } from './new-runner-dialog';
import { RunnerBeside } from './runner-beside';
import { RunnerList } from './runner-list';
import type { RunnersSearch } from './search';
import { SetupGuide } from './setup-guide';

export function RunnersPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Runners workspace={workspace} /> : <Loading />;
}

function Runners({ workspace }: { workspace: Workspace }) {
  const me = useMe()?.id;
  const { whose: tab = 'mine', runner: chosen } = useSearch({ from: '/w/$slug/runners' });
  const navigate = useNavigate();
  const go = (search: RunnersSearch) => void navigate({ to: '/w/$slug/runners', params: { slug: workspace.slug }, search, replace: true });
  const [adding, setAdding] = useState<'guide' | 'token'>();
  const here = useRunners(workspace.id);
  const viewer = workspace.role === 'viewer';
  // A viewer's runners do not serve the workspace, so the feed does not tell of them.
  const away = useQuery({ queryKey: keys.myRunners, queryFn: api.myRunners, enabled: viewer });
  const all = listed(Object.values(here ?? {}));
  const mine = viewer ? listed(away.data ?? []) : all.filter((runner) => runner.owner.id === me);
  const loading = here === undefined || (viewer && away.isPending);
  const changed = () => viewer && void away.refetch();

  return (
    <div className="relative h-full">
      <Page
        wide
        title="Runners"
        lead="A runner is a program on a machine of yours. It takes jobs for agents, works on them there, and sends back what happens."
        action={
          <Button look="primary" icon={<Plus className="size-4" aria-hidden />} onClick={() => setAdding('guide')}>
            New runner
          </Button>
        }
      >
        <Tabs value={tab} onValueChange={(next: 'mine' | 'all') => go({ whose: next === 'all' ? 'all' : undefined })}>
          <TabStrip
            items={[
              { value: 'mine', label: 'My', badge: loading ? undefined : <TabBadge>{mine.length}</TabBadge> },
              { value: 'all', label: 'All', badge: loading ? undefined : <TabBadge>{all.length}</TabBadge> },
            ]}
          />
        </Tabs>
        {viewer && tab === 'mine' && mine.length > 0 && (
          <p className="text-ink-2 text-sm">You are a viewer here: your runners do not serve this workspace (RUN-1).</p>
        )}
        {loading ? (
          away.isError ? (
            <ProblemNote error={away.error} onRetry={() => void away.refetch()} />
          ) : (
            <Loading />
          )
        ) : (
          <Listed workspace={workspace} runners={tab === 'all' ? all : mine} tab={tab} me={me} chosen={chosen} onChanged={changed} />
        )}
      </Page>
      {chosen && (
        <RunnerBeside
          key={chosen}
          workspace={workspace}
          id={chosen}
          live={here?.[chosen]}
          me={me}
          onClose={() => go({ whose: tab === 'all' ? 'all' : undefined })}
        />
      )}
      {adding === 'guide' && <GuideDialog onClose={() => setAdding(undefined)} onToken={() => setAdding('token')} />}
      {adding === 'token' && <NewRunnerDialog onClose={() => setAdding(undefined)} onCreated={changed} />}
    </div>
  );
}

function Listed({
  workspace,
  runners,
  tab,
  me,
  chosen,
  onChanged,
}: {
  workspace: Workspace;
  runners: RunnerView[];
  tab: 'mine' | 'all';
  me: string | undefined;
  chosen: string | undefined;
  onChanged: () => void;
}) {
  if (runners.length > 0) {
    return (
      <RunnerList
        workspace={workspace}
        runners={runners}
        whose={tab === 'all' ? 'all' : undefined}
        me={me}
        chosen={chosen}
        onChanged={onChanged}
      />
    );
  }
  return (
    <section aria-label="How to set up a runner" className="rounded-xl border border-dashed px-5 py-6">
      <div className="mx-auto max-w-xl">
        <div className="mb-5 flex items-start gap-3">
          <span className="flex size-10 shrink-0 items-center justify-center rounded-xl border bg-surface text-ink-3">
            <Server className="size-5" aria-hidden />
          </span>
          <div>
            <h2 className="font-semibold">{tab === 'all' ? 'No runner serves this workspace yet' : 'You have no runner yet'}</h2>
            <p className="text-pretty text-ink-2 text-sm">
              Three commands on the machine that shall do jobs: a laptop, or a shared box. It connects here by itself; nothing has to be
              opened in a firewall. It belongs to you and serves every workspace where you are more than a viewer.
            </p>
          </div>
        </div>
        <SetupGuide />
      </div>
    </section>
  );
}

function GuideDialog({ onClose, onToken }: { onClose: () => void; onToken: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="New runner"
      description="On the machine that shall do jobs. It belongs to you and serves every workspace where you are more than a viewer."
    >
      <DialogBody>
        <SetupGuide />
      </DialogBody>
      <DialogFooter>
        <span className="mr-auto text-ink-3 text-xs">For a machine without a person, such as a container:</span>
        <Button onClick={onToken}>New runner with a token</Button>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

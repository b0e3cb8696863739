import { useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { api } from '@/api/calls';
import { useJobCommands } from '@/api/commands';
import { useJobs } from '@/api/hooks';
import type { CommandBody, CommandName, Job, Workspace } from '@/api/types';
import type { Action } from '@/shared/lib/palette';
import { Confirm } from '@/shared/ui/dialog';
import { toast, toastProblem } from '@/shared/ui/toast';
import { type Asking, actionsOfJob } from './job-actions';
import { visitOf } from './recent';

const sureWords: Record<Asking, { title: string; action: string; text: string }> = {
  stop: {
    title: 'Stop the agent of',
    action: 'Stop',
    text: 'The agent finishes its current operation. The job becomes Failed and can be retried; the menu of the job has further ways.',
  },
  cancel: { title: 'Cancel', action: 'Cancel the job', text: 'The job is given up. It can be duplicated later, not reopened.' },
  delete: {
    title: 'Delete',
    action: 'Delete',
    text: 'The job, its log, notes and files are gone for everybody. A branch that was pushed stays.',
  },
};

/** What can be done with the job that the address shows, and the question that some of it asks first. */
export function useOpenJob(workspace: Workspace): { job: Job | undefined; actions: Action[]; question: ReactNode } {
  const slug = workspace.slug;
  const location = useRouterState({ select: (state) => state.location });
  const jobs = useJobs(workspace.id);
  const visit = visitOf(slug, location.pathname, location.search as Record<string, unknown>);
  const job = useMemo(
    () => (visit?.kind === 'job' ? Object.values(jobs ?? {}).find(({ number }) => String(number) === visit.id) : undefined),
    [jobs, visit?.kind, visit?.id],
  );
  const navigate = useNavigate();
  const { command, move } = useJobCommands(workspace.id);
  const [asking, setAsking] = useState<{ what: Asking; job: Job }>();
  const [busy, setBusy] = useState(false);

  const run = async (of: Job, name: CommandName, body?: CommandBody) => {
    try {
      const after = await command(of, name, body);
      if (name === 'duplicate') {
        toast(`Copied into #${after.number}`, after.title);
      }
    } catch (error) {
      toastProblem(`#${of.number} stays as it is`, error);
    }
  };
  const confirm = async () => {
    if (!asking) {
      return;
    }
    setBusy(true);
    const { what, job: of } = asking;
    if (what === 'delete') {
      try {
        await api.deleteJob(of.id);
        toast(`#${of.number} deleted`);
        await navigate({ to: '/w/$slug', params: { slug }, search: {} });
      } catch (error) {
        toastProblem(`#${of.number} was not deleted`, error);
      }
    } else {
      await run(of, what);
    }
    setBusy(false);
    setAsking(undefined);
  };
  const actions = job
    ? actionsOfJob(job, {
        run: (name) => void run(job, name),
        move: (state) => void move(job, state),
        ask: (what) => setAsking({ what, job }),
        show: (tab) => void navigate({ to: '/w/$slug/jobs/$number', params: { slug, number: job.number }, search: { tab } }),
      })
    : [];
  const sure = asking && sureWords[asking.what];
  const question = sure && (
    <Confirm
      open
      busy={busy}
      onClose={() => setAsking(undefined)}
      title={`${sure.title} #${asking.job.number}?`}
      action={sure.action}
      onConfirm={() => void confirm()}
    >
      {sure.text}
    </Confirm>
  );
  return { job, actions, question };
}

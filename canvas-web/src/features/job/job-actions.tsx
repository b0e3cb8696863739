import { Ban, Check, CopyPlus, Ellipsis, Eye, Link2, MoveRight, Play, RotateCcw, Send, Square, Trash2, Undo2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { api } from '@/api/calls';
import { useJobCommands } from '@/api/commands';
import type { CommandBody, CommandName, Job, JobState, Workspace } from '@/api/types';
import { moveTargets, type Rights, whoMay } from '@/shared/lib/rights';
import { stateWords } from '@/shared/lib/words';
import { ProblemNote, StateIcon } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Menu, MenuItem, MenuLine, SubMenu } from '@/shared/ui/menu';
import { toast } from '@/shared/ui/toast';
import { StopDialog } from './stop-dialog';

interface Props {
  workspace: Workspace;
  job: Job;
  rights: Rights;
  /** Absent while the review is what is shown. */
  onReview: (() => void) | undefined;
  onGone: () => void;
  /** Where the buttons and the menu stand. */
  children: (buttons: ReactNode, menu: ReactNode) => ReactNode;
}

const closed: JobState[] = ['done', 'failed', 'canceled'];
type Asking = 'cancel' | 'delete' | 'stop' | undefined;

/** What can be done with the job now. What one may not do is there too and says which rule is in the way, and who may (JOB-8). */
export function JobActions({ workspace, job, rights, onReview, onGone, children }: Props) {
  const { command, move } = useJobCommands(workspace.id);
  const [busy, setBusy] = useState<CommandName | 'delete'>();
  const [refusal, setRefusal] = useState<{ error: unknown; version: number }>();
  // A refusal speaks of the job as it was; once the job changes it may no longer be true.
  const problem = refusal?.version === job.version ? refusal.error : undefined;
  const setProblem = (error: unknown) => setRefusal(error === undefined ? undefined : { error, version: job.version });
  const [asking, setAsking] = useState<Asking>();
  const agentic = job.kind === 'agentic';
  const mayWork = rights.work ? undefined : whoMay.work;

  const run = async (name: CommandName, body?: CommandBody) => {
    setBusy(name);
    setProblem(undefined);
    try {
      const after = await command(job, name, body);
      if (name === 'duplicate') {
        toast(`Copied into #${after.number}`, after.title);
      }
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(undefined);
      setAsking(undefined);
    }
  };
  const remove = async () => {
    setBusy('delete');
    setProblem(undefined);
    try {
      await api.deleteJob(job.id);
      toast(`#${job.number} deleted`);
      onGone();
    } catch (error) {
      setProblem(error);
      setAsking(undefined);
      setBusy(undefined);
    }
  };

  const act = (name: CommandName, words: string, icon: ReactNode, look: 'primary' | 'plain' = 'plain', body?: CommandBody) => (
    <Button
      key={name}
      look={rights.work ? look : 'plain'}
      icon={icon}
      why={mayWork}
      busy={busy === name}
      disabled={busy !== undefined}
      onClick={() => void run(name, body)}
    >
      {words}
    </Button>
  );
  const size = 'size-4';
  const buttons: ReactNode[] = [];
  if (job.state === 'backlog') {
    buttons.push(act('ready', 'Make ready', <Play className={size} aria-hidden />, agentic ? 'primary' : 'plain'));
  }
  if (!agentic && (job.state === 'backlog' || job.state === 'ready')) {
    buttons.push(act('start', 'Start', <Play className={size} aria-hidden />, 'primary'));
  }
  if (job.state === 'ready' && agentic) {
    buttons.push(act('unready', 'Back to Staged', <Undo2 className={size} aria-hidden />));
  }
  if (job.state === 'in_progress') {
    if (agentic) {
      buttons.push(
        <Button
          key="stop"
          icon={<Square className="size-3.5" aria-hidden />}
          why={mayWork}
          disabled={busy !== undefined}
          onClick={() => setAsking('stop')}
        >
          Stop…
        </Button>,
      );
    } else {
      buttons.push(
        act('complete', 'Complete', <Check className={size} aria-hidden />, 'primary'),
        act('submit', 'Hand in for review', <Send className={size} aria-hidden />),
      );
    }
  }
  if (job.state === 'awaiting_review' && onReview) {
    buttons.push(
      <Button key="review" look={rights.work ? 'primary' : 'plain'} icon={<Eye className={size} aria-hidden />} onClick={onReview}>
        {rights.work ? 'Review' : 'Look at the result'}
      </Button>,
    );
  }
  if (job.state === 'failed') {
    buttons.push(act('retry', 'Retry', <RotateCcw className={size} aria-hidden />, 'primary'));
  }
  const targets = rights.work && !agentic ? moveTargets(job) : [];
  const mayEdit = rights.edit ? undefined : whoMay.edit;
  const deletable = job.state === 'backlog' || closed.includes(job.state);
  const whyNot = {
    duplicate: closed.includes(job.state)
      ? rights.contribute
        ? undefined
        : whoMay.contribute
      : 'Done, failed and canceled jobs can be duplicated (JOB-12).',
    delete: mayEdit ?? (deletable ? undefined : 'A job can be deleted in Staged, Done, Failed and Canceled (JOB-11).'),
  };

  const menu = (
    <Menu
      trigger={
        <IconButton label="More actions" small>
          <Ellipsis className="size-4" aria-hidden />
        </IconButton>
      }
    >
      {targets.length > 0 && (
        <SubMenu icon={<MoveRight />} label="Move to">
          {targets.map((state) => (
            <MenuItem key={state} icon={<StateIcon state={state} />} onSelect={() => void move(job, state)}>
              {stateWords[state]}
            </MenuItem>
          ))}
        </SubMenu>
      )}
      <MenuItem icon={<CopyPlus />} why={whyNot.duplicate} onSelect={() => void run('duplicate')}>
        Duplicate
      </MenuItem>
      <MenuItem
        icon={<Link2 />}
        onSelect={() => void navigator.clipboard?.writeText(location.href.split('#')[0] ?? '').then(() => toast('Link copied'))}
      >
        Copy link
      </MenuItem>
      <MenuLine />
      {!['done', 'canceled'].includes(job.state) && (
        <MenuItem icon={<Ban />} danger why={mayEdit} onSelect={() => setAsking('cancel')}>
          Cancel job…
        </MenuItem>
      )}
      <MenuItem icon={<Trash2 />} danger why={whyNot.delete} onSelect={() => setAsking('delete')}>
        Delete…
      </MenuItem>
    </Menu>
  );

  return (
    <>
      {children(buttons.length > 0 ? <div className="flex flex-wrap items-center gap-2">{buttons}</div> : null, menu)}
      {problem !== undefined && <ProblemNote error={problem} />}
      <Confirm
        open={asking === 'cancel'}
        onClose={() => setAsking(undefined)}
        title={`Cancel #${job.number}?`}
        action="Cancel the job"
        busy={busy === 'cancel'}
        onConfirm={() => void run('cancel')}
      >
        The job is given up. It can be duplicated later, not reopened.
        {job.state === 'in_progress' && agentic && ' The agent is stopped.'}
      </Confirm>
      <Confirm
        open={asking === 'delete'}
        onClose={() => setAsking(undefined)}
        title={`Delete #${job.number}?`}
        action="Delete"
        busy={busy === 'delete'}
        onConfirm={() => void remove()}
      >
        The job, its log, notes and files are gone for everybody. A branch that was pushed stays.
      </Confirm>
      <StopDialog
        open={asking === 'stop'}
        again={job.activity === 'stopping'}
        busy={busy === 'stop'}
        onClose={() => setAsking(undefined)}
        onStop={(body) => void run('stop', body)}
      />
    </>
  );
}

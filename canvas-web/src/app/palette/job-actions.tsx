import { Ban, Check, CheckCheck, CopyPlus, Eye, MoveRight, Play, RotateCcw, Send, Square, Trash2, Undo2 } from 'lucide-react';
import type { CommandName, Job } from '@/api/types';
import type { Action } from '@/shared/lib/palette';
import { moveTargets, rightsOf } from '@/shared/lib/rights';
import { stateWords } from '@/shared/lib/words';
import { StateIcon } from '@/shared/ui/bits';

/** What is asked before it is done. */
export type Asking = 'cancel' | 'delete' | 'stop';

interface Doing {
  run: (name: CommandName) => void;
  move: (state: Job['state']) => void;
  ask: (asking: Asking) => void;
  show: (tab: 'details' | 'log' | 'changes' | 'notes' | 'files' | 'attempts') => void;
}

const over: Job['state'][] = ['done', 'failed', 'canceled'];

/** What can be done with the open job now: only what its state and one's rights allow. */
export function actionsOfJob(job: Job, { run, move, ask, show }: Doing): Action[] {
  const rights = rightsOf(job);
  const agentic = job.kind === 'agentic';
  const actions: Action[] = [];
  const add = (id: string, label: string, icon: Action['icon'], act: () => void) =>
    actions.push({ id: `of-job-${id}`, label: `${label} #${job.number}`, icon, words: job.title, run: act });
  if (rights.work) {
    if (job.state === 'backlog') {
      add('ready', 'Make ready:', <Play />, () => run('ready'));
    }
    if (!agentic && (job.state === 'backlog' || job.state === 'ready')) {
      add('start', 'Start:', <Play />, () => run('start'));
    }
    if (agentic && job.state === 'ready') {
      add('unready', 'Back to Staged:', <Undo2 />, () => run('unready'));
    }
    if (job.state === 'in_progress' && agentic) {
      add('stop', 'Stop…', <Square />, () => ask('stop'));
    }
    if (job.state === 'in_progress' && !agentic) {
      add('complete', 'Complete:', <Check />, () => run('complete'));
      add('submit', 'Hand in for review:', <Send />, () => run('submit'));
    }
    if (job.state === 'awaiting_review') {
      add('review', 'Review:', <Eye />, () => show('changes'));
      // With a branch, approving asks what becomes of it, which the review does.
      if (!job.attempt?.branch?.pushed && !job.activity) {
        add('approve', 'Approve:', <CheckCheck />, () => run('approve'));
      }
    }
    if (job.state === 'failed') {
      add('retry', 'Retry:', <RotateCcw />, () => run('retry'));
    }
    if (!agentic) {
      for (const state of moveTargets(job)) {
        add(`move-${state}`, `Move to ${stateWords[state]}:`, <MoveRight />, () => move(state));
      }
    }
  }
  if (rights.contribute) {
    add('note', 'Write a note on', <StateIcon state={job.state} />, () => show('notes'));
    if (over.includes(job.state)) {
      add('duplicate', 'Duplicate:', <CopyPlus />, () => run('duplicate'));
    }
  }
  if (job.attempt && agentic) {
    add('log', 'Log of', <StateIcon state={job.state} />, () => show('log'));
  }
  if (rights.edit && job.state !== 'done' && job.state !== 'canceled') {
    add('cancel', 'Cancel job…', <Ban />, () => ask('cancel'));
  }
  if (rights.edit && (job.state === 'backlog' || over.includes(job.state))) {
    add('delete', 'Delete…', <Trash2 />, () => ask('delete'));
  }
  return actions;
}

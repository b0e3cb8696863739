import { Check, ChevronDown, MessageSquareReply } from 'lucide-react';
import { useState } from 'react';
import { useJobCommands } from '@/api/commands';
import type { BranchDecision, CommandBody, Job, LineComment, Workspace } from '@/api/types';
import { useDraft } from '@/shared/lib/drafts';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { MentionArea } from '@/shared/ui/mention-area';
import { Menu, MenuItem } from '@/shared/ui/menu';
import { toast } from '@/shared/ui/toast';
import { AgentFilesNote } from './agent-files-note';
import { MergeNote } from './merge-note';

const branchWords: Record<BranchDecision, (base: string) => string> = {
  merge: (base) => `and merge into ${base}`,
  leave: () => 'and leave the branch open',
  close: () => 'and delete the branch',
};

interface Props {
  workspace: Workspace;
  job: Job;
  comments: readonly LineComment[];
  onDone: () => void;
}

/** The verdict: approve, or send back with words and comments on lines (REV-1, REV-3). */
export function ReviewBox({ workspace, job, comments, onDone }: Props) {
  const { command } = useJobCommands(workspace.id);
  const [text, setText] = useDraft(`review:${job.id}`);
  const [branch, setBranch] = useState<BranchDecision>('merge');
  const [busy, setBusy] = useState<'approve' | 'request_changes'>();
  const [problem, setProblem] = useState<unknown>();
  const repository = job.context?.type === 'repository' && job.attempt?.branch?.pushed ? job.context : undefined;
  const done = job.state === 'done';
  const merging = job.activity === 'merging';

  const send = async (name: 'approve' | 'request_changes', body: CommandBody) => {
    setBusy(name);
    setProblem(undefined);
    try {
      await command(job, name, body);
      setText('');
      onDone();
      toast(name === 'approve' ? `#${job.number} approved` : `#${job.number} sent back with your words`);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(undefined);
    }
  };

  if (merging) {
    return (
      <p role="status" className="border-t bg-surface px-4 py-3 text-ink-2 text-sm">
        Approved. The branch is being merged…
      </p>
    );
  }
  return (
    <section
      aria-label="Your review"
      className="flex flex-col gap-2 border-t bg-surface px-4 py-2.5 pb-[max(0.625rem,env(safe-area-inset-bottom))]"
    >
      {job.merge_problem && <ProblemNote title="It was approved, but could not be merged" error={new Error(job.merge_problem)} />}
      {repository && !done && job.attempt && <AgentFilesNote attempt={job.attempt} />}
      {repository && !done && job.attempt && <MergeNote attempt={job.attempt} />}
      {problem !== undefined && <ProblemNote error={problem} />}
      <MentionArea
        job={job.id}
        aria-label="Words of the review"
        placeholder={done ? 'Something is not right after all? Say what…' : 'Say what is good, or what should change…'}
        rows={text.includes('\n') || text.length > 100 ? 4 : 2}
        value={text}
        onChange={setText}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p className="mr-auto text-ink-3 text-xs">
          {comments.length > 0
            ? `${comments.length} ${comments.length === 1 ? 'comment' : 'comments'} on lines ${comments.length === 1 ? 'goes' : 'go'} along with a request for changes.`
            : !done && 'Select a line number to comment on it.'}
        </p>
        <Button
          icon={<MessageSquareReply className="size-4" aria-hidden />}
          busy={busy === 'request_changes'}
          disabled={busy !== undefined || text.trim() === ''}
          title={text.trim() === '' ? 'Words are needed' : undefined}
          onClick={() => void send('request_changes', { body: text.trim(), comments: [...comments] })}
        >
          {done ? 'Reopen with changes' : 'Request changes'}
        </Button>
        {!done && (
          <span className="inline-flex">
            <Button
              look="good"
              className={repository ? 'rounded-r-none' : undefined}
              icon={<Check className="size-4" aria-hidden />}
              busy={busy === 'approve'}
              disabled={busy !== undefined}
              onClick={() => void send('approve', { body: text.trim() || undefined, branch: repository ? branch : undefined })}
            >
              {job.merge_problem ? 'Approve again' : 'Approve'} {repository ? branchWords[branch](repository.base_branch) : ''}
            </Button>
            {repository && (
              <Menu
                trigger={
                  <button
                    type="button"
                    aria-label="What happens to the branch"
                    className="flex h-8 w-7 items-center justify-center rounded-r-lg border-surface/40 border-l bg-done text-surface hover:opacity-90"
                  >
                    <ChevronDown className="size-4" aria-hidden />
                  </button>
                }
              >
                {(Object.keys(branchWords) as BranchDecision[]).map((decision) => (
                  <MenuItem key={decision} checked={decision === branch} onSelect={() => setBranch(decision)}>
                    Approve {branchWords[decision](repository.base_branch)}
                  </MenuItem>
                ))}
              </Menu>
            )}
          </span>
        )}
      </div>
    </section>
  );
}

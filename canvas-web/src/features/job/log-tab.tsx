import { Send } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import type { Attempt, Job } from '@/api/types';
import { LogView } from '@/features/log/log-view';
import { useDraft } from '@/shared/lib/drafts';
import type { Rights } from '@/shared/lib/rights';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Segmented } from '@/shared/ui/forms';
import { toast } from '@/shared/ui/toast';
import { AttemptPicker } from './attempts-tab';
import type { JobTab } from './job-panel';

interface Props {
  job: Job;
  attempt: Attempt;
  attempts: readonly Attempt[];
  rights: Rights;
  line: number | undefined;
  onShow: (next: { tab?: JobTab; attempt?: number; line?: number }) => void;
}

export function LogTab({ job, attempt, attempts, rights, line, onShow }: Props) {
  const working = job.state === 'in_progress' && attempt.ended_at == null;
  return (
    <>
      {attempts.length > 1 && (
        <AttemptPicker attempt={attempt} attempts={attempts} onPick={(number) => onShow({ tab: 'log', attempt: number })} />
      )}
      <LogView
        key={attempt.id}
        attempt={attempt}
        target={line}
        onLink={(seq) => {
          onShow({ tab: 'log', attempt: attempt.number, line: seq });
          if (seq !== undefined) {
            const link = `${location.href.split('#')[0]}#${seq}`;
            void navigator.clipboard?.writeText(link).then(() => toast('Link to this line copied'));
          }
        }}
      />
      {working && rights.work && <Composer attempt={attempt} />}
    </>
  );
}

/** A message to the agent: after its turn, or at once (AGT-5). */
function Composer({ attempt }: { attempt: Attempt }) {
  const [text, setText] = useDraft(`message:${attempt.id}`);
  const [when, setWhen] = useState<'queue' | 'interrupt'>('queue');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const send = async () => {
    if (text.trim() === '') {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await api.sendMessage(attempt.id, { body: text.trim(), interrupt: when === 'interrupt' });
      setText('');
      toast(when === 'interrupt' ? 'Sent; the agent is interrupted' : 'Sent; the agent reads it when its turn ends');
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="flex flex-col gap-2 border-t bg-surface px-3 py-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {problem !== undefined && <ProblemNote title="Your message was not sent" error={problem} />}
      <textarea
        aria-label="Message to the agent"
        placeholder="Message to the agent…"
        rows={text.includes('\n') || text.length > 80 ? 4 : 1}
        className="field resize-none"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void send();
          } else if (event.key === 'Escape') {
            event.currentTarget.blur();
          }
        }}
      />
      <div className="flex items-center gap-2">
        <Segmented
          label="When the agent gets it"
          small
          value={when}
          onChange={setWhen}
          options={[
            { value: 'queue', label: 'After its turn' },
            { value: 'interrupt', label: 'Interrupt now' },
          ]}
        />
        <span className="flex-1" />
        <Button
          type="submit"
          small
          look="primary"
          busy={busy}
          disabled={text.trim() === ''}
          icon={<Send className="size-3.5" aria-hidden />}
          title="Ctrl+Enter"
        >
          Send
        </Button>
      </div>
    </form>
  );
}

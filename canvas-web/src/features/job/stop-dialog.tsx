import { useState } from 'react';
import type { CommandBody } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';

function Option({
  name,
  checked,
  onChange,
  title,
  hint,
}: {
  name: string;
  checked: boolean;
  onChange: () => void;
  title: string;
  hint: string;
}) {
  return (
    <label className="flex cursor-pointer items-start gap-2.5 rounded-lg border px-3 py-2 has-checked:border-accent has-checked:bg-accent-soft">
      <input type="radio" name={name} checked={checked} onChange={onChange} className="mt-1 accent-(--accent)" />
      <span>
        <span className="block font-medium text-sm">{title}</span>
        <span className="block text-ink-2 text-xs">{hint}</span>
      </span>
    </label>
  );
}

/** How to stop an agent, and what becomes of the job (AGT-6). */
export function StopDialog({
  open,
  again,
  busy,
  onClose,
  onStop,
}: {
  open: boolean;
  /** A stop was asked for already: it can be pressed. */
  again: boolean;
  busy: boolean;
  onClose: () => void;
  onStop: (body: CommandBody) => void;
}) {
  const [kill, setKill] = useState(false);
  const [requeue, setRequeue] = useState(true);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={again ? 'Press the stop' : 'Stop the agent'}
      description={again ? 'The agent is ending already. What it did so far is kept.' : 'What it did so far is kept.'}
    >
      <DialogBody className="flex flex-col gap-4">
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 font-medium text-ink-2 text-sm">How</legend>
          <Option
            name="how"
            checked={!kill}
            onChange={() => setKill(false)}
            title={again ? 'Without waiting any longer' : 'After its current operation'}
            hint={again ? 'The agent ends its turn now; a running tool call is broken off.' : 'A running tool call is finished first.'}
          />
          <Option
            name="how"
            checked={kill}
            onChange={() => setKill(true)}
            title="At once"
            hint="Ends the agent and everything it started."
          />
        </fieldset>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 font-medium text-ink-2 text-sm">Then</legend>
          <Option
            name="then"
            checked={requeue}
            onChange={() => setRequeue(true)}
            title="Queue it again"
            hint="Back to Ready; a runner takes it up again."
          />
          <Option
            name="then"
            checked={!requeue}
            onChange={() => setRequeue(false)}
            title="Leave it stopped"
            hint="It waits under Failed until somebody retries it."
          />
        </fieldset>
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep working</Button>
        <Button look="danger" busy={busy} onClick={() => onStop({ kill, requeue })}>
          {kill ? 'Stop at once' : 'Stop'}
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

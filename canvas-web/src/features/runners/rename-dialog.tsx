import { type FormEvent, useState } from 'react';
import { api } from '@/api/calls';
import type { RunnerView } from '@/api/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';

export function RenameDialog({
  runner,
  open,
  onClose,
  onRenamed,
}: {
  runner: RunnerView;
  open: boolean;
  onClose: () => void;
  onRenamed: () => void;
}) {
  return (
    <Dialog open={open} onClose={onClose} title="Rename runner">
      {open && <RenameForm runner={runner} onClose={onClose} onRenamed={onRenamed} />}
    </Dialog>
  );
}

function RenameForm({ runner, onClose, onRenamed }: { runner: RunnerView; onClose: () => void; onRenamed: () => void }) {
  const [name, setName] = useState(runner.name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await api.patchRunner(runner.id, { name: name.trim() });
      onRenamed();
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <DialogBody className="flex flex-col gap-3">
        <Field label="Name">
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={name}
              maxLength={80}
              required
              autoFocus
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {problem !== undefined && <ProblemNote error={problem} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''}>
          Rename
        </Button>
      </DialogFooter>
    </form>
  );
}

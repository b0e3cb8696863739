import { type FormEvent, useState } from 'react';
import { api } from '@/api/calls';
import type { CreatedRunner } from '@/api/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { CopyField } from '@/shared/ui/copy-field';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field, Toggle } from '@/shared/ui/forms';

/** Registers a runner and shows its token, which the server tells this once. */
export function NewRunnerDialog({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [created, setCreated] = useState<CreatedRunner>();
  return (
    <Dialog
      open
      onClose={onClose}
      title={created ? 'Connect the runner' : 'New runner'}
      description={created ? undefined : 'It belongs to you and serves every workspace you work in.'}
      wide={created !== undefined}
    >
      {created ? (
        <Connect created={created} onClose={onClose} />
      ) : (
        <Register
          onClose={onClose}
          onCreated={(runner) => {
            setCreated(runner);
            onCreated();
          }}
        />
      )}
    </Dialog>
  );
}

function Register({ onClose, onCreated }: { onClose: () => void; onCreated: (runner: CreatedRunner) => void }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      onCreated(await api.createRunner({ name: name.trim(), shared }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      <DialogBody className="flex flex-col gap-4">
        <Field label="Name">
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={name}
              maxLength={80}
              required
              autoFocus
              placeholder="my-laptop"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Toggle
          checked={shared}
          onChange={setShared}
          label="Share it"
          hint="Jobs of others may run on it too. You can change this later."
        />
        {problem !== undefined && <ProblemNote error={problem} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''}>
          Create
        </Button>
      </DialogFooter>
    </form>
  );
}

function Connect({ created, onClose }: { created: CreatedRunner; onClose: () => void }) {
  const command = `COORD_SERVER=${location.origin} COORD_RUNNER_TOKEN=${created.token} coord-runner run`;
  return (
    <>
      <DialogBody className="flex flex-col gap-4">
        <p className="text-sm">Run this on the machine where the agents are installed. It appears here as idle within a moment.</p>
        <CopyField label="Command" value={command} />
        <CopyField label="Token alone" value={created.token} />
        <p className="rounded-lg border border-progress/40 bg-progress-soft px-3 py-2 text-sm">
          The token is shown this once. Whoever has it can take your jobs: keep it like a password. If it is lost, remove the runner and
          make a new one.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogFooter>
    </>
  );
}

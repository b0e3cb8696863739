import { type FormEvent, type ReactNode, useState } from 'react';
import { ProblemNote } from './bits';
import { Button } from './button';
import { Dialog, DialogBody, DialogFooter } from './dialog';
import { Field } from './forms';

/** For what cannot be undone: the button works once `word` is typed. */
export function TypedConfirm({
  title,
  word,
  action,
  children,
  onClose,
  onConfirm,
}: {
  title: string;
  word: string;
  action: string;
  children: ReactNode;
  onClose: () => void;
  onConfirm: () => Promise<void>;
}) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <DialogBody className="flex flex-col gap-4">
          <div className="text-ink-2 text-sm">{children}</div>
          <Field label={`Type “${word}” to go on`}>
            {(ids) => (
              <input
                {...ids}
                className="field"
                value={typed}
                autoComplete="off"
                autoFocus
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
          {problem !== undefined && <ProblemNote error={problem} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="danger" busy={busy} disabled={typed.trim() !== word}>
            {action}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

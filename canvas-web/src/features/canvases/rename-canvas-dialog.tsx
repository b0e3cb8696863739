import { type FormEvent, useState } from 'react';
import { canvasApi, useKeepCanvas } from '@/api/canvases';
import { explain } from '@/api/problem';
import type { Canvas } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';

export function RenameCanvasDialog({ canvas, onClose }: { canvas: Canvas; onClose: () => void }) {
  const [name, setName] = useState(canvas.name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const keep = useKeepCanvas(canvas.workspace);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') {
      return;
    }
    setBusy(true);
    try {
      keep(await canvasApi.patch(canvas.id, { name: name.trim() }));
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={onClose} title="Rename canvas">
      <form onSubmit={submit}>
        <DialogBody>
          <Field label="Name" error={problem === undefined ? undefined : explain(problem).detail}>
            {(ids) => (
              <input {...ids} className="field" value={name} maxLength={200} autoFocus onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''}>
            Rename
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

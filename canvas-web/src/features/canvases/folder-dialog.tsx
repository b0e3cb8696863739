import { type FormEvent, useId, useState } from 'react';
import { canvasApi } from '@/api/canvases';
import { useFolderPaths } from '@/api/folders';
import type { ObjectView } from '@/canvas/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';
import { toast } from '@/shared/ui/toast';

interface Props {
  ws: string;
  canvas: string;
  group: ObjectView;
  onClose: () => void;
}

/** Makes a group stand for a Backlog folder: same name, same jobs, both ways (CAN-7). */
export function FolderDialog({ ws, canvas, group, onClose }: Props) {
  const folders = useFolderPaths(ws);
  const [folder, setFolder] = useState(group.folder ?? (group.text.split('\n')[0] ?? '').trim().slice(0, 80));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const list = useId();
  const run = async (call: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await call();
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const { jobs: count, refused } = await canvasApi.setFolder(canvas, group.id, folder.trim());
      toast(`The group stands for ${folder.trim()}`, [`${count} ${count === 1 ? 'job' : 'jobs'} in it.`, ...refused.slice(0, 3)].join(' '));
    });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Stand for a Backlog folder"
      description="The folder’s jobs come into the group, and jobs put into the group go to the folder."
    >
      <form onSubmit={submit}>
        <DialogBody className="flex flex-col gap-3">
          <Field
            label="Folder"
            hint={
              group.folder
                ? 'Another name renames the folder, with all its jobs.'
                : 'A new name makes a new folder; Garden/Beds is one in another.'
            }
          >
            {(ids) => (
              <input
                {...ids}
                list={list}
                className="field"
                value={folder}
                maxLength={304}
                autoFocus
                onChange={(event) => setFolder(event.target.value)}
              />
            )}
          </Field>
          <datalist id={list}>
            {folders.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          {problem !== undefined && <ProblemNote error={problem} />}
        </DialogBody>
        <DialogFooter>
          {group.folder && (
            <Button
              className="mr-auto"
              disabled={busy}
              onClick={() => void run(async () => void (await canvasApi.unsetFolder(canvas, group.id)))}
            >
              Stand for none
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={folder.trim() === ''}>
            {group.folder ? 'Save' : 'Stand for it'}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

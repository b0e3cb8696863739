import { useMemo, useState } from 'react';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';
import { ancestors, type OpenDocument, webAddress } from '../document';
import type { JobSource } from '../render/painter';
import { everything, where } from './connect-dialogs';
import type { Deeds } from './deeds';
import { type Choice, PickDialog } from './pick-dialog';
import { nameOf } from './words';

interface Props {
  document: OpenDocument;
  jobs: JobSource;
  deeds: Deeds;
  onClose: () => void;
}

/** The twin of dragging something into a group, or out of it. */
export function MoveDialog({ document, jobs, deeds, ids, onClose }: Props & { ids: readonly string[] }) {
  const choices = useMemo(() => {
    const moving = new Set(ids);
    const inside = (id: string) => moving.has(id) || ancestors(document, id).some((group) => moving.has(group));
    const groups = everything(document).flatMap((id): Choice[] => {
      const view = document.objects.get(id);
      return view?.type === 'group' && !inside(id) ? [{ id, name: nameOf(view, jobs), hint: where(document, jobs, id), view }] : [];
    });
    return [{ id: null, name: 'Out of all groups' }, ...groups];
  }, [document, jobs, ids]);
  return (
    <PickDialog
      title={ids.length === 1 ? 'Move to…' : `Move ${ids.length} objects to…`}
      choices={choices}
      empty="There are no groups yet."
      onPick={(into) => deeds.moveInto(ids, into)}
      onClose={onClose}
    />
  );
}

/** Asks for the address of a new link card. */
export function AddressDialog({ onAddress, onClose }: { onAddress: (url: string) => void; onClose: () => void }) {
  const [value, setValue] = useState('');
  const [wrong, setWrong] = useState(false);
  const typed = value.trim();
  const url = webAddress(typed.includes('://') ? typed : `https://${typed}`);
  const send = () => {
    if (url === null) {
      setWrong(true);
    } else {
      onClose();
      onAddress(url);
    }
  };
  return (
    <Dialog open onClose={onClose} title="New link card">
      <DialogBody>
        <Field label="Address" error={wrong ? 'This is no address of a web page.' : undefined}>
          {(ids) => (
            <input
              {...ids}
              className="field"
              inputMode="url"
              placeholder="example.org/page"
              autoFocus
              value={value}
              onChange={(event) => {
                setValue(event.target.value);
                setWrong(false);
              }}
              onKeyDown={(event) => event.key === 'Enter' && send()}
            />
          )}
        </Field>
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" onClick={send}>
          Add
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

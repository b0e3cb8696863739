import { useMemo, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';
import { ancestors, type OpenDocument, webAddress } from '../document';
import { typeWord } from '../render/layout';
import type { JobSource } from '../render/painter';
import type { Deeds } from './deeds';
import { type Choice, PickDialog } from './pick-dialog';
import { inReadingOrder } from './rows';
import { nameOf } from './words';

interface Props {
  document: OpenDocument;
  jobs: JobSource;
  deeds: Deeds;
  onClose: () => void;
}

const where = (document: OpenDocument, jobs: JobSource, id: string): string =>
  ancestors(document, id)
    .reverse()
    .map((group) => document.objects.get(group))
    .map((view) => (view === undefined ? '' : nameOf(view, jobs)))
    .join(' › ');

/** Everything on the canvas in reading order. */
function everything(document: OpenDocument, parent: string | null = null): string[] {
  return inReadingOrder(document, parent).flatMap((id) => [id, ...everything(document, id)]);
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

type Way = 'rel' | 'after' | 'before';

const ways: readonly { way: Way; words: string; hint: string }[] = [
  { way: 'rel', words: 'Leads to', hint: 'A plain connector.' },
  { way: 'after', words: 'Waits for', hint: 'What you choose has to be done first.' },
  { way: 'before', words: 'Comes before', hint: 'What you choose has to wait.' },
];

/** The twin of drawing a connector. */
export function ConnectDialog({ document, jobs, deeds, id, onClose }: Props & { id: string }) {
  const type = document.objects.get(id)?.type;
  const able = type === 'idea' || type === 'job';
  const [way, setWay] = useState<Way>('rel');
  const choices = useMemo(
    () =>
      everything(document).flatMap((other): Choice[] => {
        const view = document.objects.get(other);
        const fits = view !== undefined && other !== id && (way === 'rel' || view.type === 'idea' || view.type === 'job');
        return fits ? [{ id: other, name: nameOf(view, jobs), hint: where(document, jobs, other) || typeWord(view.type), view }] : [];
      }),
    [document, jobs, id, way],
  );
  const pick = (other: string | null) => {
    if (other !== null) {
      const [from, to] = way === 'after' ? [other, id] : [id, other];
      deeds.connect(from, to, way === 'rel' ? 'rel' : 'dep');
    }
  };
  return (
    <PickDialog
      title="Connect to…"
      description={able ? undefined : 'Ideas and jobs can also wait for one another.'}
      choices={choices}
      empty="There is nothing to connect with yet."
      onPick={pick}
      onClose={onClose}
    >
      {able && (
        <div role="radiogroup" aria-label="How" className="flex flex-wrap gap-1.5">
          {ways.map((one) => (
            <label
              key={one.way}
              title={one.hint}
              className={cx(
                'cursor-pointer rounded-lg border px-2.5 py-1 text-sm has-focus-visible:outline-2 has-focus-visible:outline-ring',
                way === one.way ? 'border-accent bg-accent-soft text-ink' : 'border-line-strong text-ink-2',
              )}
            >
              <input type="radio" name="way" className="sr-only" checked={way === one.way} onChange={() => setWay(one.way)} />
              {one.words}
            </label>
          ))}
        </div>
      )}
    </PickDialog>
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

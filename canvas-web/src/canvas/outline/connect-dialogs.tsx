/** Chooses what a connector begins or ends at: the twin of drawing one and of dragging its end. */
import { useMemo, useState } from 'react';
import { cx } from '@/shared/lib/cx';
import { ancestors } from '../document';
import { typeWord } from '../render/layout';
import type { JobSource } from '../render/painter';
import type { CanvasDocument, LinkKind } from '../types';
import { type Choice, PickDialog } from './pick-dialog';
import { inReadingOrder } from './rows';
import { nameOf } from './words';

interface Props {
  document: CanvasDocument;
  jobs: JobSource;
  onClose: () => void;
}

type Connect = (from: string, to: string, kind: LinkKind) => void;

export const where = (document: CanvasDocument, jobs: JobSource, id: string): string =>
  ancestors(document, id)
    .reverse()
    .map((group) => document.objects.get(group))
    .map((view) => (view === undefined ? '' : nameOf(view, jobs)))
    .join(' › ');

/** Everything on the canvas in reading order. */
export function everything(document: CanvasDocument, parent: string | null = null): string[] {
  return inReadingOrder(document, parent).flatMap((id) => [id, ...everything(document, id)]);
}

type Way = 'rel' | 'after' | 'before';

const ways: readonly { way: Way; words: string; hint: string }[] = [
  { way: 'rel', words: 'Leads to', hint: 'A plain connector.' },
  { way: 'after', words: 'Waits for', hint: 'What you choose has to be done first.' },
  { way: 'before', words: 'Comes before', hint: 'What you choose has to wait.' },
];

/** The twin of drawing a connector. */
export function ConnectDialog({ document, jobs, id, onConnect, onClose }: Props & { id: string; onConnect: Connect }) {
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
      onConnect(from, to, way === 'rel' ? 'rel' : 'dep');
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

interface EndProps extends Props {
  /** The end that stays. */
  fixed: string;
  /** Which end is to be elsewhere. */
  end: 'from' | 'to';
  /** A dependency holds on to ideas and jobs only. */
  kind: LinkKind;
  onPick: (id: string) => void;
}

/** The twin of dragging an end of a connector to another object. */
export function EndDialog({ document, jobs, fixed, end, kind, onPick, onClose }: EndProps) {
  const choices = useMemo(
    () =>
      everything(document).flatMap((id): Choice[] => {
        const view = document.objects.get(id);
        const fits = view !== undefined && id !== fixed && (kind === 'rel' || view.type === 'idea' || view.type === 'job');
        return fits ? [{ id, name: nameOf(view, jobs), hint: where(document, jobs, id) || typeWord(view.type), view }] : [];
      }),
    [document, jobs, fixed, kind],
  );
  const view = document.objects.get(fixed);
  const name = view === undefined ? '' : nameOf(view, jobs);
  const words = { from: { rel: 'It leads to', dep: 'For this waits' }, to: { rel: 'It begins at', dep: 'First comes' } }[end][kind];
  return (
    <PickDialog
      title={end === 'from' ? 'Begin at…' : 'End at…'}
      description={`${words} ${name}.`}
      choices={choices}
      empty="There is nothing to connect with yet."
      onPick={(id) => id !== null && onPick(id)}
      onClose={onClose}
    />
  );
}

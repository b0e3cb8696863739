import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { canvasApi, useKeepCanvas } from '@/api/canvases';
import type { Canvas, Workspace } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';
import { toastProblem } from '@/shared/ui/toast';
import { type Start, starts } from './starts';

export function NewCanvasDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<Start>(starts[0]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const keep = useKeepCanvas(workspace.id);
  const navigate = useNavigate();
  const group = useId();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const canvas = await canvasApi.create(workspace.id, name.trim() || chosen.title);
      keep(canvas);
      if (chosen.id !== 'blank') {
        // The canvas is there already, so it opens even when the template did not come onto it.
        await begin(canvas, chosen.id).catch((error: unknown) => toastProblem('The template was not added', error));
      }
      await navigate({ to: '/w/$slug/canvases/$canvas', params: { slug: workspace.slug, canvas: canvas.id }, search: {} });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <Dialog open onClose={onClose} title="New canvas" wide>
      <form onSubmit={submit} className="flex min-h-0 flex-col">
        <DialogBody className="flex flex-col gap-4">
          <Field label="Name">
            {(ids) => (
              <input
                {...ids}
                className="field"
                value={name}
                maxLength={200}
                autoFocus
                placeholder={chosen.title}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <fieldset>
            <legend className="mb-1.5 font-medium text-ink-2 text-sm">Start with</legend>
            <div className="grid grid-cols-2 gap-2 sm:grid-cols-4">
              {starts.map((start) => (
                <label
                  key={start.id}
                  className={cx(
                    'flex cursor-pointer flex-col gap-1.5 rounded-xl border p-2 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-ring',
                    start === chosen ? 'border-accent bg-accent-soft' : 'hover:border-line-strong',
                  )}
                >
                  <input type="radio" name={group} className="sr-only" checked={start === chosen} onChange={() => setChosen(start)} />
                  <Preview boxes={start.picture} />
                  <span className="px-0.5">
                    <span className="block font-medium text-sm">{start.name}</span>
                    <span className="block text-pretty text-2xs text-ink-2">{start.words}</span>
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
          {problem !== undefined && <ProblemNote error={problem} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Create canvas
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

/** Puts the template onto it. What makes templates is loaded when it is wanted. */
async function begin(canvas: Canvas, template: Exclude<Start['id'], 'blank'>) {
  const { templateFile } = await import('@/canvas/document/templates');
  await canvasApi.import(canvas.id, templateFile(template, canvas.name));
}

function Preview({ boxes }: { boxes: Start['picture'] }) {
  return (
    <svg viewBox="0 0 120 72" className="w-full rounded-lg border bg-sunken" aria-hidden="true">
      {boxes.map(([x, y, w, h, look]) => (
        <rect key={`${x},${y}`} x={x} y={y} width={w} height={h} rx={look === 'frame' ? 4 : 2.5} className={fills[look]} />
      ))}
    </svg>
  );
}

const fills = {
  frame: 'fill-surface stroke-line-strong',
  good: 'fill-done/45',
  bad: 'fill-failed/40',
  note: 'fill-progress/45',
  idea: 'fill-review/40',
} as const;

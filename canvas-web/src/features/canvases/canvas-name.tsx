import { useRef, useState } from 'react';
import { canvasApi, useKeepCanvas } from '@/api/canvases';
import type { Canvas } from '@/api/types';
import { toastProblem } from '@/shared/ui/toast';

/** The name, changed in place: Enter keeps it, Escape does not. */
export function CanvasName({ canvas, mayEdit }: { canvas: Canvas; mayEdit: boolean }) {
  const [draft, setDraft] = useState<string>();
  const keep = useKeepCanvas(canvas.workspace);
  const left = useRef(false);
  const save = async () => {
    const name = draft?.trim();
    setDraft(undefined);
    if (left.current || !name || name === canvas.name) {
      return;
    }
    keep({ ...canvas, name });
    try {
      keep(await canvasApi.patch(canvas.id, { name }));
    } catch (error) {
      keep(canvas);
      toastProblem('The name was not changed', error);
    }
  };
  if (draft !== undefined) {
    return (
      <input
        aria-label="Name of the canvas"
        className="field min-w-0 max-w-72 flex-1 py-0.5 font-semibold"
        value={draft}
        maxLength={200}
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === 'Escape') {
            event.preventDefault();
            event.stopPropagation();
            left.current = event.key === 'Escape';
            event.currentTarget.blur();
          }
        }}
      />
    );
  }
  return (
    <h1 className="min-w-0">
      {mayEdit ? (
        <button
          type="button"
          title="Rename"
          className="block max-w-72 truncate rounded-md px-1.5 py-0.5 font-semibold hover:bg-hover max-md:max-w-40"
          onClick={() => {
            left.current = false;
            setDraft(canvas.name);
          }}
        >
          {canvas.name}
        </button>
      ) : (
        <span className="block max-w-72 truncate px-1.5 font-semibold max-md:max-w-40">{canvas.name}</span>
      )}
    </h1>
  );
}

/** Copy, cut and paste of rows. */
import type { ClipboardEvent } from 'react';
import { type Copied, copy, received, write } from '../document';
import type { OutlineOptions, OutlineState } from './use-outline';

type Handler = (event: ClipboardEvent<HTMLElement>) => void;

export function clips(outline: OutlineState, options: OutlineOptions): { onCopy: Handler; onCut: Handler; onPaste: Handler } {
  const { document, jobs, actions, readOnly } = options;
  const row = outline.rows.find(({ key }) => key === outline.active);
  const copied = (event: ClipboardEvent<HTMLElement>): Copied | null => {
    const words = (job: string) => {
      const face = jobs.face(job);
      return face === undefined ? null : { title: face.title, state: face.word };
    };
    return row === undefined || row.link !== null || isField(event.target) ? null : copy(document, outline.targets(row), words);
  };
  const put = (event: ClipboardEvent<HTMLElement>, what: Copied) => {
    event.preventDefault();
    write(event.clipboardData, what);
  };
  return {
    onCopy: (event) => {
      const what = copied(event);
      if (what !== null) {
        put(event, what);
      }
    },
    onCut: (event) => {
      const what = readOnly ? null : copied(event);
      if (what !== null && row !== undefined) {
        put(event, what);
        outline.deeds.cut(outline.targets(row));
        options.onSelect([]);
      }
    },
    onPaste: (event) => {
      if (!readOnly && !isField(event.target)) {
        event.preventDefault();
        const what = received(event.clipboardData);
        void outline.deeds.paste(what, outline.placeOf(), actions.upload).then(outline.made);
      }
    },
  };
}

const isField = (target: EventTarget) => target instanceof HTMLElement && target.closest('input, textarea, [role="dialog"]') !== null;

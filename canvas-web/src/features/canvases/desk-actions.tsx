import { useCallback } from 'react';
import { bindings } from '@/canvas/interact/shortcuts';
import { type Action, useOffer } from '@/shared/lib/palette';
import type { Desk } from './use-desk';

interface Props {
  desk: Desk;
  readOnly: boolean;
  /** Actions of the page. */
  own: readonly Action[];
}

/** Offers every action of the canvas by its name, and every job on it. */
export function DeskActions({ desk, readOnly, own }: Props) {
  useOffer(
    useCallback(() => ({ title: 'This canvas', actions: [...own, ...ofKeys(desk, readOnly), ...ofJobs(desk)] }), [desk, readOnly, own]),
  );
  return null;
}

function ofKeys({ editor }: Desk, readOnly: boolean): Action[] {
  const byMeaning = new Map<string, Action>();
  for (const { group, keys, meaning, on, edits, run } of bindings) {
    // Steps, jumps and zoom are what keys repeat; nobody looks for them by name.
    if (byMeaning.has(meaning) || (readOnly && edits) || keys.includes('Arrows') || meaning === 'Zoom') {
      continue;
    }
    const label = group === 'View' ? `View: ${meaning}` : group === 'Tools' ? `Tool: ${meaning}` : meaning;
    byMeaning.set(meaning, { id: `canvas-${on[0] ?? meaning}`, label, keys, run: () => run(editor, new KeyboardEvent('keydown')) });
  }
  return [...byMeaning.values()];
}

function ofJobs({ editor, jobs }: Desk): Action[] {
  return [...editor.scene.jobs()].flatMap((id) => {
    const job = jobs.job(id);
    const [card] = editor.scene.cardsOf(id);
    return job && card ? { id: `card-${id}`, label: `Show #${job.number} ${job.title}`, run: () => editor.focusOn(card) } : [];
  });
}

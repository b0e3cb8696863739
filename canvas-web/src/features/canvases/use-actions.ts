/** Every action of the canvas by name, for the palette and the menu. */
import { useMemo } from 'react';
import type { Editor } from '@/canvas/interact/editor';
import { bindings } from '@/canvas/interact/shortcuts';
import type { Action } from './action-palette';
import type { LiveJobs } from './live-jobs';

/** Actions of the canvas itself; the page adds its own. */
export function useCanvasActions(
  editor: Editor | undefined,
  jobs: LiveJobs | undefined,
  readOnly: boolean,
  own: readonly Action[],
): Action[] {
  return useMemo(() => {
    if (!editor || !jobs) {
      return [];
    }
    const known = new Set<string>();
    const actions: Action[] = [...own];
    for (const binding of bindings) {
      // Steps and jumps are what arrows do; nobody looks for them by name.
      if (!known.has(binding.meaning) && !(readOnly && binding.edits) && !binding.keys.includes('Arrows') && binding.meaning !== 'Zoom') {
        known.add(binding.meaning);
        const label =
          binding.group === 'View' || binding.group === 'Tools'
            ? `${binding.group.replace(/s$/, '')}: ${binding.meaning}`
            : binding.meaning;
        const press = new KeyboardEvent('keydown');
        actions.push({ id: binding.on[0] ?? binding.meaning, label, keys: binding.keys, run: () => binding.run(editor, press) });
      }
    }
    for (const job of editor.scene.jobs()) {
      const found = jobs.job(job);
      const [card] = editor.scene.cardsOf(job);
      if (found && card) {
        actions.push({ id: `job-${job}`, label: `Show #${found.number} ${found.title}`, run: () => editor.focusOn(card) });
      }
    }
    return actions;
  }, [editor, jobs, readOnly, own]);
}

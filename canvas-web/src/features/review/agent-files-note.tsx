import { Bot } from 'lucide-react';
import type { Attempt } from '@/api/types';

/** Most files named before the rest is counted. */
const NAMED = 6;

/** That a change touches what agents obey: it acts on everybody who takes it, before anybody asks (REV-2). */
export function AgentFilesNote({ attempt }: { attempt: Attempt }) {
  const files = attempt.branch?.agent_files ?? [];
  if (files.length === 0) {
    return null;
  }
  const rest = files.length - NAMED;
  return (
    <div role="note" className="flex items-start gap-2 rounded-lg border border-progress/50 bg-progress-soft px-3 py-2 text-sm">
      <Bot className="mt-0.5 size-4 shrink-0 text-progress" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">This change touches agents’ configuration.</p>
        <ul className="my-0.5 font-mono text-xs">
          {files.slice(0, NAMED).map((path) => (
            <li key={path} className="break-all">
              {path}
            </li>
          ))}
        </ul>
        {rest > 0 && <p className="text-ink-2 text-xs">and {rest} more</p>}
        <p className="text-ink-2 text-xs">
          Such files can give agents orders and start programs on the machine of whoever works with the branch. Read them closely.
        </p>
      </div>
    </div>
  );
}

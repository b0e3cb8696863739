import {
  ArrowUpRight,
  BriefcaseBusiness,
  Frame,
  Hand,
  Image,
  Lightbulb,
  Link,
  type LucideIcon,
  MousePointer2,
  StickyNote,
  Type,
  Waypoints,
} from 'lucide-react';
import { useStore } from 'zustand';
import type { Editor } from '@/canvas/interact/editor';
import type { Tool } from '@/canvas/interact/state';
import { cx } from '@/shared/lib/cx';

const tools: readonly { tool: Tool; label: string; keys: string; icon: LucideIcon }[] = [
  { tool: 'select', label: 'Select', keys: 'V', icon: MousePointer2 },
  { tool: 'hand', label: 'Move the view', keys: 'H', icon: Hand },
  { tool: 'sticky', label: 'Sticky note', keys: 'N', icon: StickyNote },
  { tool: 'idea', label: 'Idea', keys: 'I', icon: Lightbulb },
  { tool: 'job', label: 'New job', keys: 'J', icon: BriefcaseBusiness },
  { tool: 'connect', label: 'Connector', keys: 'X', icon: ArrowUpRight },
  { tool: 'group', label: 'Group', keys: 'F', icon: Frame },
  { tool: 'text', label: 'Text', keys: 'T', icon: Type },
  { tool: 'link', label: 'Link card', keys: 'L', icon: Link },
  { tool: 'image', label: 'Image', keys: 'P', icon: Image },
];

/** Beside the select and hand tools there is nothing for those who only watch. */
export function ToolPalette({ editor, readOnly }: { editor: Editor; readOnly: boolean }) {
  const chosen = useStore(editor.ui, (state) => state.tool);
  const kind = useStore(editor.ui, (state) => state.kind);
  const shown = readOnly ? tools.slice(0, 2) : tools;
  return (
    <div
      role="toolbar"
      aria-label="Tools"
      className="popup absolute bottom-3 left-1/2 z-10 flex max-w-[calc(100%-1.5rem)] -translate-x-1/2 items-center gap-px overflow-x-auto p-1 sm:gap-0.5 [scrollbar-width:none]"
    >
      {shown.map(({ tool, label, keys, icon: Icon }) => (
        <button
          key={tool}
          type="button"
          aria-pressed={chosen === tool}
          aria-label={label}
          aria-keyshortcuts={keys}
          title={`${label} (${keys})`}
          onClick={() => editor.setTool(chosen === tool ? 'select' : tool)}
          className={cx(
            'inline-flex size-8 shrink-0 sm:size-9 items-center justify-center rounded-lg transition-colors',
            chosen === tool ? 'bg-accent text-accent-ink' : 'text-ink-2 hover:bg-hover hover:text-ink',
          )}
        >
          <Icon className="size-4.5" aria-hidden />
        </button>
      ))}
      {chosen === 'connect' && (
        <button
          type="button"
          aria-pressed={kind === 'dep'}
          onClick={() => editor.set({ kind: kind === 'dep' ? 'rel' : 'dep' })}
          title="What it is connected to waits until this is done"
          className={cx(
            'ml-1 inline-flex h-8 shrink-0 items-center gap-1.5 rounded-lg border px-2 text-xs',
            kind === 'dep' ? 'border-accent bg-accent-soft text-ink' : 'text-ink-2 hover:bg-hover',
          )}
        >
          <Waypoints className="size-4" aria-hidden />
          Dependency
        </button>
      )}
    </div>
  );
}

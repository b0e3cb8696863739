import { X } from 'lucide-react';
import { useStore } from 'zustand';
import type { Editor } from '@/canvas/interact';
import { usePeople } from '@/canvas/sync/hooks';
import type { Presence } from '@/canvas/sync/presence';

/** Whose view is shown, in their colour, for as long as it is followed. */
export function FollowNote({ editor, presence }: { editor: Editor; presence: Presence }) {
  const following = useStore(editor.ui, (state) => state.following);
  usePeople(presence, undefined);
  const peer = following === null ? undefined : presence.getPeers().get(following);
  if (!peer) {
    return null;
  }
  const color = `oklch(0.52 0.15 ${peer.user.hue})`;
  return (
    <>
      <div className="pointer-events-none absolute inset-0 z-10 border-3" style={{ borderColor: color }} />
      <div
        role="status"
        className="-translate-x-1/2 absolute top-0 left-1/2 z-10 flex items-center gap-2 rounded-b-lg py-1 pr-1.5 pl-3 font-medium text-white text-xs"
        style={{ backgroundColor: color }}
      >
        You see what {peer.user.name} sees
        <button
          type="button"
          aria-label="Stop following"
          title="Stop following (Esc)"
          className="rounded p-0.5 hover:bg-white/20"
          onClick={() => editor.follow(null)}
        >
          <X className="size-3.5" aria-hidden />
        </button>
      </div>
    </>
  );
}

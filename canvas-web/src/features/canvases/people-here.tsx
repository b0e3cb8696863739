import { Eye } from 'lucide-react';
import { useMe } from '@/api/hooks';
import { useFollowed, usePeople } from '@/canvas/sync/hooks';
import type { Presence } from '@/canvas/sync/presence';
import { cx } from '@/shared/lib/cx';
import { Menu, MenuGroup, MenuItem, MenuLine } from '@/shared/ui/menu';

const MOST = 4;

/** The colour of a person's cursor, the same for everybody. */
const hueStyle = (hue: number) => ({ backgroundColor: `oklch(0.52 0.14 ${hue})` });

export const firstLetters = (name: string): string =>
  name
    .trim()
    .split(/\s+/)
    .map((word) => [...word][0] ?? '')
    .filter((_, at, all) => at === 0 || at === all.length - 1)
    .join('')
    .toUpperCase();

/** Who else is on the canvas, each person once, however many pages they have open. */
export function PeopleHere({ presence, onFollow }: { presence: Presence; onFollow: (client: number | null) => void }) {
  const me = useMe();
  const people = usePeople(presence, me?.id);
  const followed = useFollowed(presence);
  if (people.length === 0) {
    return null;
  }
  const names = people.map(({ user }) => user.name).join(', ');
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex items-center rounded-full p-0.5 pr-1 hover:bg-hover"
          aria-label={`Here now: ${names}. Follow somebody`}
          title={`Here now: ${names}`}
        >
          <span className="flex -space-x-1.5">
            {people.slice(0, MOST).map((peer) => (
              <span
                key={peer.client}
                style={hueStyle(peer.user.hue)}
                className={cx(
                  'inline-flex size-6.5 items-center justify-center rounded-full font-semibold text-2xs text-white ring-2',
                  peer.client === followed ? 'ring-accent' : 'ring-bg',
                )}
              >
                {firstLetters(peer.user.name)}
              </span>
            ))}
          </span>
          {people.length > MOST && <span className="ml-1 text-ink-2 text-xs">+{people.length - MOST}</span>}
        </button>
      }
    >
      <MenuGroup label="Here now. Follow to see what they see.">
        {people.map((peer) => (
          <MenuItem
            key={peer.client}
            icon={<span style={hueStyle(peer.user.hue)} className="block size-3 rounded-full" />}
            checked={peer.client === followed}
            onSelect={() => onFollow(peer.client === followed ? null : peer.client)}
          >
            {peer.user.name}
          </MenuItem>
        ))}
      </MenuGroup>
      {followed !== null && (
        <>
          <MenuLine />
          <MenuItem icon={<Eye />} onSelect={() => onFollow(null)}>
            Stop following
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

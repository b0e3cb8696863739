import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { LogOut, Monitor, Moon, Sun, UserCog } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '@/api/calls';
import { useMe } from '@/api/hooks';
import { forgetCopies, unsavedEdits } from '@/canvas/sync/copies';
import { forgetLineComments } from '@/features/review/line-comments';
import { cx } from '@/shared/lib/cx';
import { forgetDrafts } from '@/shared/lib/drafts';
import { type ThemeChoice, useTheme } from '@/shared/lib/theme';
import { Avatar } from '@/shared/ui/bits';
import { Menu, MenuGroup, MenuItem, MenuLine } from '@/shared/ui/menu';
import { toastProblem } from '@/shared/ui/toast';

const themes: { value: ThemeChoice; label: string; icon: ReactNode }[] = [
  { value: 'system', label: 'Like the system', icon: <Monitor /> },
  { value: 'light', label: 'Light', icon: <Sun /> },
  { value: 'dark', label: 'Dark', icon: <Moon /> },
];

export function AccountMenu({ small }: { small?: boolean }) {
  const me = useMe();
  const { choice, choose } = useTheme();
  const navigate = useNavigate();
  const { slug } = useParams({ from: '/w/$slug' });
  const cache = useQueryClient();
  const signOut = async () => {
    // Signing out removes what this browser keeps of canvases.
    if (unsavedEdits() > 0 && !window.confirm('Your last edits on the canvas are not saved yet and would be lost. Sign out?')) {
      return;
    }
    try {
      await api.logout();
    } catch (error) {
      toastProblem('You are still signed in', error);
      return;
    }
    cache.clear();
    forgetDrafts();
    forgetLineComments();
    if (me) {
      await forgetCopies(me.id);
    }
    await navigate({ to: '/login', search: {} });
  };
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className={cx('flex items-center gap-2.5 rounded-lg text-left hover:bg-hover', small ? 'p-1.5' : 'px-2 py-1.5')}
        >
          <span className="sr-only">Account of {small && me?.name}</span>
          <Avatar name={me?.name ?? '?'} className="size-6 text-2xs" />
          {!small && (
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium text-sm">{me?.name}</span>
            </span>
          )}
        </button>
      }
    >
      <p className="max-w-60 truncate px-2 pt-1 pb-1.5 text-ink-3 text-xs">{me?.email}</p>
      <MenuGroup label="Theme">
        {themes.map((theme) => (
          <MenuItem key={theme.value} icon={theme.icon} checked={choice === theme.value} onSelect={() => choose(theme.value)}>
            {theme.label}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={<UserCog />} onSelect={() => void navigate({ to: '/w/$slug/account', params: { slug } })}>
        Account…
      </MenuItem>
      <MenuItem icon={<LogOut />} onSelect={() => void signOut()}>
        Sign out
      </MenuItem>
    </Menu>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown, Plus } from 'lucide-react';
import { workspacesQuery } from '@/api/hooks';
import type { Workspace } from '@/api/types';
import { Menu, MenuGroup, MenuItem, MenuLine } from '@/shared/ui/menu';

export function WorkspaceMark({ name }: { name: string }) {
  return (
    <span aria-hidden className="flex size-7 shrink-0 items-center justify-center rounded-lg bg-accent font-bold text-accent-ink text-sm">
      {([...name.trim()][0] ?? '?').toUpperCase()}
    </span>
  );
}

export function WorkspaceSwitcher({ workspace }: { workspace: Workspace }) {
  const { data } = useQuery(workspacesQuery);
  const navigate = useNavigate();
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="flex w-full min-w-0 items-center gap-2.5 rounded-lg p-1.5 text-left hover:bg-hover">
          <WorkspaceMark name={workspace.name} />
          <span className="min-w-0 flex-1 truncate font-semibold">
            {workspace.name}
            <span className="sr-only">, switch workspace</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-ink-3" aria-hidden />
        </button>
      }
    >
      <MenuGroup label="Workspaces">
        {data?.map((each) => (
          <MenuItem
            key={each.id}
            checked={each.id === workspace.id}
            onSelect={() => void navigate({ to: '/w/$slug', params: { slug: each.slug } })}
          >
            {each.name}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuLine />
      <MenuItem icon={<Plus />} onSelect={() => void navigate({ to: '/welcome' })}>
        New workspace
      </MenuItem>
    </Menu>
  );
}

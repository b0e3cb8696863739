import { Ban, CirclePlay, CornerUpLeft, Ellipsis, Flag, FolderInput, Tag, Trash2, UserRound, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMembers } from '@/api/hooks';
import type { Job, Priority, Workspace } from '@/api/types';
import { usePhone } from '@/shared/lib/use-media';
import { priorities, priorityWords } from '@/shared/lib/words';
import { Avatar, PriorityMark } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Menu, MenuItem, MenuLine, SubMenu } from '@/shared/ui/menu';

export interface BulkChoice {
  ready: (jobs: readonly Job[]) => void;
  unready: (jobs: readonly Job[]) => void;
  move: (jobs: readonly Job[]) => void;
  priority: (jobs: readonly Job[], priority: Priority) => void;
  labels: (jobs: readonly Job[]) => void;
  owner: (jobs: readonly Job[], owner: { id: string; name: string }) => void;
  cancel: (jobs: readonly Job[]) => void;
  remove: (jobs: readonly Job[]) => void;
}

const priorityItems = (pick: (priority: Priority) => void): ReactNode =>
  priorities.map((priority) => (
    <MenuItem key={priority} icon={<PriorityMark priority={priority} />} onSelect={() => pick(priority)}>
      {priorityWords[priority]}
    </MenuItem>
  ));

function OwnerItems({ workspace, pick }: { workspace: Workspace; pick: (owner: { id: string; name: string }) => void }) {
  const { data: members } = useMembers(workspace.id);
  return (members ?? [])
    .filter(({ role }) => role !== 'viewer')
    .map(({ user, name }) => (
      <MenuItem key={user} icon={<Avatar name={name} />} onSelect={() => pick({ id: user, name })}>
        {name}
      </MenuItem>
    ));
}

/** Everything that can be done to these jobs, for a job's own menu and for what the bar has no room for. */
export function JobMenu({
  workspace,
  jobs,
  choice,
  onOpen,
}: {
  workspace: Workspace;
  jobs: readonly Job[];
  choice: BulkChoice;
  onOpen?: () => void;
}) {
  return (
    <>
      {onOpen && <MenuItem onSelect={onOpen}>Open</MenuItem>}
      <MenuItem icon={<CirclePlay />} onSelect={() => choice.ready(jobs)}>
        Make ready
      </MenuItem>
      {jobs.some(({ state }) => state === 'ready') && (
        <MenuItem icon={<CornerUpLeft />} onSelect={() => choice.unready(jobs)}>
          Back to Staged
        </MenuItem>
      )}
      <MenuItem icon={<FolderInput />} onSelect={() => choice.move(jobs)}>
        Move to folder…
      </MenuItem>
      <SubMenu icon={<Flag />} label="Priority">
        {priorityItems((priority) => choice.priority(jobs, priority))}
      </SubMenu>
      <MenuItem icon={<Tag />} onSelect={() => choice.labels(jobs)}>
        Domains…
      </MenuItem>
      <SubMenu icon={<UserRound />} label="Owner">
        <OwnerItems workspace={workspace} pick={(owner) => choice.owner(jobs, owner)} />
      </SubMenu>
      <MenuLine />
      <MenuItem icon={<Ban />} onSelect={() => choice.cancel(jobs)}>
        Cancel…
      </MenuItem>
      <MenuItem icon={<Trash2 />} danger onSelect={() => choice.remove(jobs)}>
        Delete…
      </MenuItem>
    </>
  );
}

/** What can be done to the chosen jobs. */
export function BulkBar({
  workspace,
  jobs,
  choice,
  busy,
  onClear,
}: {
  workspace: Workspace;
  jobs: readonly Job[];
  choice: BulkChoice;
  busy: boolean;
  onClear: () => void;
}) {
  const phone = usePhone();
  return (
    <section
      aria-label="Chosen jobs"
      className="popup pointer-events-auto flex max-w-full flex-wrap items-center gap-1 px-2 py-1.5 text-sm shadow-pop"
    >
      <span className="px-1.5 font-medium tabular-nums" role="status">
        {jobs.length} selected
      </span>
      <Button
        look="ghost"
        disabled={busy}
        className="max-md:px-2"
        icon={!phone && <CirclePlay className="size-4" aria-hidden />}
        onClick={() => choice.ready(jobs)}
      >
        Make ready
      </Button>
      <Button
        look="ghost"
        disabled={busy}
        className="max-md:px-2"
        icon={!phone && <FolderInput className="size-4" aria-hidden />}
        onClick={() => choice.move(jobs)}
      >
        {phone ? 'Move' : 'Move to folder'}
      </Button>
      {!phone && (
        <>
          <Menu
            trigger={
              <Button look="ghost" disabled={busy} icon={<Flag className="size-4" aria-hidden />}>
                Priority
              </Button>
            }
          >
            {priorityItems((priority) => choice.priority(jobs, priority))}
          </Menu>
          <Button look="ghost" disabled={busy} icon={<Tag className="size-4" aria-hidden />} onClick={() => choice.labels(jobs)}>
            Domains
          </Button>
          <Menu
            trigger={
              <Button look="ghost" disabled={busy} icon={<UserRound className="size-4" aria-hidden />}>
                Owner
              </Button>
            }
          >
            <OwnerItems workspace={workspace} pick={(owner) => choice.owner(jobs, owner)} />
          </Menu>
        </>
      )}
      <Menu
        trigger={
          <IconButton label="More for the chosen jobs" disabled={busy}>
            <Ellipsis className="size-4" aria-hidden />
          </IconButton>
        }
      >
        <JobMenu workspace={workspace} jobs={jobs} choice={choice} />
      </Menu>
      <IconButton label="Select none (Esc)" onClick={onClear}>
        <X className="size-4" aria-hidden />
      </IconButton>
    </section>
  );
}

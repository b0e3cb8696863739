import { Copy, Ellipsis, Pencil, Power, Share2, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import type { RunnerView, Workspace } from '@/api/types';
import { IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Menu, MenuItem, MenuLine } from '@/shared/ui/menu';
import { toast, toastProblem } from '@/shared/ui/toast';
import { RenameDialog } from './rename-dialog';

/** What one may do with a runner: its owner all, admins switch it off in their workspace (RUN-3). Nothing for others. */
export function RunnerActions({
  workspace,
  runner,
  mine,
  onChanged,
}: {
  workspace: Workspace;
  runner: RunnerView;
  mine: boolean;
  onChanged: () => void;
}) {
  const [asking, setAsking] = useState<'rename' | 'remove'>();
  const administer = workspace.role === 'owner' || workspace.role === 'admin';
  const attempt = async (words: string, call: Promise<unknown>) => {
    try {
      await call;
      onChanged();
    } catch (error) {
      toastProblem(words, error);
    }
  };
  if (!mine && !administer) {
    return null;
  }
  const disabled = runner.status === 'disabled';
  return (
    <>
      <Menu
        trigger={
          <IconButton label={`Actions for ${runner.name}`} small>
            <Ellipsis className="size-4" aria-hidden />
          </IconButton>
        }
      >
        {mine && (
          <>
            <MenuItem icon={<Pencil />} onSelect={() => setAsking('rename')}>
              Rename…
            </MenuItem>
            <MenuItem
              icon={<Share2 />}
              onSelect={() => void attempt('It was not changed', api.patchRunner(runner.id, { shared: !runner.shared }))}
            >
              {runner.shared ? 'Keep it to myself' : 'Share with others'}
            </MenuItem>
          </>
        )}
        {administer && (
          <MenuItem
            icon={<Power />}
            onSelect={() => void attempt('It was not changed', api.disableRunner(workspace.id, runner.id, !disabled))}
          >
            {disabled ? 'Enable in this workspace' : 'Disable in this workspace'}
          </MenuItem>
        )}
        <MenuItem icon={<Copy />} onSelect={() => void navigator.clipboard?.writeText(runner.id).then(() => toast('Id copied'))}>
          Copy its id
        </MenuItem>
        {mine && (
          <>
            <MenuLine />
            <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking('remove')}>
              Remove…
            </MenuItem>
          </>
        )}
      </Menu>
      <RenameDialog runner={runner} open={asking === 'rename'} onClose={() => setAsking(undefined)} onRenamed={onChanged} />
      <Confirm
        open={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        title={`Remove ${runner.name}?`}
        action="Remove"
        onConfirm={() => {
          setAsking(undefined);
          void attempt('It was not removed', api.removeRunner(runner.id));
        }}
      >
        Its token stops working at once, in every workspace.{' '}
        {runner.running > 0
          ? `It works on ${runner.running === 1 ? 'a job' : `${runner.running} jobs`} now: that work is dropped, and another runner takes it up as a new attempt. What is on the machine’s disk stays there.`
          : 'It works on nothing now. What is on the machine’s disk stays there.'}
      </Confirm>
    </>
  );
}

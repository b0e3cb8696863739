import { Hand, Lock, LockOpen, UserRound } from 'lucide-react';
import { canvasApi, useKeepCanvas } from '@/api/canvases';
import { useMe, useMembers } from '@/api/hooks';
import type { Canvas, PatchCanvas, Workspace } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { Menu, MenuItem, MenuLine, SubMenu } from '@/shared/ui/menu';
import { toast, toastProblem } from '@/shared/ui/toast';

/** One editor at a time, by choice, and who it is (CAN-3). */
export function LockMenu({ workspace, canvas }: { workspace: Workspace; canvas: Canvas }) {
  const me = useMe();
  const { data: members } = useMembers(workspace.id);
  const keep = useKeepCanvas(workspace.id);
  const administer = workspace.role === 'owner' || workspace.role === 'admin';
  const mine = canvas.editor?.id === me?.id;
  const change = async (body: PatchCanvas, words: string) => {
    try {
      keep(await canvasApi.patch(canvas.id, body));
      toast(words);
    } catch (error) {
      toastProblem('The edit right was not changed', error);
    }
  };
  if (workspace.role === 'viewer') {
    return null;
  }
  const others = (members ?? []).filter(({ user, role }) => user !== canvas.editor?.id && role !== 'viewer');
  const who = canvas.editor ? (mine ? 'Only you edit' : `Only ${canvas.editor.name} edits`) : 'Locked';
  return (
    <Menu
      trigger={
        <Button
          small
          look={canvas.locked ? 'plain' : 'ghost'}
          icon={canvas.locked ? <Lock className="size-3.5" aria-hidden /> : <LockOpen className="size-3.5" aria-hidden />}
          title={canvas.locked ? who : 'Everybody edits'}
          aria-label={canvas.locked ? who : 'Everybody edits. Change that'}
        >
          {canvas.locked && <span className="max-w-32 truncate max-md:sr-only">{who}</span>}
        </Button>
      }
    >
      {!canvas.locked && (
        <MenuItem icon={<Lock />} onSelect={() => void change({ locked: true }, 'Only you edit now')}>
          Only I edit, the others watch
        </MenuItem>
      )}
      {canvas.locked && (mine || administer) && (
        <>
          {!mine && me && (
            <MenuItem icon={<Hand />} onSelect={() => void change({ editor: me.id }, 'Only you edit now')}>
              Take over
            </MenuItem>
          )}
          {others.length > 0 && (
            <SubMenu icon={<UserRound />} label="Hand over to">
              {others
                .filter(({ user }) => user !== me?.id)
                .map((member) => (
                  <MenuItem key={member.user} onSelect={() => void change({ editor: member.user }, `Only ${member.name} edits now`)}>
                    {member.name}
                  </MenuItem>
                ))}
            </SubMenu>
          )}
          <MenuLine />
          <MenuItem icon={<LockOpen />} onSelect={() => void change({ locked: false }, 'Everybody edits now')}>
            Let everybody edit
          </MenuItem>
        </>
      )}
      {canvas.locked && !mine && !administer && (
        <p className="max-w-60 px-2 py-1.5 text-pretty text-ink-2 text-sm">
          {canvas.editor?.name ?? 'Somebody'} edits alone now and can hand over to you.
        </p>
      )}
    </Menu>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { LogOut, UserMinus, UserPlus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api } from '@/api/calls';
import { useJobs, useMe, useMembers, useWorkspace } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Member, Role, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Avatar, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Select } from '@/shared/ui/forms';
import { Page } from '@/shared/ui/page';
import { toastProblem } from '@/shared/ui/toast';
import { TypedConfirm } from '@/shared/ui/typed-confirm';
import { Invitations } from './invitations';
import { InviteDialog } from './invite-dialog';
import { countWords, jobCounts } from './job-counts';
import { roleWords, shortRoles } from './roles';

export function MembersPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Members workspace={workspace} /> : <Loading />;
}

function Members({ workspace }: { workspace: Workspace }) {
  const members = useMembers(workspace.id);
  const me = useMe();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const administer = workspace.role === 'owner' || workspace.role === 'admin';
  const [inviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState<Member>();
  const [handing, setHanding] = useState<Member>();
  const now = useNow();
  const jobs = useJobs(workspace.id);
  const counts = useMemo(() => jobCounts(jobs ?? {}), [jobs]);
  const refresh = () => cache.invalidateQueries({ queryKey: keys.members(workspace.id) });

  const setRole = async (member: Member, role: Role) => {
    try {
      await api.setRole(workspace.id, member.user, role);
    } catch (error) {
      toastProblem(`The role of ${member.name} was not changed`, error);
    }
    await refresh();
  };
  const handOver = async (member: Member) => {
    await api.setRole(workspace.id, member.user, 'owner');
    setHanding(undefined);
    await refresh();
    await cache.invalidateQueries({ queryKey: keys.workspaces });
  };
  const remove = async (member: Member) => {
    setLeaving(undefined);
    try {
      await api.removeMember(workspace.id, member.user);
      if (member.user === me?.id) {
        await cache.invalidateQueries({ queryKey: keys.workspaces });
        await navigate({ to: '/' });
      } else {
        await refresh();
      }
    } catch (error) {
      toastProblem(member.user === me?.id ? 'You are still a member' : `${member.name} was not removed`, error);
    }
  };

  return (
    <Page
      title="Members"
      lead={`Who works in ${workspace.name}.`}
      action={
        administer && (
          <Button look="primary" icon={<UserPlus className="size-4" aria-hidden />} onClick={() => setInviting(true)}>
            Invite
          </Button>
        )
      }
    >
      {members.isPending && <Loading />}
      {members.isError && <ProblemNote error={members.error} onRetry={() => void members.refetch()} />}
      <ul className="overflow-hidden rounded-xl border bg-surface empty:hidden">
        {members.data?.map((member) => {
          const self = member.user === me?.id;
          const changeable = administer && member.role !== 'owner' && !self;
          return (
            <li key={member.user} className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b px-4 py-2.5 last:border-0">
              <Avatar name={member.name} className="size-8 text-xs" />
              <div className="min-w-0 flex-1 max-md:basis-[65%]">
                <p className="truncate font-medium text-sm">
                  {member.name} {self && <span className="font-normal text-ink-3">(you)</span>}
                </p>
                <p className="truncate text-ink-3 text-xs">{member.email}</p>
                <p className="text-ink-3 text-xs">
                  {[countWords(counts[member.user]) ?? 'no open jobs', activeWords(member, now)].filter(Boolean).join(' · ')}
                </p>
              </div>
              {changeable ? (
                <Select
                  aria-label={`Role of ${member.name}`}
                  className="w-32 max-md:ml-11"
                  value={member.role}
                  onChange={(event) =>
                    event.target.value === 'owner' ? setHanding(member) : void setRole(member, event.target.value as Role)
                  }
                >
                  {(Object.keys(shortRoles) as Role[])
                    .filter((role) => role !== 'owner' || workspace.role === 'owner')
                    .map((role) => (
                      <option key={role} value={role} title={roleWords[role]}>
                        {role === 'owner' ? 'Owner…' : shortRoles[role]}
                      </option>
                    ))}
                </Select>
              ) : (
                <span className="text-ink-2 text-sm" title={roleWords[member.role]}>
                  {shortRoles[member.role]}
                </span>
              )}
              {(changeable || (self && member.role !== 'owner')) && (
                <IconButton small label={self ? 'Leave the workspace' : `Remove ${member.name}`} onClick={() => setLeaving(member)}>
                  {self ? <LogOut className="size-4" aria-hidden /> : <UserMinus className="size-4" aria-hidden />}
                </IconButton>
              )}
            </li>
          );
        })}
      </ul>
      {administer && <Invitations workspace={workspace} />}
      {inviting && <InviteDialog workspace={workspace} onClose={() => setInviting(false)} />}
      <Confirm
        open={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={leaving?.user === me?.id ? `Leave ${workspace.name}?` : `Remove ${leaving?.name ?? ''}?`}
        action={leaving?.user === me?.id ? 'Leave' : 'Remove'}
        onConfirm={() => leaving && void remove(leaving)}
      >
        Access to its jobs ends at once. What was done here stays.
      </Confirm>
      {handing && (
        <TypedConfirm
          title={`Make ${handing.name} the owner?`}
          word={workspace.name}
          action="Hand over"
          onClose={() => setHanding(undefined)}
          onConfirm={() => handOver(handing)}
        >
          A workspace has one owner. You become an admin, and only {handing.name} can give it back.
        </TypedConfirm>
      )}
    </Page>
  );
}

/** When a member was last active; it is noted to the minute. */
function activeWords(member: Member, now: number): string | undefined {
  if (!member.last_active_at) {
    return undefined;
  }
  const recently = now - Date.parse(member.last_active_at) < 3 * 60_000;
  return recently ? 'active now' : `active ${agoWords(member.last_active_at, now)}`;
}

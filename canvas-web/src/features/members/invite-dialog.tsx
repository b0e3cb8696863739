import { type FormEvent, useState } from 'react';
import { api } from '@/api/calls';
import { ApiProblem } from '@/api/problem';
import type { Invitation, Role, Workspace } from '@/api/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field, Select } from '@/shared/ui/forms';
import { InvitationLink } from './invitation-link';

/** Makes an invitation link for one address and one role (ACC-2). */
export function InviteDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const [invitation, setInvitation] = useState<Invitation>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      setInvitation(await api.invite(workspace.id, { email: email.trim(), role }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  if (invitation) {
    return <InvitationLink workspace={workspace} email={email.trim()} invitation={invitation} onClose={onClose} />;
  }
  const wrong = problem instanceof ApiProblem ? problem.errors.email : undefined;
  return (
    <Dialog open onClose={onClose} title={`Invite to ${workspace.name}`}>
      <form onSubmit={submit}>
        <DialogBody className="flex flex-col gap-4">
          <Field label="E-mail" hint="Only an account with this address can use the link." error={wrong}>
            {(ids) => (
              <input
                {...ids}
                type="email"
                required
                autoFocus
                className="field"
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
          <Field label="Role">
            {(ids) => (
              <Select {...ids} value={role} onChange={(event) => setRole(event.target.value as Role)}>
                <option value="admin">Admin · members, settings, all jobs</option>
                <option value="member">Member · creates jobs, own ones in full</option>
                <option value="viewer">Viewer · watches</option>
              </Select>
            )}
          </Field>
          {problem !== undefined && !wrong && <ProblemNote error={problem} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={email.trim() === ''}>
            Invite
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

import { useQuery } from '@tanstack/react-query';
import { keys } from '@/api/keys';
import { people } from '@/api/people';
import type { Invitation, Workspace } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { CopyField } from '@/shared/ui/copy-field';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';

/** The link of an invitation, shown this once, and how its mail goes. */
export function InvitationLink({
  workspace,
  email,
  invitation,
  onClose,
}: {
  workspace: Workspace;
  email: string;
  invitation: Invitation;
  onClose: () => void;
}) {
  // The feed says when the mail was sent or given up.
  const { data } = useQuery({ queryKey: keys.invitations(workspace.id), queryFn: () => people.invitations(workspace.id), staleTime: 0 });
  const mail = data?.find(({ id }) => id === invitation.id)?.mail ?? invitation.mail;
  const until = new Date(invitation.expires_at).toLocaleDateString();
  return (
    <Dialog
      open
      onClose={onClose}
      title={mail && mail.state !== 'failed' ? 'Invited by mail' : 'Send this link'}
      description={`It works once, for ${email}, until ${until}.`}
      wide
    >
      <DialogBody className="flex flex-col gap-3">
        {mail && (
          <p role="status" className={mail.state === 'failed' ? 'text-failed text-sm' : 'text-ink-2 text-sm'}>
            {mail.state === 'queued' && `The mail to ${email} is being sent…`}
            {mail.state === 'sent' && `The mail to ${email} is sent.`}
            {mail.state === 'failed' && `The mail could not be sent: ${mail.why}. Copy the link and send it yourself.`}
          </p>
        )}
        <CopyField label="Invitation link" value={invitation.url} />
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

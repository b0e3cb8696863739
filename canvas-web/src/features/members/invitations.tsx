import { useQuery } from '@tanstack/react-query';
import { RotateCw, X } from 'lucide-react';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { type MailState, type PendingInvitation, people } from '@/api/people';
import type { Invitation, Workspace } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { ProblemNote } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { Section } from '@/shared/ui/section';
import { toastProblem } from '@/shared/ui/toast';
import { InvitationLink } from './invitation-link';
import { shortRoles } from './roles';

/** How a mail went, in a few words. */
function mailWords(mail: MailState | null | undefined): { words: string; failed?: boolean } | undefined {
  switch (mail?.state) {
    case undefined:
      return undefined;
    case 'queued':
      return { words: 'mail is being sent' };
    case 'sent':
      return { words: 'sent by mail' };
    case 'failed':
      return { words: `the mail could not be sent: ${mail.why}`, failed: true };
  }
}

/** Invitations nobody accepted yet. For admins. */
export function Invitations({ workspace }: { workspace: Workspace }) {
  const now = useNow();
  const invitations = useQuery({
    queryKey: keys.invitations(workspace.id),
    queryFn: () => people.invitations(workspace.id),
    staleTime: 60_000,
  });
  const [renewed, setRenewed] = useState<{ email: string; invitation: Invitation }>();
  const resend = async (pending: PendingInvitation) => {
    try {
      setRenewed({ email: pending.email, invitation: await people.resend(workspace.id, pending.id) });
    } catch (error) {
      toastProblem('It was not sent again', error);
    }
  };
  const revoke = async (pending: PendingInvitation) => {
    try {
      await people.revoke(workspace.id, pending.id);
    } catch (error) {
      toastProblem('The invitation still holds', error);
    }
    await invitations.refetch();
  };
  if (invitations.isError) {
    return <ProblemNote error={invitations.error} onRetry={() => void invitations.refetch()} />;
  }
  if (!invitations.data?.length) {
    return null;
  }
  return (
    <Section title="Invited" lead="Links that nobody has used yet.">
      <ul className="overflow-hidden rounded-xl border bg-surface">
        {invitations.data.map((pending) => {
          const ended = Date.parse(pending.expires_at) <= now;
          const mail = mailWords(pending.mail);
          return (
            <li key={pending.id} className="flex items-center gap-3 border-b px-4 py-2.5 last:border-0">
              <div className="min-w-0 flex-1">
                <p className="truncate font-medium text-sm">{pending.email}</p>
                <p className="wrap-break-word text-ink-3 text-xs">
                  {shortRoles[pending.role]} · by {pending.created_by.name} {agoWords(pending.created_at, now)} ·{' '}
                  {ended ? <span className="text-failed">ended</span> : `until ${new Date(pending.expires_at).toLocaleDateString()}`}
                  {mail && (
                    <>
                      {' · '}
                      <span className={mail.failed ? 'text-failed' : undefined}>{mail.words}</span>
                    </>
                  )}
                </p>
              </div>
              <IconButton small label={`New link for ${pending.email}`} onClick={() => void resend(pending)}>
                <RotateCw className="size-4" aria-hidden />
              </IconButton>
              <IconButton small label={`Take back the invitation of ${pending.email}`} onClick={() => void revoke(pending)}>
                <X className="size-4" aria-hidden />
              </IconButton>
            </li>
          );
        })}
      </ul>
      {renewed && (
        <InvitationLink workspace={workspace} email={renewed.email} invitation={renewed.invitation} onClose={() => setRenewed(undefined)} />
      )}
    </Section>
  );
}

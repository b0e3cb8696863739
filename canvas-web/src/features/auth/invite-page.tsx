import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '@/api/calls';
import { meQuery } from '@/api/hooks';
import { keys } from '@/api/keys';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { AuthCard } from './auth-card';

export function InvitePage() {
  const { code } = useParams({ from: '/invitations/$code' });
  const { data: me, isPending } = useQuery(meQuery);
  const next = `/invitations/${encodeURIComponent(code)}`;
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const accept = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const workspace = await api.acceptInvitation(code);
      await cache.invalidateQueries({ queryKey: keys.workspaces });
      await navigate({ to: '/w/$slug', params: { slug: workspace.slug } });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  if (isPending) {
    return <Loading />;
  }
  return (
    <AuthCard
      title="You are invited"
      lead={
        me
          ? `Join the workspace as ${me.name} (${me.email}).`
          : 'Sign in, or create an account with the address the invitation was made for, to join the workspace.'
      }
    >
      <div className="flex flex-col gap-4">
        {problem !== undefined && <ProblemNote error={problem} />}
        {me ? (
          <Button look="primary" className="h-9" busy={busy} onClick={() => void accept()}>
            Join the workspace
          </Button>
        ) : (
          <>
            <Link
              to="/login"
              search={{ next, register: true }}
              className="flex h-9 items-center justify-center rounded-lg bg-accent font-medium text-accent-ink text-sm hover:bg-accent-hover"
            >
              Create an account
            </Link>
            <Link
              to="/login"
              search={{ next }}
              className="flex h-9 items-center justify-center rounded-lg border border-line-strong bg-surface font-medium text-sm hover:bg-hover"
            >
              I have an account
            </Link>
          </>
        )}
      </div>
    </AuthCard>
  );
}

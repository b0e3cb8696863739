import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '@/api/calls';
import { meQuery, workspacesQuery } from '@/api/hooks';
import { keys } from '@/api/keys';
import { type InvitationView, people } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import type { User } from '@/api/types';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { AuthCard } from './auth-card';

const roles = { owner: 'its owner', admin: 'an admin', member: 'a member', viewer: 'a viewer' };

/** What one is invited to, and the way in: with the account one has, or by making one (ACC-2). */
export function InvitePage() {
  const { code } = useParams({ from: '/invitations/$code' });
  const { data: me, isPending } = useQuery(meQuery);
  const invitation = useQuery({ queryKey: ['invitation', code], queryFn: () => people.invitation(code), retry: false });
  if (isPending || invitation.isPending) {
    return <Loading />;
  }
  if (invitation.isError) {
    const unknown = invitation.error instanceof ApiProblem && invitation.error.status === 404;
    return (
      <AuthCard
        title={unknown ? 'This invitation does not hold' : 'The invitation could not be read'}
        lead={unknown ? 'It was taken back or sent again with another link. Ask whoever invited you.' : undefined}
      >
        {unknown ? <Home /> : <ProblemNote error={invitation.error} onRetry={() => void invitation.refetch()} />}
      </AuthCard>
    );
  }
  const view = invitation.data;
  if (view.state !== 'open') {
    return (
      <AuthCard
        title={view.state === 'used' ? 'This invitation was used' : 'This invitation has ended'}
        lead={view.state === 'used' ? 'It works once.' : `Ask ${view.invited_by} for a new one.`}
      >
        <Home />
      </AuthCard>
    );
  }
  return (
    <AuthCard
      title={`Join ${view.workspace}`}
      lead={`${view.invited_by} invites you, as ${roles[view.role]}. The invitation is for ${view.email}.`}
    >
      {me ? <Accept code={code} me={me} view={view} /> : <Enter code={code} view={view} />}
    </AuthCard>
  );
}

const Home = () => (
  <Link to="/" className="text-accent text-sm underline underline-offset-2">
    Go to Coord
  </Link>
);

function Accept({ code, me, view }: { code: string; me: User; view: InvitationView }) {
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
  return (
    <div className="flex flex-col gap-4">
      <p className="text-ink-2 text-sm">
        You are signed in as {me.name} ({me.email}).
        {me.email !== view.email && ' That is another address: sign out, and open the link again.'}
      </p>
      {problem !== undefined && <ProblemNote error={problem} />}
      <Button look="primary" className="h-9" busy={busy} disabled={me.email !== view.email} onClick={() => void accept()}>
        Join the workspace
      </Button>
    </div>
  );
}

function Enter({ code, view }: { code: string; view: InvitationView }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const user = await people.register({ email: view.email, name: name.trim(), password, invitation: code });
      cache.clear();
      cache.setQueryData(keys.me, user);
      const workspaces = await cache.fetchQuery(workspacesQuery);
      const joined = workspaces.find((workspace) => workspace.name === view.workspace) ?? workspaces[0];
      await (joined ? navigate({ to: '/w/$slug', params: { slug: joined.slug } }) : navigate({ to: '/' }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  const errors = problem instanceof ApiProblem ? problem.errors : {};
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      <Field label="Name" hint="Shown to your team." error={errors.name}>
        {(ids) => (
          <input
            {...ids}
            className="field"
            autoComplete="name"
            value={name}
            maxLength={80}
            autoFocus
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label="E-mail" error={errors.email}>
        {(ids) => <input {...ids} className="field" type="email" autoComplete="username" value={view.email} readOnly />}
      </Field>
      <Field label="Password" hint="At least 10 characters." error={errors.password}>
        {(ids) => (
          <input
            {...ids}
            className="field"
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      {problem !== undefined && Object.keys(errors).length === 0 && <ProblemNote error={problem} />}
      <Button type="submit" look="primary" className="h-9" busy={busy} disabled={name.trim() === '' || password === ''}>
        Create the account and join
      </Button>
      <p className="text-ink-2 text-sm">
        Have an account with this address?{' '}
        <Link
          to="/login"
          search={{ next: `/invitations/${encodeURIComponent(code)}` }}
          className="text-accent underline underline-offset-2"
        >
          Sign in
        </Link>
      </p>
    </form>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '@/api/calls';
import { useMe, workspacesQuery } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Workspace } from '@/api/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { AuthCard } from './auth-card';

export function WelcomePage() {
  const me = useMe();
  const { data: workspaces } = useQuery(workspacesQuery);
  const first = workspaces?.length === 0;
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const workspace = await api.createWorkspace({ name: name.trim() });
      cache.setQueryData<Workspace[]>(keys.workspaces, (all) => [...(all ?? []), workspace]);
      await navigate({ to: '/w/$slug', params: { slug: workspace.slug } });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <AuthCard
      title={first ? `Welcome, ${me?.name ?? ''}` : 'New workspace'}
      lead="A workspace is where a team’s jobs live, with its members and the runners they bring. You can invite others afterwards."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Name of the workspace">
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={name}
              maxLength={80}
              required
              onChange={(event) => setName(event.target.value)}
              placeholder="Your team or project"
              autoFocus
            />
          )}
        </Field>
        {problem !== undefined && <ProblemNote error={problem} />}
        <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''} className="h-9">
          Create workspace
        </Button>
        {!first && (
          <Link to="/" className="text-center text-ink-2 text-sm hover:text-ink">
            Back
          </Link>
        )}
      </form>
    </AuthCard>
  );
}

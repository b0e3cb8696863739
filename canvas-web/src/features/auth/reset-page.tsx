import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { people } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { AuthCard } from './auth-card';

/** Chooses a new password with the code behind `#`, which the browser sends nowhere by itself. */
export function ResetPage() {
  const [code] = useState(() => location.hash.slice(1));
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await people.reset({ code, password });
      setDone(true);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  if (done || code === '') {
    return (
      <AuthCard
        title={done ? 'Your password is changed' : 'This link is not whole'}
        lead={done ? 'You are signed out everywhere. Sign in with the new one.' : 'Open it from the mail again, or ask for another.'}
      >
        <Link
          to={done ? '/login' : '/forgot-password'}
          search={{}}
          className="flex h-9 items-center justify-center rounded-lg bg-accent font-medium text-accent-ink text-sm hover:bg-accent-hover"
        >
          {done ? 'Sign in' : 'Ask for a link'}
        </Link>
      </AuthCard>
    );
  }
  const wrong = problem instanceof ApiProblem ? problem.errors.password : undefined;
  return (
    <AuthCard title="Choose a new password" lead="All sessions of your account end with it.">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <Field label="New password" hint="At least 10 characters." error={wrong}>
          {(ids) => (
            <input
              {...ids}
              type="password"
              autoComplete="new-password"
              className="field"
              value={password}
              autoFocus
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {problem !== undefined && !wrong && <ProblemNote error={problem} />}
        <Button type="submit" look="primary" busy={busy} disabled={password === ''} className="h-9">
          Change the password
        </Button>
        <Link to="/forgot-password" className="text-accent text-sm underline underline-offset-2">
          Ask for another link
        </Link>
      </form>
    </AuthCard>
  );
}

import { Link, useLoaderData } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { people } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { AuthCard } from './auth-card';

const back = (
  <Link to="/login" search={{}} className="text-accent text-sm underline underline-offset-2">
    Back to sign in
  </Link>
);

/** A way back for who forgot the password: by mail, or by whoever runs the server. */
export function ForgotPage() {
  const setup = useLoaderData({ from: '/forgot-password' });
  const [email, setEmail] = useState('');
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await people.forgot(email.trim());
      setSent(true);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  if (!setup.mail) {
    return (
      <AuthCard title="Forgot your password?" lead="This server sends no mail, so whoever runs it makes you a link.">
        <div className="flex flex-col gap-4 text-ink-2 text-sm">
          <p>Ask them to run this on the server’s machine, with your address, and to send you the link it prints:</p>
          <pre className="overflow-x-auto rounded-lg border bg-sunken px-3 py-2 font-mono text-xs">
            coord-server reset-password you@example.org
          </pre>
          <p>It works while the server runs. The link is good once, for an hour.</p>
          {back}
        </div>
      </AuthCard>
    );
  }
  if (sent) {
    return (
      <AuthCard
        title="Look into your mail"
        lead={`If there is an account for ${email.trim()}, a link to choose a new password is on its way. It works once, for an hour.`}
      >
        {back}
      </AuthCard>
    );
  }
  const wrong = problem instanceof ApiProblem ? problem.errors.email : undefined;
  return (
    <AuthCard title="Forgot your password?" lead="Enter your address, and a link to choose a new one comes by mail.">
      <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <Field label="E-mail" error={wrong}>
          {(ids) => (
            <input
              {...ids}
              type="email"
              autoComplete="username"
              className="field"
              value={email}
              autoFocus
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        {problem !== undefined && !wrong && <ProblemNote error={problem} />}
        <Button type="submit" look="primary" busy={busy} disabled={email.trim() === ''} className="h-9">
          Send the link
        </Button>
        {back}
      </form>
    </AuthCard>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useMe } from '@/api/hooks';
import { keys } from '@/api/keys';
import { people } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import type { User } from '@/api/types';
import { actWords } from '@/shared/lib/act-words';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field, Toggle } from '@/shared/ui/forms';
import { Page } from '@/shared/ui/page';
import { Section } from '@/shared/ui/section';
import { toast } from '@/shared/ui/toast';
import { Sessions } from './sessions';
import { Tokens } from './tokens';

/** Name, password, sessions and tokens of who is signed in (ACC-1). */
export function AccountPage() {
  const me = useMe();
  if (!me) {
    return <Loading />;
  }
  return (
    <Page title="Your account" lead={me.email}>
      <NameForm me={me} />
      <PasswordForm />
      <Sessions />
      <Tokens />
      <RecentActs />
    </Page>
  );
}

function NameForm({ me }: { me: User }) {
  const cache = useQueryClient();
  const [name, setName] = useState(me.name);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const user = await people.rename(name.trim());
      cache.setQueryData(keys.me, user);
      setName(user.name);
      toast('Your name is changed');
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const wrong = problem instanceof ApiProblem ? problem.errors.name : undefined;
  return (
    <Section title="Name">
      <form onSubmit={submit} className="flex max-w-md flex-col gap-3 rounded-xl border bg-surface p-4">
        <Field label="Name" hint="As others see it." error={wrong}>
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={name}
              maxLength={80}
              required
              autoComplete="name"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {problem !== undefined && !wrong && <ProblemNote error={problem} />}
        <Button type="submit" className="w-fit" busy={busy} disabled={name.trim() === '' || name.trim() === me.name}>
          Save the name
        </Button>
      </form>
    </Section>
  );
}

function PasswordForm() {
  const cache = useQueryClient();
  const [present, setPresent] = useState('');
  const [next, setNext] = useState('');
  const [endOthers, setEndOthers] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await people.changePassword({ present, new: next, end_others: endOthers });
      setPresent('');
      setNext('');
      toast('Your password is changed', endOthers ? 'Everywhere else you are signed out.' : undefined);
      await cache.invalidateQueries({ queryKey: keys.sessions });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const errors = problem instanceof ApiProblem ? problem.errors : {};
  return (
    <Section title="Password">
      <form onSubmit={submit} className="flex max-w-md flex-col gap-3 rounded-xl border bg-surface p-4">
        <Field label="Present password" error={errors.present}>
          {(ids) => (
            <input
              {...ids}
              type="password"
              autoComplete="current-password"
              className="field"
              value={present}
              required
              onChange={(event) => setPresent(event.target.value)}
            />
          )}
        </Field>
        <Field label="New password" hint="At least 10 characters." error={errors.new}>
          {(ids) => (
            <input
              {...ids}
              type="password"
              autoComplete="new-password"
              className="field"
              value={next}
              required
              onChange={(event) => setNext(event.target.value)}
            />
          )}
        </Field>
        <Toggle checked={endOthers} onChange={setEndOthers} label="Sign out everywhere else" hint="Other browsers must sign in again." />
        {problem !== undefined && !errors.present && !errors.new && <ProblemNote error={problem} />}
        <Button type="submit" className="w-fit" busy={busy} disabled={present === '' || next === ''}>
          Change the password
        </Button>
      </form>
    </Section>
  );
}

/** What was done to the account lately, so that what one did not do oneself is seen. */
function RecentActs() {
  const now = useNow();
  const acts = useQuery({ queryKey: keys.myAudit, queryFn: people.myAudit, staleTime: 0 });
  return (
    <Section title="Recent activity" lead="If something here was not you, change your password.">
      {acts.isPending && <Loading />}
      {acts.isError && <ProblemNote error={acts.error} onRetry={() => void acts.refetch()} />}
      <ul className="overflow-hidden rounded-xl border bg-surface empty:hidden">
        {acts.data?.map((line) => (
          <li key={line.id} className="flex flex-wrap items-baseline gap-x-3 border-b px-4 py-2 text-sm last:border-0">
            <span className="min-w-0 flex-1">{actWords(line.act)}</span>
            <span className="text-ink-3 text-xs">{line.address}</span>
            <time dateTime={line.at} title={new Date(line.at).toLocaleString()} className="text-ink-3 text-xs">
              {agoWords(line.at, now)}
            </time>
          </li>
        ))}
      </ul>
    </Section>
  );
}

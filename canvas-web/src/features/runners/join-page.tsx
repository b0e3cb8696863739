import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { CircleCheck, CircleSlash, MonitorSmartphone, TriangleAlert } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useMe, workspacesQuery } from '@/api/hooks';
import { ApiProblem } from '@/api/problem';
import { type RunnerCode, runnerCodes } from '@/api/runners';
import { lastWorkspace } from '@/shared/lib/last-workspace';
import { useNow } from '@/shared/lib/now';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field, Toggle } from '@/shared/ui/forms';
import { asCode, isWhole } from './code';

/** Where somebody approves the code that `coord-runner login` shows, or refuses it (RUN-1). */
export function JoinPage() {
  const { code } = useSearch({ from: '/runners/join' });
  const navigate = useNavigate({ from: '/runners/join' });
  const choose = (next: string | undefined) => void navigate({ search: { code: next } });
  return (
    <main className="flex h-full items-start justify-center overflow-y-auto px-4 pt-[max(2rem,8vh)] pb-10">
      <div className="w-full max-w-md">
        <Link to="/" className="mb-6 flex w-fit items-center gap-2.5">
          <img src="/favicon.svg" alt="" className="size-8" />
          <span className="font-semibold text-lg tracking-tight">Coord</span>
        </Link>
        {code ? <Asked key={code} code={code} onOther={() => choose(undefined)} /> : <EnterCode onCode={choose} />}
      </div>
    </main>
  );
}

const Title = ({ children }: { children: ReactNode }) => <h1 className="text-balance font-semibold text-2xl tracking-tight">{children}</h1>;

function EnterCode({ onCode }: { onCode: (code: string) => void }) {
  const [typed, setTyped] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onCode(typed);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <div>
        <Title>Sign in a runner</Title>
        <p className="mt-1.5 text-pretty text-ink-2">
          Run <code className="font-mono text-sm">coord-runner login</code> on the machine that shall do jobs, and type here the code that
          it shows.
        </p>
      </div>
      <Field label="Code" hint="Eight letters, good for ten minutes.">
        {(ids) => (
          <input
            {...ids}
            className="field h-11 text-center font-mono text-lg tracking-[0.2em]"
            value={typed}
            autoFocus
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            placeholder="BCDF-GHJK"
            onChange={(event) => setTyped(asCode(event.target.value))}
          />
        )}
      </Field>
      <Button type="submit" look="primary" className="h-9" disabled={!isWhole(typed)}>
        Continue
      </Button>
    </form>
  );
}

function Asked({ code, onOther }: { code: string; onOther: () => void }) {
  const asked = useQuery({ queryKey: ['runner-code', code], queryFn: () => runnerCodes.look(code), retry: false, staleTime: 0, gcTime: 0 });
  const [answered, setAnswered] = useState<{ approved: string } | { refused: true }>();
  if (answered) {
    return 'refused' in answered ? <Refused /> : <Approved name={answered.approved} />;
  }
  if (asked.isPending) {
    return <Loading />;
  }
  if (asked.isError) {
    const unknown = asked.error instanceof ApiProblem && asked.error.status === 404;
    return (
      <div className="flex flex-col gap-4">
        <Title>{unknown ? 'This code does not hold' : 'The code could not be read'}</Title>
        {unknown ? (
          <p className="text-pretty text-ink-2">
            It is mistyped, was answered already, or has ended: a code is good for ten minutes. Run{' '}
            <code className="font-mono text-sm">coord-runner login</code> again for another one.
          </p>
        ) : (
          <ProblemNote error={asked.error} onRetry={() => void asked.refetch()} />
        )}
        <Button className="h-9" onClick={onOther}>
          Enter a code
        </Button>
      </div>
    );
  }
  return (
    <Decide
      asked={asked.data}
      onApproved={(name) => setAnswered({ approved: name })}
      onRefused={() => setAnswered({ refused: true })}
      onGone={() => void asked.refetch()}
    />
  );
}

function Decide({
  asked,
  onApproved,
  onRefused,
  onGone,
}: {
  asked: RunnerCode;
  onApproved: (name: string) => void;
  onRefused: () => void;
  onGone: () => void;
}) {
  const me = useMe();
  const [name, setName] = useState(asked.machine);
  const [shared, setShared] = useState(false);
  const [mine, setMine] = useState(false);
  const [busy, setBusy] = useState<'approve' | 'refuse'>();
  const [problem, setProblem] = useState<unknown>();
  const left = Math.max(0, Math.ceil((Date.parse(asked.expires_at) - useNow()) / 60_000));
  const answer = async (which: 'approve' | 'refuse') => {
    setBusy(which);
    setProblem(undefined);
    try {
      if (which === 'approve') {
        await runnerCodes.approve(asked.code, { name: name.trim(), shared });
        onApproved(name.trim());
      } else {
        await runnerCodes.refuse(asked.code);
        onRefused();
      }
    } catch (error) {
      setBusy(undefined);
      if (error instanceof ApiProblem && error.status === 404) {
        onGone();
      } else {
        setProblem(error);
      }
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (mine) {
      void answer('approve');
    }
  };
  const errors = problem instanceof ApiProblem ? problem.errors : {};
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <div>
        <Title>Is this machine yours?</Title>
        <p className="mt-1.5 text-pretty text-ink-2">
          It asks to become a runner of {me ? `${me.name} (${me.email})` : 'your account'}. Compare the code with the one it shows.
        </p>
      </div>
      <section aria-label="The machine that asks" className="rounded-xl border bg-surface shadow-card">
        <p className="border-b px-4 py-4 text-center font-mono font-semibold text-2xl tracking-[0.15em]">{asked.code}</p>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 px-4 py-3 text-sm">
          <Fact term="Calls itself">{asked.machine}</Fact>
          <Fact term="Platform">{asked.platform}</Fact>
          <Fact term="Version">{asked.version}</Fact>
          <Fact term="Asks from">
            {asked.address ?? 'unknown'}{' '}
            <span className="text-ink-3">{asked.same_address ? '(the address you come from too)' : '(another address than yours)'}</span>
          </Fact>
          <Fact term="Good for">{left === 1 ? '1 more minute' : `${left} more minutes`}</Fact>
        </dl>
      </section>
      <div className="flex gap-2.5 rounded-xl border border-progress/40 bg-progress-soft px-4 py-3 text-sm">
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-progress" aria-hidden />
        <div className="flex flex-col gap-1.5 text-pretty">
          <p className="font-medium">Approve only what you started yourself, just now.</p>
          <p>
            Whoever has that machine then gets your jobs with their files and words, and what comes back from it counts as the work of your
            runner, in every workspace where you are more than a viewer. If somebody sent you this link or this code, refuse it.
          </p>
        </div>
      </div>
      <Field label="Name of the runner" error={errors.name}>
        {(ids) => <input {...ids} className="field" value={name} maxLength={80} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Toggle checked={shared} onChange={setShared} label="Share it" hint="Jobs of others may run on it too. You can change this later." />
      <label className="flex items-start gap-2.5 text-sm">
        <input type="checkbox" className="mt-0.5 size-4 accent-accent" checked={mine} onChange={(event) => setMine(event.target.checked)} />
        <span>I started this on a machine of mine, and it shows the same code.</span>
      </label>
      {problem !== undefined && Object.keys(errors).length === 0 && <ProblemNote error={problem} />}
      <div className="flex gap-2">
        <Button
          type="submit"
          look="primary"
          className="h-9 flex-1"
          busy={busy === 'approve'}
          disabled={busy !== undefined || name.trim() === ''}
          why={mine ? undefined : 'Say first that you started it and that the codes are the same.'}
        >
          Approve
        </Button>
        <Button
          look="danger"
          className="h-9 flex-1"
          busy={busy === 'refuse'}
          disabled={busy !== undefined}
          onClick={() => void answer('refuse')}
        >
          Refuse
        </Button>
      </div>
    </form>
  );
}

const Fact = ({ term, children }: { term: string; children: ReactNode }) => (
  <>
    <dt className="text-ink-3">{term}</dt>
    <dd className="wrap-anywhere min-w-0">{children}</dd>
  </>
);

function Approved({ name }: { name: string }) {
  const workspaces = useQuery(workspacesQuery).data;
  const remembered = lastWorkspace();
  const workspace = workspaces?.find(({ slug }) => slug === remembered) ?? workspaces?.[0];
  return (
    <div role="status" className="flex flex-col items-start gap-4">
      <CircleCheck className="size-9 text-done" aria-hidden />
      <div>
        <Title>{name} is approved</Title>
        <p className="mt-1.5 text-pretty text-ink-2">
          The machine gets its token within a few seconds. Then start it there with{' '}
          <code className="whitespace-nowrap font-mono text-sm">coord-runner run</code>, and it takes jobs.
        </p>
      </div>
      {workspace ? (
        <Link
          to="/w/$slug/runners"
          params={{ slug: workspace.slug }}
          className="inline-flex h-9 items-center gap-1.5 rounded-lg border border-transparent bg-accent px-3 font-medium text-accent-ink text-sm hover:bg-accent-hover"
        >
          <MonitorSmartphone className="size-4" aria-hidden /> To the runners
        </Link>
      ) : (
        <Link to="/" className="text-accent underline underline-offset-2">
          Make a workspace for it
        </Link>
      )}
    </div>
  );
}

const Refused = () => (
  <div role="status" className="flex flex-col items-start gap-4">
    <CircleSlash className="size-9 text-ink-3" aria-hidden />
    <div>
      <Title>Refused</Title>
      <p className="mt-1.5 text-pretty text-ink-2">That machine gets nothing. If somebody sent you the link, tell them and your admins.</p>
    </div>
    <Link to="/" className="text-accent underline underline-offset-2">
      Go to Coord
    </Link>
  </div>
);

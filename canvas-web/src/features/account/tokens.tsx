import { useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { keys } from '@/api/keys';
import { type CreatedToken, people, type Scope, type Token } from '@/api/people';
import { ApiProblem } from '@/api/problem';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Chip, Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { CopyField } from '@/shared/ui/copy-field';
import { Confirm, Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field, Select } from '@/shared/ui/forms';
import { Section } from '@/shared/ui/section';
import { toastProblem } from '@/shared/ui/toast';

/** Tokens with which programs act for one. */
export function Tokens() {
  const now = useNow();
  const cache = useQueryClient();
  const tokens = useQuery({ queryKey: keys.tokens, queryFn: people.tokens, staleTime: 0 });
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const revoke = async (token: Token) => {
    setRevoking(undefined);
    try {
      await people.revokeToken(token.id);
      cache.setQueryData<Token[]>(keys.tokens, (all) => all?.filter(({ id }) => id !== token.id));
    } catch (error) {
      toastProblem('The token still works', error);
    }
  };
  return (
    <Section
      title="API tokens"
      lead="With a token a program does what you may do, within the token’s scopes."
      action={
        <Button small icon={<Plus className="size-3.5" aria-hidden />} onClick={() => setAdding(true)}>
          New token
        </Button>
      }
    >
      {tokens.isPending && <Loading />}
      {tokens.isError && <ProblemNote error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.length === 0 && (
        <div className="rounded-xl border border-dashed">
          <Empty icon={<KeyRound />} title="No tokens">
            Make one for a script or for CI. The API is described at{' '}
            <a href="/api/docs" className="text-accent underline underline-offset-2">
              /api/docs
            </a>
            .
          </Empty>
        </div>
      )}
      <ul className="overflow-hidden rounded-xl border bg-surface empty:hidden">
        {tokens.data?.map((token) => {
          const ended = token.expires_at !== null && token.expires_at !== undefined && Date.parse(token.expires_at) <= now;
          return (
            <li key={token.id} className="flex items-center gap-3 border-b px-4 py-2.5 last:border-0">
              <div className="min-w-0 flex-1">
                <p className="flex flex-wrap items-center gap-x-2 font-medium text-sm">
                  <span className="truncate">{token.name}</span>
                  {token.scopes.map((scope) => (
                    <Chip key={scope}>{scope}</Chip>
                  ))}
                  {ended && <span className="font-normal text-failed text-xs">ended</span>}
                </p>
                <p className="text-ink-3 text-xs">
                  {[
                    token.last_used_at ? `last used ${agoWords(token.last_used_at, now)}` : 'never used',
                    token.expires_at
                      ? `${ended ? 'ended' : 'until'} ${new Date(token.expires_at).toLocaleDateString()}`
                      : 'until it is revoked',
                  ].join(' · ')}
                </p>
              </div>
              <IconButton small label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
                <Trash2 className="size-4" aria-hidden />
              </IconButton>
            </li>
          );
        })}
      </ul>
      {adding && (
        <NewTokenDialog onClose={() => setAdding(false)} onCreated={() => void cache.invalidateQueries({ queryKey: keys.tokens })} />
      )}
      <Confirm
        open={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ''}?`}
        action="Revoke"
        onConfirm={() => revoking && void revoke(revoking)}
      >
        Programs that use it are shut out at once.
      </Confirm>
    </Section>
  );
}

const lifetimes = [
  { days: 7, label: '7 days' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'A year' },
  { days: 0, label: 'Until it is revoked' },
];

function NewTokenDialog({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<'read' | 'all'>('read');
  const [days, setDays] = useState(90);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const [created, setCreated] = useState<CreatedToken>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const scopes: Scope[] = scope === 'read' ? ['read'] : ['read', 'write'];
    try {
      setCreated(await people.createToken({ name: name.trim(), scopes, ...(days > 0 && { expires_in_days: days }) }));
      onCreated();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  if (created) {
    return (
      <Dialog open onClose={onClose} title="Copy the token now" description="It is shown this once. Whoever has it acts as you." wide>
        <DialogBody>
          <CopyField label={`Token ${created.name}`} value={created.token} />
        </DialogBody>
        <DialogFooter>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogFooter>
      </Dialog>
    );
  }
  const wrong = problem instanceof ApiProblem ? problem.errors.name : undefined;
  return (
    <Dialog open onClose={onClose} title="New token">
      <form onSubmit={submit}>
        <DialogBody className="flex flex-col gap-4">
          <Field label="What it is for" error={wrong}>
            {(ids) => (
              <input
                {...ids}
                className="field"
                value={name}
                maxLength={80}
                required
                autoFocus
                placeholder="CI"
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label="Scopes">
            {(ids) => (
              <Select {...ids} value={scope} onChange={(event) => setScope(event.target.value as 'read' | 'all')}>
                <option value="read">Read only</option>
                <option value="all">Read and write</option>
              </Select>
            )}
          </Field>
          <Field label="Good for">
            {(ids) => (
              <Select {...ids} value={days} onChange={(event) => setDays(Number(event.target.value))}>
                {lifetimes.map((lifetime) => (
                  <option key={lifetime.days} value={lifetime.days}>
                    {lifetime.label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          {problem !== undefined && !wrong && <ProblemNote error={problem} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''}>
            Make the token
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

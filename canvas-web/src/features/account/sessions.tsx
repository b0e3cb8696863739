import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { LogOut, Monitor } from 'lucide-react';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { people, type Session } from '@/api/people';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Chip, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Section } from '@/shared/ui/section';
import { toast, toastProblem } from '@/shared/ui/toast';
import { deviceWords } from './device-words';

/** Where one is signed in, with a way out of each place. */
export function Sessions() {
  const now = useNow();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const sessions = useQuery({ queryKey: keys.sessions, queryFn: people.sessions, staleTime: 0 });
  const [everywhere, setEverywhere] = useState(false);
  const end = async (session: Session) => {
    try {
      await people.endSession(session.id);
      cache.setQueryData<Session[]>(keys.sessions, (all) => all?.filter(({ id }) => id !== session.id));
    } catch (error) {
      toastProblem('It is still signed in', error);
    }
  };
  const endAll = async (keep: boolean) => {
    setEverywhere(false);
    try {
      await people.endSessions(keep);
    } catch (error) {
      toastProblem('Nothing was signed out', error);
      return;
    }
    if (keep) {
      toast('You are signed out everywhere else');
      await cache.invalidateQueries({ queryKey: keys.sessions });
    } else {
      cache.clear();
      await navigate({ to: '/login', search: {} });
    }
  };
  const others = sessions.data?.some(({ current }) => !current) === true;
  return (
    <Section
      title="Sessions"
      lead="Browsers that are signed in to your account."
      action={
        <span className="flex flex-wrap gap-2">
          <Button small disabled={!others} onClick={() => void endAll(true)}>
            Sign out everywhere else
          </Button>
          <Button small look="danger" onClick={() => setEverywhere(true)}>
            Sign out everywhere
          </Button>
        </span>
      }
    >
      {sessions.isPending && <Loading />}
      {sessions.isError && <ProblemNote error={sessions.error} onRetry={() => void sessions.refetch()} />}
      <ul className="overflow-hidden rounded-xl border bg-surface empty:hidden">
        {sessions.data?.map((session) => (
          <li key={session.id} className="flex items-center gap-3 border-b px-4 py-2.5 last:border-0">
            <Monitor className="size-4 shrink-0 text-ink-3" aria-hidden />
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center gap-x-2 font-medium text-sm" title={session.user_agent ?? undefined}>
                <span className="truncate">{deviceWords(session.user_agent)}</span>
                {session.current && <Chip>this one</Chip>}
              </p>
              <p className="text-ink-3 text-xs">
                {[
                  session.address,
                  `since ${new Date(session.created_at).toLocaleDateString()}`,
                  session.current ? 'in use' : `last seen ${agoWords(session.last_seen_at, now)}`,
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </p>
            </div>
            {!session.current && (
              <IconButton small label={`Sign out ${deviceWords(session.user_agent)}`} onClick={() => void end(session)}>
                <LogOut className="size-4" aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        open={everywhere}
        onClose={() => setEverywhere(false)}
        title="Sign out everywhere?"
        action="Sign out everywhere"
        onConfirm={() => void endAll(false)}
      >
        This browser is signed out too. Tokens of programs go on working; revoke them below.
      </Confirm>
    </Section>
  );
}

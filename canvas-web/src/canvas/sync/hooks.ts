import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Peer } from '../types';
import type { Presence } from './presence';
import type { SyncProvider, SyncStatus } from './provider';
import { CanvasSession, type SessionOptions } from './session';

export const useSyncStatus = (provider: SyncProvider): SyncStatus => useSyncExternalStore(provider.subscribe, provider.getStatus);

/** Who else is here, each person once: another list only when somebody comes or goes, not when a pointer moves. */
export function usePeople(presence: Presence, me: string | undefined): readonly Peer[] {
  const [last] = useState<{ people: readonly Peer[] }>({ people: [] });
  return useSyncExternalStore(presence.subscribe, () => {
    const now = onePerPerson(presence.getPeers().values(), me);
    const same = now.length === last.people.length && now.every(({ client, user }, at) => isSame(last.people[at], client, user.name));
    if (!same) {
      last.people = now;
    }
    return last.people;
  });
}

const isSame = (peer: Peer | undefined, client: number, name: string) => peer?.client === client && peer.user.name === name;

/** Others only; of several pages of one person the newest. */
export function onePerPerson(peers: Iterable<Peer>, me: string | undefined): Peer[] {
  const byUser = new Map<string, Peer>();
  for (const peer of peers) {
    if (peer.user.id !== me) {
      byUser.set(peer.user.id, peer);
    }
  }
  return [...byUser.values()].sort((a, b) => a.user.name.localeCompare(b.user.name));
}

/** Whom this person follows: a client id. */
export const useFollowed = (presence: Presence): number | null => useSyncExternalStore(presence.subscribe, () => presence.getMine().fol);

/** The session of a canvas while the component is there; undefined while it opens. Another `round` opens it afresh. */
export function useSession(user: string, canvas: string, findOut: SessionOptions['findOut'], round: number): CanvasSession | undefined {
  const [session, setSession] = useState<CanvasSession>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is what opens it again
  useEffect(() => {
    let aborted = false;
    let opened: CanvasSession | null = null;
    void CanvasSession.open({ user, canvas, findOut }, () => aborted).then((made) => {
      opened = made;
      setSession(made ?? undefined);
    });
    return () => {
      aborted = true;
      opened?.stop();
      setSession(undefined);
    };
  }, [user, canvas, findOut, round]);
  return session;
}

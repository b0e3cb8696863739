import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Peer } from '../types';
import type { Presence } from './presence';
import type { SyncProvider, SyncStatus } from './provider';
import { CanvasSession, type SessionOptions } from './session';

export const useSyncStatus = (provider: SyncProvider): SyncStatus => useSyncExternalStore(provider.subscribe, provider.getStatus);

export const usePeers = (presence: Presence): ReadonlyMap<number, Peer> => useSyncExternalStore(presence.subscribe, presence.getPeers);

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

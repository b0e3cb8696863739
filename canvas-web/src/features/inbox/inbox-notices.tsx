import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { inboxCalls } from '@/api/inbox';
import { keys } from '@/api/keys';
import { announce, nowLooking } from './announce';
import { placeOf } from './words';

/** Watches the inbox while notifications are on, and announces what comes in. Shows nothing itself. */
export function InboxNotices({ slug }: { slug: string }) {
  const navigate = useNavigate();
  const address = useLocation({ select: ({ pathname, searchStr }) => pathname + searchStr });
  const newest = useQuery({
    queryKey: [...keys.inbox, 'newest'],
    queryFn: ({ signal }) => inboxCalls.page({}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = useRef<Set<string>>(undefined);

  useEffect(() => {
    const items = newest.data?.items;
    if (!items) {
      return;
    }
    const before = known.current;
    known.current = new Set([...(before ?? []), ...items.map(({ id }) => id)]);
    // What waited before the page was opened is no news.
    if (before) {
      const fresh = items.filter(({ id }) => !before.has(id));
      announce(fresh, (item) => void navigate(item ? placeOf(item) : { to: '/w/$slug/inbox', params: { slug } }));
    }
  }, [newest.data, navigate, slug]);

  useEffect(() => {
    const tell = () => {
      if (document.visibilityState === 'visible' && document.hasFocus()) {
        nowLooking(address);
      }
    };
    const away = () => nowLooking(undefined);
    tell();
    window.addEventListener('focus', tell);
    window.addEventListener('blur', away);
    window.addEventListener('pagehide', away);
    return () => {
      window.removeEventListener('focus', tell);
      window.removeEventListener('blur', away);
      window.removeEventListener('pagehide', away);
    };
  }, [address]);
  return null;
}

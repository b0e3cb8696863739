/** Browser notifications of what came into the inbox: what to say, and when to keep quiet. */
import type { InboxItem } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { needWords } from './words';

/** The tab that has the focus writes down what it shows, so that the others do not announce it. */
const LOOKING_KEY = 'coord.looking';
/** What a tab wrote that ended without a word is not believed for longer. */
const BELIEVED_MS = 60 * 60_000;

export function nowLooking(address: string | undefined) {
  try {
    if (address === undefined) {
      localStorage.removeItem(LOOKING_KEY);
    } else {
      localStorage.setItem(LOOKING_KEY, JSON.stringify({ address, at: Date.now() }));
    }
  } catch {
    // Without storage each tab knows of itself alone.
  }
}

function lookedAt(): string | undefined {
  if (document.visibilityState === 'visible' && document.hasFocus()) {
    return location.pathname + location.search;
  }
  try {
    const value: unknown = JSON.parse(localStorage.getItem(LOOKING_KEY) ?? 'null');
    if (typeof value === 'object' && value !== null && 'address' in value && 'at' in value) {
      const { address, at } = value;
      return typeof address === 'string' && typeof at === 'number' && Date.now() - at < BELIEVED_MS ? address : undefined;
    }
  } catch {
    // Not ours.
  }
  return undefined;
}

/** Whether the address shows the job of the item, or the inbox itself. */
export function shows(address: string, item: InboxItem): boolean {
  const { pathname, searchParams } = new URL(address, 'http://here');
  const base = `/w/${item.workspace.slug}`;
  return (
    /^\/w\/[^/]+\/inbox\/?$/.test(pathname) ||
    pathname === `${base}/jobs/${item.job.number}` ||
    (pathname.startsWith(`${base}/canvases/`) && searchParams.get('job') === String(item.job.number))
  );
}

/** Announces what is new, together when it is several. A click opens the thing, or the inbox. Nothing of what somebody looks at. */
export function announce(items: readonly InboxItem[], open: (item: InboxItem | undefined) => void) {
  const address = lookedAt();
  const unseen = items.filter((item) => address === undefined || !shows(address, item));
  const [first] = unseen;
  if (!first || typeof Notification === 'undefined' || Notification.permission !== 'granted') {
    return;
  }
  const line = (item: InboxItem) => stripAnsi(`#${item.job.number} ${item.job.title}: ${needWords(item)}`);
  const alone = unseen.length === 1;
  try {
    // One tag, one notification: several tabs do not say the same thing twice.
    const notice = new Notification(alone ? needWords(first) : `${unseen.length} things need you`, {
      body: alone ? stripAnsi(`#${first.job.number} ${first.job.title}\n${first.workspace.name}`) : unseen.slice(0, 3).map(line).join('\n'),
      tag: alone ? `coord-${first.id}` : 'coord-inbox',
    });
    notice.onclick = () => {
      window.focus();
      notice.close();
      open(alone ? first : undefined);
    };
  } catch {
    // Some phones show notifications of installed apps only.
  }
}

import type { InboxItem, InboxKind } from '@/api/types';
import { briefFailure, failureWords, plainWords } from '@/shared/lib/words';

/** Sections of the inbox, the most pressing first. */
export const sections: { kinds: InboxKind[]; title: string; one: string }[] = [
  { kinds: ['request'], title: 'Agents wait for you', one: 'An agent waits for you' },
  { kinds: ['review', 'merge'], title: 'Reviews', one: 'Review' },
  { kinds: ['mention'], title: 'Mentions', one: 'Mention' },
  { kinds: ['failed'], title: 'Failed jobs', one: 'Failed job' },
];

const asks = { permission: 'An agent asks for permission', question: 'An agent asks', plan: 'A plan waits to be accepted' } as const;

/** What is needed, in a few words. */
export function needWords(item: InboxItem): string {
  switch (item.kind) {
    case 'request':
      return asks[item.request.ask.kind];
    case 'review':
      return 'Waits for your review';
    case 'merge':
      return 'Approved, but could not be merged';
    case 'mention':
      return item.note ? `${item.by.name} mentions you in a note` : `${item.by.name} mentions you in a review`;
    case 'failed':
      return item.attempt ? `Attempt ${item.attempt} failed` : 'Failed';
  }
}

/** What there is to read of it before it is opened. */
export function detailWords(item: InboxItem): string {
  switch (item.kind) {
    case 'request':
      return item.request.ask.title;
    case 'review':
      return plainWords(item.summary ?? '');
    case 'merge':
      return item.problem;
    case 'mention':
      return plainWords(item.text);
    case 'failed':
      if (!item.summary) {
        return item.failure ? failureWords[item.failure] : '';
      }
      return [item.failure && briefFailure[item.failure], plainWords(item.summary)].filter(Boolean).join(': ');
  }
}

const tabs = { request: 'log', review: 'changes', merge: 'changes', mention: 'notes', failed: 'details' } as const;

/** Where it is answered. */
export function placeOf(item: InboxItem) {
  const tab = item.kind === 'mention' && !item.note ? ('attempts' as const) : tabs[item.kind];
  return { to: '/w/$slug/jobs/$number', params: { slug: item.workspace.slug, number: item.job.number }, search: { tab } } as const;
}

import { expect, test } from 'vitest';
import type { InboxItem } from '@/api/types';
import { detailWords } from './words';

const failed = (failure: 'rate_limited' | 'other', summary: string | null) =>
  ({ kind: 'failed', failure, summary, attempt: 1 }) as unknown as InboxItem;

test('AGT-7: a failed job says in the inbox what kind of failure it was', () => {
  expect(detailWords(failed('rate_limited', 'too many *requests*'))).toBe('Rate limit reached: too many requests');
  expect(detailWords(failed('other', 'it broke'))).toBe('it broke');
  expect(detailWords(failed('rate_limited', null))).toContain('Retry later');
});

import { act, renderHook } from '@testing-library/react';
import { expect, test } from 'vitest';

const stored = () => sessionStorage.getItem('coord:drafts') ?? '';

test('WEB-5: words that were typed and not sent are there after a reload, and gone after signing out', async () => {
  // As the page before this one left it.
  sessionStorage.setItem('coord:drafts', JSON.stringify({ state: { drafts: { 'note:1': 'Nearly done' } }, version: 0 }));
  const { forgetDrafts, useDraft } = await import('./drafts');
  const { result } = renderHook(() => useDraft('note:1'));
  expect(result.current[0]).toBe('Nearly done');
  act(() => result.current[1]('Done'));
  expect(JSON.parse(stored()).state.drafts).toEqual({ 'note:1': 'Done' });
  act(() => forgetDrafts());
  expect(result.current[0]).toBe('');
  expect(stored()).not.toContain('Done');
});

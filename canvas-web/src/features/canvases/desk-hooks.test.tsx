import { fireEvent, renderHook } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { api } from '@/api/calls';
import type { AgentRequest, Job } from '@/api/types';
import { anOpenDocument, create } from '@/canvas/document/testing';
import { aJob, aRequest } from '@/test/samples';
import { useSelectedKeys } from './desk-hooks';
import type { Desk } from './use-desk';

const id = '01930000-0000-7000-8000-000000000001';

function select(request: AgentRequest, count = 1) {
  const document = anOpenDocument();
  const cards = Array.from({ length: count }, () => create(document, { type: 'job', job: id }));
  const jobs = { job: (): Job => aJob({ id }), request: () => request };
  const answer = vi.spyOn(api, 'answer').mockResolvedValue(request);
  const openJob = vi.fn();
  renderHook(() => useSelectedKeys({ document, jobs } as unknown as Desk, new Set(cards), openJob));
  return { answer, openJob };
}

test('AGT-3: A allows and D denies what the agent of the selected job asks', () => {
  const { answer } = select(aRequest());
  fireEvent.keyDown(document.body, { key: 'a' });
  fireEvent.keyDown(document.body, { key: 'd' });
  expect(answer.mock.calls).toEqual([
    ['q-1', { choice: 'c-once' }],
    ['q-1', { choice: 'c-no' }],
  ]);
});

test('AGT-3: A shows what does not stand on the card, and allows nothing unseen', () => {
  const request = aRequest();
  const { answer, openJob } = select({ ...request, ask: { ...request.ask, diff: '+rm -rf' } });
  fireEvent.keyDown(document.body, { key: 'a' });
  expect(openJob).toHaveBeenCalledExactlyOnceWith(id);
  expect(answer).not.toHaveBeenCalled();
});

test('AGT-3: with several selected nothing is answered', () => {
  const { answer, openJob } = select(aRequest(), 2);
  fireEvent.keyDown(document.body, { key: 'a' });
  expect(answer).not.toHaveBeenCalled();
  expect(openJob).not.toHaveBeenCalled();
});

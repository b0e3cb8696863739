import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { aJob } from '@/test/samples';
import { QuickAdd } from './quick-add';

const sent = vi.fn();
const server = setupServer(
  http.post('*/api/v1/workspaces/ws-1/jobs', async ({ request }) => {
    const body = (await request.json()) as { title: string };
    sent(body);
    if (body.title === 'Refused late') {
      await delay(1_500);
    }
    return body.title.startsWith('Refused')
      ? HttpResponse.json(
          { type: 'urn:coord:problem:invalid', title: 'No', status: 422, detail: 'there is no such folder', rule: 'JOB-1' },
          { status: 422, headers: { 'content-type': 'application/problem+json' } },
        )
      : HttpResponse.json(aJob({ number: 7, title: body.title }), { status: 201 });
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => sent.mockClear());
afterAll(() => server.close());

function show(draft: string) {
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <QuickAdd ws="ws-1" label="New job" draft={draft} more={{ folder: 'Garden' }} onClose={onClose} />
    </QueryClientProvider>,
  );
  return { onClose, input: screen.getByRole<HTMLInputElement>('textbox', { name: 'New job' }) };
}

test('WEB-1: Enter adds a job and stays for the next, Escape ends it', async () => {
  const { input, onClose } = show('one');
  expect(document.activeElement).toBe(input);
  await userEvent.keyboard('Dig a pond #garden !high @any{Enter}');
  await screen.findByText('Added #7 Dig a pond');
  expect(sent).toHaveBeenCalledWith({
    title: 'Dig a pond',
    domains: ['garden'],
    priority: 'high',
    agent: 'any',
    context: { type: 'local' },
    folder: 'Garden',
  });
  expect(input.value).toBe('');
  expect(document.activeElement).toBe(input);
  await userEvent.keyboard('#only{Enter}');
  expect(sent).toHaveBeenCalledTimes(1);
  await userEvent.keyboard('{Escape}');
  expect(onClose).toHaveBeenCalled();
});

test('WEB-5: what was refused says why, and its words come back unless others are typed already', async () => {
  const { input } = show('two');
  await userEvent.keyboard('Refused{Enter}');
  expect((await screen.findByRole('alert')).textContent).toBe('There is no such folder. (JOB-1)');
  expect(input.value).toBe('Refused');
  await userEvent.keyboard(' late{Enter}Next');
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('“Refused late” was not added'), { timeout: 5_000 });
  expect(input.value).toBe('Next');
});

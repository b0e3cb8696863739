import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { ApiProblem } from '@/api/problem';
import type { AgentRequest, Answer } from '@/api/types';
import { aRequest, ben } from '@/test/samples';
import { RequestCard } from './request-card';

function show(request: AgentRequest, mayAnswer = true) {
  const onAnswer = vi.fn(async (_id: string, answer: Answer) => ({ ...request, answer }));
  render(<RequestCard request={request} mayAnswer={mayAnswer} onAnswer={onAnswer} />);
  return { onAnswer, user: userEvent.setup() };
}
const click = async (user: ReturnType<typeof userEvent.setup>, name: string) => user.click(screen.getByRole('button', { name }));

describe('agt_3: a request for permission', () => {
  test.each([
    ['Allow once', 'c-once'],
    ['Always in this attempt', 'c-always'],
    ['Deny', 'c-no'],
  ])('%s sends the choice with that meaning', async (name, choice) => {
    const { onAnswer, user } = show(aRequest({ id: `q-${choice}` }));
    await click(user, name);
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith(`q-${choice}`, { choice });
  });

  test('can be denied with words, and not without them', async () => {
    const { onAnswer, user } = show(aRequest({ id: 'q-words' }));
    await click(user, 'Deny with words…');
    const box = screen.getByLabelText('Say what to do instead');
    const send = within(box.parentElement as HTMLElement).getByRole('button', { name: 'Deny' });
    expect(send).toBeDisabled();
    await user.type(box, 'Use the other file');
    await user.click(send);
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith('q-words', { choice: 'c-no', body: 'Use the other file' });
  });

  test('shows what is asked in the order it is written, without escapes', () => {
    const request = aRequest({ id: 'q-turned' });
    show({ ...request, ask: { ...request.ask, title: 'rm -rf \u202e/ ohce\u202c\x1b[2K' } });
    expect(screen.getByText('rm -rf / ohce')).toBeVisible();
  });

  test('says who was first when the answer comes too late, and keeps what was typed', async () => {
    const request = aRequest({ id: 'q-late' });
    const refused = new ApiProblem({ type: 'urn:x', title: 'Answered', status: 409, detail: 'Ben answered already.', rule: 'AGT-3' });
    render(<RequestCard request={request} mayAnswer onAnswer={() => Promise.reject(refused)} />);
    const user = userEvent.setup();
    await click(user, 'Deny with words…');
    await user.type(screen.getByLabelText('Say what to do instead'), 'No');
    await user.click(
      within(screen.getByLabelText('Say what to do instead').parentElement as HTMLElement).getByRole('button', { name: 'Deny' }),
    );
    expect(await screen.findByRole('alert')).toHaveTextContent('Your answer was not taken Ben answered already. AGT-3');
    expect(screen.getByLabelText('Say what to do instead')).toHaveValue('No');
  });

  test('shows the choices in the agent’s words where several mean the same', () => {
    const ask = aRequest().ask;
    show(aRequest({ ask: { ...ask, choices: [...ask.choices, { id: 'c-dir', label: 'Yes, this folder', kind: 'allow_once' }] } }));
    expect(screen.getByRole('button', { name: 'Yes, this folder' })).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Yes' })).toBeInTheDocument();
  });

  test('acc_3: offers nothing to those who may not answer', () => {
    show(aRequest(), false);
    expect(screen.queryByRole('button')).not.toBeInTheDocument();
  });
});

describe('agt_4: a question', () => {
  const ask = {
    kind: 'question' as const,
    title: 'Which saw?',
    body: 'There are two.',
    choices: [{ id: 'big', label: 'The big one', kind: 'answer' as const }],
    free_text: true,
  };
  test('is answered by a choice', async () => {
    const { onAnswer, user } = show(aRequest({ id: 'q-choice', ask }));
    await click(user, 'The big one');
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith('q-choice', { choice: 'big' });
  });
  test('is answered in one’s own words', async () => {
    const { onAnswer, user } = show(aRequest({ id: 'q-free', ask }));
    await user.type(screen.getByLabelText('Or in your own words'), 'Neither');
    await click(user, 'Answer');
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith('q-free', { body: 'Neither' });
  });
  test('takes no words where the agent takes none', () => {
    show(aRequest({ ask: { ...ask, free_text: false } }));
    expect(screen.queryByRole('textbox')).not.toBeInTheDocument();
  });
});

describe('agt_2: a plan', () => {
  const ask = { ...aRequest().ask, kind: 'plan' as const, title: 'Plan', body: '1. Prune' };
  test('is accepted', async () => {
    const { onAnswer, user } = show(aRequest({ id: 'q-plan', ask }));
    await click(user, 'Accept the plan');
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith('q-plan', { choice: 'c-once' });
  });
  test('is answered with changes', async () => {
    const { onAnswer, user } = show(aRequest({ id: 'q-plan-2', ask }));
    await click(user, 'Answer with changes…');
    await user.type(screen.getByLabelText('What should be different'), 'Also water');
    await click(user, 'Send');
    expect(onAnswer).toHaveBeenCalledExactlyOnceWith('q-plan-2', { choice: 'c-no', body: 'Also water' });
  });
});

test('a closed request tells who answered what', () => {
  show(aRequest({ closed_at: '2026-11-20T10:00:00Z', answer: { choice: 'c-once' }, answered_by: ben }));
  expect(screen.getByRole('status')).toHaveTextContent('Ben: Allow once');
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});

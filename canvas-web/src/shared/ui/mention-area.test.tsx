import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { useState } from 'react';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import MarkdownBody from './markdown-body';
import { MentionArea, typedName } from './mention-area';

const people = [
  { id: 'u-1', name: 'Ada Lovelace' },
  { id: 'u-2', name: 'Adam' },
  { id: 'u-3', name: 'Bob' },
];
const server = setupServer(
  http.get('*/api/v1/jobs/j-1/mentionable', ({ request }) => {
    const q = new URL(request.url).searchParams.get('q')?.toLowerCase() ?? '';
    return HttpResponse.json({ items: people.filter(({ name }) => name.toLowerCase().includes(q)), next: null });
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterAll(() => server.close());

function show() {
  const onMention = vi.fn();
  const onKeyDown = vi.fn();
  const Held = () => {
    const [text, setText] = useState('');
    return <MentionArea job="j-1" aria-label="Note" value={text} onChange={setText} onMention={onMention} onKeyDown={onKeyDown} />;
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Held />
    </QueryClientProvider>,
  );
  return { field: screen.getByRole('textbox', { name: 'Note' }), onMention, onKeyDown, user: userEvent.setup() };
}

describe('note_2: completion of names', () => {
  test('offers who can be mentioned, by keyboard alone', async () => {
    const { field, onMention, onKeyDown, user } = show();
    await user.type(field, 'Hello @ad');
    const options = await screen.findAllByRole('option');
    expect(options.map((option) => option.textContent)).toEqual([expect.stringContaining('Ada Lovelace'), expect.stringContaining('Adam')]);
    expect(field).toHaveAttribute('aria-activedescendant', options[0]?.id);
    onKeyDown.mockClear();
    await user.keyboard('{ArrowDown}');
    expect(field).toHaveAttribute('aria-activedescendant', options[1]?.id);
    await user.keyboard('{ArrowUp}{Enter}');
    expect(field).toHaveValue('Hello @Ada Lovelace ');
    expect(onMention).toHaveBeenCalledExactlyOnceWith(people[0]);
    expect(onKeyDown, 'what chooses does nothing else').not.toHaveBeenCalled();
    expect(screen.queryByRole('listbox')).toBeNull();
    await user.keyboard('x');
    expect(field).toHaveValue('Hello @Ada Lovelace x');
  });

  test('a click chooses, Escape lets the text be', async () => {
    const { field, user } = show();
    await user.type(field, '@');
    await user.click(await screen.findByRole('option', { name: /Bob/ }));
    expect(field).toHaveValue('@Bob ');
    expect(field).toHaveFocus();
    await user.type(field, '@ad');
    await screen.findByRole('listbox');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('listbox')).toBeNull());
    expect(field).toHaveValue('@Bob @ad');
  });

  test.each([
    ['@', { at: 0, q: '' }],
    ['(@Ada Lo', { at: 1, q: 'Ada Lo' }],
    ['mail me@ad', undefined],
    ['https://host/@ad', undefined],
    ['`@ad', undefined],
    ['@ad\nnext', undefined],
    ['@ ad', undefined],
    ['no name', undefined],
  ])('%j', (text, expected) => {
    expect(typedName(text, text.length)).toEqual(expected);
  });
});

describe('note_2: mentions are shown as such', () => {
  const marks = (text: string, names: string[]) => {
    const { container } = render(<MarkdownBody text={text} mentions={names.join('\n')} />);
    return [...container.querySelectorAll('.mention')].map((mark) => mark.textContent);
  };

  test('in words, whole names only, the longer of two', () => {
    expect(marks('**@Ada Lovelace** and @ada, not @Adam', ['Ada', 'Ada Lovelace'])).toEqual(['@Ada Lovelace', '@ada']);
  });

  test('not in code, not in addresses, not without a mention', () => {
    expect(marks('`@Ada` x@Ada\n\n```\n@Ada\n```', ['Ada'])).toEqual([]);
    expect(marks('@Ada', [])).toEqual([]);
  });

  test('a name is text, whatever is in it', () => {
    expect(marks('@a.*(b and @aXb', ['a.*(b'])).toEqual(['@a.*(b']);
  });
});

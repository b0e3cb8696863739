import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Markdown } from './markdown';
import MarkdownBody from './markdown-body';

const hostile = [
  '<script>window.owned = true</script>',
  '<img src=x onerror="window.owned = true">',
  '![tracker](https://evil.example/pixel.png)',
  '[click](javascript:window.owned=true)',
  '<a href="javascript:1">raw</a>',
  '<iframe src="https://evil.example"></iframe>',
  '<svg><script>1</script></svg>',
].join('\n\n');

test('text of agents becomes no script, no image and no script link', () => {
  const { container } = render(<MarkdownBody text={hostile} />);
  expect(container.querySelectorAll('script, img, iframe, style, object')).toHaveLength(0);
  for (const link of container.querySelectorAll('a')) {
    expect(link.getAttribute('href') ?? '').not.toMatch(/^javascript:/i);
  }
  expect(container).toHaveTextContent('tracker');
});

test('links open elsewhere without telling where from', () => {
  render(<MarkdownBody text="[docs](https://docs.example)" />);
  const link = screen.getByRole('link', { name: 'docs' });
  expect(link).toHaveAttribute('rel', expect.stringContaining('noopener'));
  expect(link).toHaveAttribute('target', '_blank');
});

test('wants no terminal: escapes and turns of direction are left out', () => {
  const { container } = render(<Markdown text={'\x1b]0;title\x07\x1b[31mred\x1b[0m \u202egnp.exe'} />);
  expect(container).toHaveTextContent(/^red gnp\.exe$/);
});

test.each([
  ['lists', `${'- '.repeat(10_000)}x`],
  ['numbered lists', `${'1. '.repeat(10_000)}x`],
  ['quotes', `${'>'.repeat(10_000)} x`],
])('%s nested thousands deep are shown as they are written', (_, text) => {
  const { container } = render(<Markdown text={text} />);
  expect(container.querySelector('p')?.textContent).toBe(text);
  expect(container.querySelector('ul, ol, blockquote')).toBeNull();
});

test('lists as people nest them stay lists', async () => {
  const { container } = render(<Markdown text={`${'-'.repeat(80)}\n- a\n  - b\n    1. c\n\n> - d`} />);
  await screen.findByText('d');
  expect(container.querySelectorAll('ul, ol')).toHaveLength(4);
});

test('HTML is shown as it is written', () => {
  const { container } = render(<MarkdownBody text="Return a Vec<String>, not <b>this</b>." />);
  expect(container).toHaveTextContent('Return a Vec<String>, not <b>this</b>.');
  expect(container.querySelector('b')).toBeNull();
});

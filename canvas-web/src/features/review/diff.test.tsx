import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { parseDiff } from 'react-diff-view';
import { expect, test, vi } from 'vitest';
import type { Attempt, LineComment } from '@/api/types';
import { ana } from '@/test/samples';
import { AgentFilesNote } from './agent-files-note';
import { linesOf } from './colour';
import { DiffView } from './diff-view';
import { languageOf } from './languages';
import { MergeNote } from './merge-note';
import { PIECE_LINES, piecesOf } from './pieces';
import { sidesOf } from './use-colours';

const patchOf = (path: string, lines: string[], was = 1) =>
  [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, `@@ -1,${was} +1,${lines.length} @@`, ...lines, ''].join('\n');
const small = `${patchOf('src/a.ts', [' one', '-two', '+TWO', ' three'], 3)}${patchOf('b.md', ['-old', '+new'])}`;

function show(patch: string, part: Partial<Parameters<typeof DiffView>[0]> = {}) {
  const onComment = vi.fn<(comment: LineComment) => void>();
  const user = userEvent.setup();
  const view = render(
    <DiffView
      attempt="a-1"
      patch={patch}
      split={false}
      comments={[]}
      earlier={[]}
      onComment={onComment}
      newSideOnly={false}
      onRemove={() => undefined}
      {...part}
    />,
  );
  return { onComment, user, ...view };
}

test('rev_2: a long hunk is cut into pieces that together are the whole, and a change is not cut through', () => {
  const lines = Array.from({ length: 1000 }, (_, at) => (at % 7 < 3 ? `-was ${at}` : `+is ${at}`));
  const [file] = parseDiff(patchOf('x.txt', lines, 430));
  if (!file) throw new Error('no file');
  const pieces = piecesOf(file);
  expect(pieces.length).toBeGreaterThan(5);
  expect(pieces.flatMap(({ hunk }) => hunk.changes)).toEqual(file.hunks[0]?.changes);
  expect(Math.max(...pieces.map(({ hunk }) => hunk.changes.length))).toBeLessThanOrEqual(2 * PIECE_LINES);
  expect(pieces.slice(0, -1).map(({ hunk }) => hunk.changes.at(-1)?.type)).not.toContain('delete');
  expect(pieces.filter(({ first }) => first)).toHaveLength(1);
});

test('rev_2: ten thousand lines are folded, and a piece of them is drawn only when it comes near', async () => {
  const seen: IntersectionObserverCallback[] = [];
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: IntersectionObserverCallback) {
        seen.push(callback);
      }
      observe() {}
      disconnect() {}
    },
  );
  const { user, container } = show(
    patchOf(
      'big.txt',
      Array.from({ length: 10_000 }, (_, at) => `+line ${at}`),
    ),
  );
  expect(container.querySelectorAll('tr')).toHaveLength(0);
  await user.click(screen.getByRole('button', { name: /big\.txt/ }));
  const drawn = container.querySelectorAll('tr').length;
  expect(drawn).toBeGreaterThan(0);
  expect(drawn).toBeLessThan(300);
  vi.unstubAllGlobals();
});

test('rev_2: lines are walked with the arrows and commented on with the keyboard alone', async () => {
  const { user, onComment } = show(small);
  expect(screen.getByRole('navigation', { name: 'Changed files' })).toHaveTextContent('2 files');
  await user.keyboard('n');
  expect(screen.getByRole('button', { name: /^src\/a\.ts/, expanded: true })).toHaveFocus();
  await user.tab();
  const first = within(screen.getByRole('region', { name: 'src/a.ts' }));
  expect(first.getByRole('button', { name: 'Comment on line 1' })).toHaveFocus();
  await user.keyboard('{ArrowDown}');
  expect(first.getByRole('button', { name: 'Comment on line 2 of the old file' })).toHaveFocus();
  await user.keyboard('{ArrowDown}{Enter}Shout less{Control>}{Enter}{/Control}');
  expect(onComment).toHaveBeenCalledWith({ path: 'src/a.ts', line: 2, old: false, body: 'Shout less' });
  await vi.waitFor(() => expect(first.getByRole('button', { name: 'Comment on line 2' })).toHaveFocus());
  await user.keyboard('n');
  expect(screen.getByRole('button', { name: /^b\.md/, expanded: true })).toHaveFocus();
  await user.keyboard('{Enter}p');
  expect(screen.getByRole('button', { name: /^b\.md/, expanded: false })).toBeInTheDocument();
  expect(screen.getByRole('button', { name: /^src\/a\.ts/, expanded: true })).toHaveFocus();
});

test('rev_2: since the last review only lines of the new side are commented on: the old side is not the base', () => {
  show(small, { newSideOnly: true });
  expect(screen.queryByRole('button', { name: /of the old file/ })).toBeNull();
  expect(screen.getByRole('button', { name: 'Comment on line 2' })).toBeInTheDocument();
});

test('web_5: words typed for a line are there again when its field was closed', async () => {
  const { user } = show(small);
  const line = () => screen.getByRole('button', { name: 'Comment on line 3' });
  await user.click(line());
  await user.type(screen.getByRole('textbox', { name: 'Comment on this line' }), 'half a th');
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  await user.click(line());
  expect(screen.getByRole('textbox', { name: 'Comment on this line' })).toHaveValue('half a th');
});

test('rev_2: colours go by the name of the file, and runs by its lines', () => {
  expect([languageOf('a/B.TSX'), languageOf('Dockerfile'), languageOf('x.constructor'), languageOf('LICENSE')]).toEqual([
    'tsx',
    'docker',
    undefined,
    undefined,
  ]);
  const string = { type: 'element', properties: { className: ['token', 'string'] }, children: [{ type: 'text', value: '`a\nb`' }] };
  expect(linesOf([{ type: 'text', value: 'x = ' }, string, { type: 'text', value: ';\n' }])).toEqual([
    [
      ['', 'x = '],
      ['token string', '`a'],
    ],
    [
      ['token string', 'b`'],
      ['', ';'],
    ],
    [],
  ]);
  const [file] = parseDiff(small);
  expect(file && sidesOf(file)).toEqual(['one\ntwo\nthree', 'one\nTWO\nthree']);
});

test('rev_2: the reviewer is told whether the branch merges, and which files are in the way', () => {
  const attempt = (conflicts: string[]) =>
    ({
      ended_at: '2026-11-20T10:00:00Z',
      person: ana,
      branch: { merge_check: { base_branch: 'main', base_commit: 'abcdef0123', conflicts } },
    }) as unknown as Attempt;
  const { rerender } = render(<MergeNote attempt={attempt([])} />);
  expect(screen.getByText(/Merges cleanly with/)).toHaveTextContent('main at abcdef0');
  rerender(<MergeNote attempt={attempt(['a.txt', 'b.txt', 'c', 'd', 'e', 'f', 'g', 'h'])} />);
  expect(screen.getByRole('note')).toHaveTextContent('In conflict with main');
  expect(screen.getByRole('note')).toHaveTextContent('a.txt');
  expect(screen.getByRole('note')).toHaveTextContent('and 2 more');
});

test('rev_2: the reviewer is told that a change touches what agents obey', () => {
  const attempt = (files: string[]) => ({ branch: { agent_files: files } }) as unknown as Attempt;
  const { rerender } = render(<AgentFilesNote attempt={attempt([])} />);
  expect(screen.queryByRole('note')).toBeNull();
  rerender(<AgentFilesNote attempt={attempt(['.claude/settings.json', 'AGENTS.md', 'a/CLAUDE.md', '.mcp.json', 'e', 'f', 'g', 'h'])} />);
  expect(screen.getByRole('note')).toHaveTextContent('touches agents’ configuration');
  expect(screen.getByRole('note')).toHaveTextContent('.claude/settings.json');
  expect(screen.getByRole('note')).toHaveTextContent('and 2 more');
});

import { describe, expect, test } from 'vitest';
import { entries } from '@/test/samples';
import { assemble, rowAt } from './assemble';

describe('assembling a log', () => {
  test('joins consecutive words of the agent, until something else happens', () => {
    const rows = assemble(
      entries([
        { kind: 'text', text: 'I will ' },
        { kind: 'text', text: '**prune**.' },
        { kind: 'thought', text: 'Which saw?' },
        { kind: 'text', text: 'Done.' },
      ]),
    );
    expect(rows.map((row) => [row.kind, row.seq, row.last, 'text' in row ? row.text : ''])).toEqual([
      ['text', 1, 2, 'I will **prune**.'],
      ['thought', 3, 3, 'Which saw?'],
      ['text', 4, 4, 'Done.'],
    ]);
  });

  test('breaks a very long run of words into several rows', () => {
    const rows = assemble(entries(Array.from({ length: 100 }, () => ({ kind: 'text' as const, text: `${'word '.repeat(100)}\n\n` }))));
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.map((row) => ('text' in row ? row.text : '')).join('').length).toBe(100 * 502);
  });

  test('folds updates and output into the tool call, absent fields unchanged', () => {
    const rows = assemble(
      entries([
        { kind: 'tool_call', tool_call: 't1', title: 'npm test', tool: 'execute', status: 'pending', paths: ['a'] },
        { kind: 'text', text: 'Meanwhile' },
        { kind: 'output', tool_call: 't1', text: 'ok 1\n' },
        { kind: 'tool_update', tool_call: 't1', status: 'in_progress' },
        { kind: 'output', tool_call: 't1', text: 'ok 2\n' },
        { kind: 'tool_update', tool_call: 't1', status: 'completed', content: 'all good' },
      ]),
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      kind: 'tool',
      seq: 1,
      last: 6,
      call: { title: 'npm test', tool: 'execute', status: 'completed', content: 'all good', output: 'ok 1\nok 2\n', paths: ['a'] },
    });
  });

  test('lets endless output of a tool flow on as rows of its own', () => {
    const rows = assemble(
      entries([
        { kind: 'tool_call', tool_call: 't1', title: 'make' },
        ...Array.from({ length: 100 }, () => ({ kind: 'output' as const, tool_call: 't1', text: 'x'.repeat(1000) })),
      ]),
    );
    const output = rows.reduce(
      (sum, row) => sum + (row.kind === 'tool' ? row.call.output.length : row.kind === 'output' ? row.text.length : 0),
      0,
    );
    expect(output).toBe(100_000);
    expect(rows.every((row) => row.kind !== 'output' || row.text.length <= 8_000)).toBe(true);
  });

  test('shows an update whose beginning is not loaded', () => {
    const [row] = assemble(entries([{ kind: 'tool_update', tool_call: 't9', title: 'Read x', status: 'completed' }], 400));
    expect(row).toMatchObject({ kind: 'tool', seq: 400, call: { title: 'Read x', status: 'completed' } });
  });

  test('puts the answer with its request', () => {
    const ask = { kind: 'question' as const, title: 'Which?', body: '', choices: [], free_text: true };
    const rows = assemble(
      entries([
        { kind: 'request', request: 'q1', ask },
        { kind: 'system', text: 'waiting' },
        { kind: 'answer', request: 'q1', answer: { body: 'the red one' }, by: 'Ana' },
        { kind: 'answer', request: 'elsewhere', answer: { choice: 'x' }, by: 'policy' },
      ]),
    );
    expect(rows.map((row) => row.kind)).toEqual(['request', 'system', 'answer']);
    expect(rows[0]).toMatchObject({ last: 3, answer: { by: 'Ana', answer: { body: 'the red one' } } });
  });

  test('replaces a plan that changes at once, and marks later ones as changes', () => {
    const step = (text: string) => [{ text, status: 'pending' as const }];
    const rows = assemble(
      entries([
        { kind: 'plan', steps: step('a') },
        { kind: 'plan', steps: step('b') },
        { kind: 'text', text: 'x' },
        { kind: 'plan', steps: step('c') },
      ]),
    );
    expect(rows.filter((row) => row.kind === 'plan')).toMatchObject([
      { steps: step('b'), again: false },
      { steps: step('c'), again: true },
    ]);
  });

  test('keeps rows that did not change, so that only the end is drawn again', () => {
    const all = entries([
      { kind: 'text', text: 'one' },
      { kind: 'system', text: 'two' },
      { kind: 'text', text: 'three' },
      { kind: 'text', text: ' four' },
    ]);
    const before = assemble(all.slice(0, 3));
    const after = assemble(all, new Map(before.map((row) => [row.key, row])));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  test('finds the row that shows an entry', () => {
    const rows = [{ seq: 1 }, { seq: 4 }, { seq: 9 }];
    expect([1, 3, 4, 8, 9, 50].map((seq) => rowAt(rows, seq))).toEqual([0, 0, 1, 1, 2, 2]);
  });
});

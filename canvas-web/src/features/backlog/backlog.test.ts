import { expect, test, vi } from 'vitest';
import { ApiProblem } from '@/api/problem';
import type { Folder, Job } from '@/api/types';
import { parseShorthand } from '@/shared/lib/shorthand';
import { aJob } from '@/test/samples';
import { type BulkRun, outcomeWords, runBulk } from './bulk';
import { everything, kept, nothing, only, ranged, toggled } from './selection';
import { isShown, jobsWithin, type Row, rowsOf, treeOf } from './tree';

const folder = (path: string, position = 'a0'): Folder => ({ id: `f-${path}`, workspace: 'ws-1', path, position, created_at: '' });
const inFolder = (number: number, path: string | null, part: Partial<Job> = {}) =>
  aJob({ number, folder: path, position: `j${String(number).padStart(4, '0')}`, ...part });
const look = { closed: new Set<string>(), draft: undefined, searching: false };
const words = (rows: Row[]) =>
  rows.map((row) => {
    const what = row.kind === 'folder' ? row.node.name : row.kind === 'job' ? `#${row.job.number}` : `new ${row.draft.what}`;
    return `${'  '.repeat(row.level - 1)}${what}`;
  });

test('WEB-1: folders nest in their order, with their jobs behind them and what is in none at the end', () => {
  const tree = treeOf(
    [folder('Yard', 'a1'), folder('Garden', 'a0'), folder('Garden/Beds')],
    [inFolder(3, 'Garden'), inFolder(1, 'Garden/Beds/Front'), inFolder(2, null), inFolder(4, 'Garden', { position: 'j0002V' })],
  );
  expect(words(rowsOf(tree, look))).toEqual(['Garden', '  Beds', '    Front', '      #1', '  #4', '  #3', 'Yard', 'No folder', '  #2']);
  expect(tree.folders[0]?.count).toBe(3);
  expect(jobsWithin(tree.folders[0] as never).map(({ number }) => number)).toEqual([1, 4, 3]);
});

test('WEB-1: a closed folder hides what is in it, unless something is searched for or added there', () => {
  const tree = treeOf([folder('Garden'), folder('Yard')], [inFolder(1, 'Garden')]);
  const closed = new Set(['Garden']);
  expect(words(rowsOf(tree, { ...look, closed }))).toEqual(['Garden', 'Yard']);
  expect(words(rowsOf(tree, { ...look, closed, searching: true }))).toEqual(['Garden', '  #1']);
  const draft = { what: 'job', path: 'Garden' } as const;
  expect(words(rowsOf(tree, { ...look, closed, draft }))).toEqual(['Garden', '  #1', '  new job', 'Yard']);
  expect(words(rowsOf(tree, { ...look, draft: { what: 'folder', path: '' } }))[0]).toBe('new folder');
});

test('WEB-1: without folders the jobs stand alone, and can be added to', () => {
  const tree = treeOf([], [inFolder(1, null)]);
  expect(words(rowsOf(tree, { ...look, draft: { what: 'job', path: '' } }))).toEqual(['#1', 'new job']);
});

test('ACC-4: a folder that only private jobs are in is not one that everybody sees', () => {
  const tree = treeOf([folder('Open')], [inFolder(1, 'Open/Deep', { private: true }), inFolder(2, 'Half/Way')]);
  const [open, half] = tree.folders;
  expect(isShown(open as never)).toBe(true);
  expect(isShown(open?.folders[0] as never)).toBe(false);
  expect(isShown(half as never)).toBe(true);
});

test('WEB-1: rows are chosen one by one, in ranges and all at once', () => {
  const rows = rowsOf(
    treeOf(
      [],
      [1, 2, 3, 4, 5].map((number) => inFolder(number, null)),
    ),
    look,
  );
  let selection = only('j-2');
  selection = ranged(selection, rows, 'j-4', false);
  expect([...selection.chosen]).toEqual(['j-2', 'j-3', 'j-4']);
  selection = ranged(selection, rows, 'j-1', false);
  expect([...selection.chosen]).toEqual(['j-1', 'j-2']);
  selection = toggled(selection, ['j-5']);
  selection = toggled(selection, ['j-1']);
  expect([...selection.chosen]).toEqual(['j-2', 'j-5']);
  expect(ranged({ ...selection, anchor: 'j-4' }, rows, 'j-3', true).chosen.size).toBe(4);
  expect(everything(rows, undefined).chosen.size).toBe(5);
  expect(kept(selection, (key) => key !== 'j-5').chosen.size).toBe(1);
  expect(toggled(nothing, ['j-1', 'j-2']).chosen.size).toBe(2);
});

test('JOB-8: of many jobs each is tried, and what was refused is told with its rule', async () => {
  const jobs = [1, 2, 3, 4].map((number) => aJob({ number }));
  const told: BulkRun[] = [];
  const run = await runBulk(
    'made ready',
    jobs,
    async (job) => {
      if (job.number % 2 === 0) {
        throw new ApiProblem({ type: 'urn:x', title: 'No', status: 409, detail: 'it waits for other jobs', rule: 'DEP-2' });
      }
    },
    { onProgress: (now) => told.push(now) },
  );
  expect(run.done).toBe(2);
  expect(run.refused.map(({ job, rule }) => [job.number, rule])).toEqual([
    [2, 'DEP-2'],
    [4, 'DEP-2'],
  ]);
  expect(outcomeWords(run)).toBe('2 of 4 jobs made ready');
  expect(told[0]?.running).toBe(true);
  expect(told.at(-1)).toEqual(run);
});

test('WEB-5: when the server is away the rest is not tried, and said so', async () => {
  const act = vi.fn().mockRejectedValue(new ApiProblem({ type: 'urn:x', title: 'Away', status: 0, detail: 'not reached' }));
  const run = await runBulk(
    'moved',
    [1, 2, 3].map((number) => aJob({ number })),
    act,
    { inTurn: true, onProgress: () => undefined },
  );
  expect(act).toHaveBeenCalledTimes(1);
  expect(run.refused).toHaveLength(3);
  expect(run.refused[2]?.detail).toContain('Not tried');
});

test('WEB-1: a line names labels, a priority and an agent, and else is the title', () => {
  expect(parseShorthand('Prune the pear #garden !high @any #fruit')).toEqual({
    title: 'Prune the pear',
    domains: ['garden', 'fruit'],
    priority: 'high',
    agent: 'any',
  });
  expect(parseShorthand('Fix C# for #12, now! mail ana@example.org !no-rush')).toMatchObject({
    title: 'Fix C# for #12, now! mail ana@example.org',
    domains: [],
    priority: 'no_rush',
    agent: undefined,
  });
});

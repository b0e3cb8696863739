import { expect, test } from 'vitest';
import type { ActivityEntry } from '@/api/types';
import { ana, ben } from '@/test/samples';
import { filterOf, parseSearch } from './filter';
import { withoutGone } from './use-activity';
import { dayWords, lineOf } from './words';

const entry = (part: Partial<ActivityEntry>): ActivityEntry => ({
  seq: 1,
  at: '2026-11-20T10:00:00Z',
  what: 'job.changed',
  kind: 'jobs',
  gone: false,
  ...part,
});

test.each<[Partial<ActivityEntry>, string | undefined, string]>([
  [{ what: 'job.created', by: ana }, 'Ana', 'created {job}'],
  [{ kind: 'moves', by: ana, act: 'approve', from: 'awaiting_review', to: 'done' }, 'Ana', 'approved {job}'],
  [{ kind: 'moves', by: ana, act: 'move', from: 'backlog', to: 'awaiting_review' }, 'Ana', 'moved {job} to Review'],
  [{ kind: 'moves', from: 'in_progress', to: 'failed' }, undefined, '{job} failed'],
  [{ kind: 'dependencies', by: ana, act: 'added' }, 'Ana', 'made {job} wait for {other}'],
  [{ by: ana, act: 'team' }, 'Ana', 'changed the team of {job}'],
  [{ what: 'files.changed', kind: 'files', act: 'added', file: 'a.txt' }, undefined, 'The agent added {file} to {job}'],
  [{ what: 'member.changed', kind: 'members', act: 'joined', by: ben, user: ben, role: 'viewer' }, 'Ben', 'joined as a viewer'],
  [{ what: 'member.changed', kind: 'members', act: 'role', by: ana, user: ben, role: 'admin' }, 'Ana', 'made {user} an admin'],
  [{ what: 'member.changed', kind: 'members', act: 'removed', by: ana, user: ben }, 'Ana', 'removed {user} from the workspace'],
  [{ what: 'member.changed', kind: 'members', user: ben }, 'Ben', 'came, left or has another role'],
  [{ what: 'canvas.changed', kind: 'canvases', act: 'created', by: ana }, 'Ana', 'created the canvas {canvas}'],
  [{ what: 'job.deleted', by: ana, gone: true }, 'Ana', 'deleted {job}'],
])('what happened is said as a sentence: %j', (part, by, words) => {
  expect(lineOf(entry(part))).toEqual({ by, words });
});

test('days are named from here', () => {
  const now = new Date(2026, 10, 20, 0, 5).getTime();
  expect(dayWords(new Date(2026, 10, 20, 0, 1).toISOString(), now)).toBe('Today');
  expect(dayWords(new Date(2026, 10, 19, 23, 59).toISOString(), now)).toBe('Yesterday');
  expect(dayWords(new Date(2026, 10, 18, 23, 59).toISOString(), now)).toMatch(/18/);
});

test('a filter is read from the address, and whole days are asked for', () => {
  expect(parseSearch({ by: 'u-1', kind: 'notes', job: 3, days: 7, from: 'x', to: '2026-02-30x' })).toEqual({
    by: 'u-1',
    kind: 'notes',
    job: 3,
    days: 7,
    from: undefined,
    to: undefined,
  });
  expect(parseSearch({ kind: 'all', job: 0.5, days: 2 })).toEqual({});
  const now = new Date(2026, 10, 20, 15);
  expect(filterOf({ days: 1 }, undefined, now).from).toBe(new Date(2026, 10, 20).toISOString());
  expect(filterOf({ days: 7 }, undefined, now).from).toBe(new Date(2026, 10, 14).toISOString());
  const between = filterOf({ from: '2026-11-01', to: '2026-11-02' }, 'j-1', now);
  expect([between.from, between.to]).toEqual([new Date(2026, 10, 1).toISOString(), new Date(2026, 10, 3).toISOString()]);
});

test('job_11: of a deleted job only its end is told', () => {
  const job = { id: 'j-1', number: 1, title: 'Gone' };
  const other = { id: 'j-2', number: 2, title: 'Stays' };
  const all = [
    entry({ seq: 4, what: 'job.deleted', job, gone: true }),
    entry({ seq: 3, kind: 'dependencies', job: other, other: job }),
    entry({ seq: 2, job: other }),
    entry({ seq: 1, what: 'job.created', job }),
    entry({ seq: 0, what: 'workspace.changed' }),
  ];
  expect(withoutGone(all).map(({ seq }) => seq)).toEqual([4, 2, 0]);
});

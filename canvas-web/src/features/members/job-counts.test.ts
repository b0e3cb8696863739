import { expect, test } from 'vitest';
import { aJob, ana, ben } from '@/test/samples';
import { countWords, jobCounts } from './job-counts';

test('ACC-4: the members’ jobs are counted from those one sees', () => {
  const jobs = [
    aJob({ number: 1, owner: ana, state: 'in_progress' }),
    aJob({ number: 2, owner: ana, state: 'backlog' }),
    aJob({ number: 3, owner: ana, state: 'done' }),
    aJob({ number: 4, owner: ben, state: 'canceled' }),
    aJob({ number: 5, owner: ben, state: 'failed' }),
  ];
  const counts = jobCounts(Object.fromEntries(jobs.map((job) => [job.id, job])));
  expect(counts).toEqual({ [ana.id]: { open: 2, running: 1 }, [ben.id]: { open: 1, running: 0 } });
  expect(countWords(counts[ana.id])).toBe('2 open jobs, 1 in progress');
  expect(countWords(counts[ben.id])).toBe('1 open job');
  expect(countWords(undefined)).toBeUndefined();
});

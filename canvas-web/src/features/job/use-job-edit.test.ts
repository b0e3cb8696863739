import { expect, test } from 'vitest';
import { aJob, ben } from '@/test/samples';
import { collides } from './use-job-edit';

test('job_7: progress of the agent is no conflict, an edit of the same field is', () => {
  const from = aJob({ version: 3, description: 'old' });
  expect(collides({ description: 'mine' }, from, aJob({ version: 5, description: 'old', activity: 'running' }))).toBe(false);
  expect(collides({ description: 'mine' }, from, aJob({ version: 5, description: 'theirs' }))).toBe(true);
  expect(collides({ title: 'mine' }, from, aJob({ version: 5, description: 'theirs' }))).toBe(false);
  expect(collides({ owner: 'u-x' }, from, aJob({ version: 5, owner: ben }))).toBe(true);
});

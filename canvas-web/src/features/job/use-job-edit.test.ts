import { expect, test } from 'vitest';
import { aJob, ana, ben } from '@/test/samples';
import { clashes } from './use-job-edit';

test('job_7: only a field that somebody else changed too, to something else, is a conflict', () => {
  const from = aJob({ title: 'a', folder: 'x', owner: ana, version: 1 });
  expect(clashes({ title: 'mine' }, from, aJob({ ...from, version: 2 }))).toEqual([]);
  expect(clashes({ title: 'mine' }, from, aJob({ ...from, folder: 'y', version: 2 }))).toEqual([]);
  expect(clashes({ title: 'mine', folder: 'z' }, from, aJob({ ...from, title: 'theirs', version: 2 }))).toEqual(['title']);
  expect(clashes({ title: 'same' }, from, aJob({ ...from, title: 'same', version: 2 }))).toEqual([]);
  expect(clashes({ owner: 'u-cleo' }, from, aJob({ ...from, owner: ben, version: 2 }))).toEqual(['owner']);
  expect(clashes({ owner: ben.id }, from, aJob({ ...from, owner: ben, version: 2 }))).toEqual([]);
  expect(clashes({ folder: '' }, from, aJob({ ...from, folder: null, version: 2 }))).toEqual([]);
  expect(clashes({ domains: ['a'] }, from, aJob({ ...from, domains: ['b'], version: 2 }))).toEqual(['domains']);
});

import { expect, test } from 'vitest';
import { fitting } from './fuzzy';

const labels = ['New job', 'Go to Board', 'Go to Runners', 'Show #12 Mend the job queue', 'Jobs: put one on the canvas', 'Select all'];
const found = (query: string) => fitting(labels, query, (label) => label);

test('WEB-4: what is typed finds what begins so first, then words, then letters', () => {
  expect(found('')).toEqual(labels);
  expect(found('job')).toEqual(['Jobs: put one on the canvas', 'New job', 'Show #12 Mend the job queue']);
  expect(found('go run')).toEqual(['Go to Runners']);
  expect(found('RUN')).toEqual(['Go to Runners']);
  expect(found('nj')).toEqual(['New job']);
  expect(found('rnners')).toEqual(['Go to Runners']);
  expect(found('#12')).toEqual(['Show #12 Mend the job queue']);
  expect(found('12')).toEqual(['Show #12 Mend the job queue']);
  expect(found('elect')).toEqual(['Select all']);
  expect(found('xyz')).toEqual([]);
});

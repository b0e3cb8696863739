import { describe, expect, test } from 'vitest';
import { onePerPerson } from '@/canvas/sync/hooks';
import type { SyncStatus } from '@/canvas/sync/provider';
import type { Peer } from '@/canvas/types';
import { aJob } from '@/test/samples';
import { copyName, fileName } from './files';
import { findJobs } from './jobs-panel';
import { syncWords } from './sync-pill';

const status = (part: Partial<SyncStatus>): SyncStatus => ({
  phase: 'synced',
  unsaved: 0,
  since: null,
  late: false,
  denied: false,
  refusal: null,
  reason: '',
  retryAt: null,
  ...part,
});

describe('whether what one did is saved', () => {
  test.each([
    ['all is confirmed', {}, 'Saved', 'good'],
    ['edits are on the way', { unsaved: 2 }, 'Saving', 'busy'],
    ['the confirmation does not come', { unsaved: 1, late: true }, '1 edit not saved yet', 'warn'],
    ['there is no connection', { phase: 'offline' as const, unsaved: 3, late: true }, 'Offline, 3 edits not saved', 'warn'],
    ['the copy is refused', { phase: 'refused' as const, unsaved: 2, late: true }, '2 edits not taken', 'bad'],
    ['the right to edit ended', { denied: true, unsaved: 1 }, '1 edit not taken', 'bad'],
    ['one only watches', { denied: true }, 'Saved', 'good'],
  ])('CAN-8: when %s', (_, part, short, look) => {
    expect(syncWords(status(part), true)).toMatchObject({ short, look });
  });

  test('CAN-8: without a copy in the browser one is told to keep the page open', () => {
    const offline = status({ phase: 'offline', unsaved: 1, late: true });
    expect(syncWords(offline, true).long).toContain('kept in this browser');
    expect(syncWords(offline, false).long).toContain('Keep this page open');
  });
});

describe('jobs to put on the canvas', () => {
  const jobs = [
    aJob({ number: 4, title: 'Prune the pears', state: 'done' }),
    aJob({ number: 41, title: 'Water the trees', state: 'ready' }),
    aJob({ number: 7, title: 'Prune the apples' }),
  ];
  const numbers = (query: string, all = false) => findJobs(jobs, query, all).map(({ number }) => number);

  test('CAN-4: open ones first, all on demand, by words of the title', () => {
    expect(numbers('')).toEqual([7, 41]);
    expect(numbers('', true)).toEqual([7, 41, 4]);
    expect(numbers('prune')).toEqual([7]);
  });

  test('CAN-4: a number finds its job whatever its state', () => {
    expect(numbers('4')).toEqual([41, 4]);
    expect(numbers('#41')).toEqual([41]);
  });
});

test('CAN-3: each person is shown once, without oneself, whatever number of pages they have open', () => {
  const peer = (client: number, id: string, cur: [number, number] | null): Peer => ({
    client,
    user: { id, name: id, hue: 0 },
    state: { cur, sel: [], vp: null, drag: null, ed: null, fol: null },
  });
  const peers = [peer(1, 'ben', null), peer(2, 'ben', [1, 1]), peer(3, 'me', [2, 2]), peer(4, 'ana', null)];
  expect(onePerPerson(peers, 'me').map(({ client }) => client)).toEqual([4, 2]);
});

test('CAN-11: file names are good on every system', () => {
  expect(fileName('Q3: plan/“now”', 'json')).toBe('Q3 plan now.json');
  expect(fileName('///', 'png')).toBe('canvas.png');
  expect([...copyName('x'.repeat(200))].length).toBeLessThanOrEqual(200);
});

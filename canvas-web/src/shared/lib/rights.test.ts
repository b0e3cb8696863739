import { expect, test } from 'vitest';
import { moveCommand } from '@/api/commands';
import { aJob, ana, ben } from '@/test/samples';
import { moveTargets, rightsOn } from './rights';

test('job_5: an agentic job is moved by hand only between Staged and Ready, and retried from Failed', () => {
  expect(moveTargets({ kind: 'agentic', state: 'backlog' })).toEqual(['ready']);
  expect(moveTargets({ kind: 'agentic', state: 'ready' })).toEqual(['backlog']);
  expect(moveTargets({ kind: 'agentic', state: 'in_progress' })).toEqual([]);
  expect(moveTargets({ kind: 'agentic', state: 'failed' })).toEqual(['ready']);
  expect(moveCommand({ kind: 'agentic', state: 'failed' }, 'ready').name).toBe('retry');
  expect(moveCommand({ kind: 'agentic', state: 'ready' }, 'backlog').name).toBe('unready');
});

test('job_6: a user job moves freely among the four open columns', () => {
  expect(moveTargets({ kind: 'user', state: 'in_progress' })).toEqual(['backlog', 'ready', 'awaiting_review']);
  expect(moveTargets({ kind: 'user', state: 'done' })).toEqual([]);
  expect(moveCommand({ kind: 'user', state: 'ready' }, 'in_progress')).toEqual({ name: 'move', body: { state: 'in_progress' } });
});

test('acc_3: what is offered follows role, ownership and team', () => {
  const job = aJob({ owner: ana, creator: ana });
  expect(rightsOn(job, ana.id, 'member')).toMatchObject({ work: true, edit: true, administer: false });
  expect(rightsOn(job, ben.id, 'member')).toMatchObject({ contribute: true, work: false, edit: false });
  expect(rightsOn(job, ben.id, 'member', [{ user: ben.id, role: 'editor' }])).toMatchObject({ work: true, edit: false });
  expect(rightsOn(job, ben.id, 'member', [{ user: ben.id, role: 'lead' }])).toMatchObject({ work: true, edit: true });
  expect(rightsOn(job, ben.id, 'admin')).toMatchObject({ edit: true, administer: true });
  expect(rightsOn(job, ana.id, 'viewer', [{ user: ana.id, role: 'lead' }])).toMatchObject({ contribute: false, work: false });
});

test('acc_3: who was let into a private job to watch is not offered to add notes', () => {
  const hidden = aJob({ owner: ana, creator: ana, private: true });
  expect(rightsOn(hidden, ben.id, 'member', [{ user: ben.id, role: 'viewer' }])).toMatchObject({ contribute: false, work: false });
  expect(rightsOn(hidden, ben.id, 'member', [{ user: ben.id, role: 'editor' }])).toMatchObject({ contribute: true, work: true });
  const open = aJob({ owner: ana, creator: ana, private: false });
  expect(rightsOn(open, ben.id, 'member', [{ user: ben.id, role: 'viewer' }])).toMatchObject({ contribute: true });
});

import { expect, test } from 'vitest';
import { moveCommand } from '@/api/commands';
import { aJob } from '@/test/samples';
import { moveTargets, rightsOf } from './rights';

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

test('acc_3: what is offered is what the server tells with the job', () => {
  expect(rightsOf(aJob({ may: ['contribute', 'operate'] }))).toEqual({
    contribute: true,
    work: true,
    edit: false,
    team: false,
    administer: false,
  });
  expect(Object.values(rightsOf(aJob({ may: [] })))).not.toContain(true);
});

import { expect, test } from 'vitest';
import type { AuditLine } from '@/api/people';
import { changes } from './changes';

const line = (before: unknown, after: unknown): AuditLine =>
  ({ id: '1', at: '2026-11-20T10:00:00Z', act: 'job.team', target: 'j', detail: {}, before, after }) as AuditLine;
const names = (user: string) => ({ 'u-1': 'Ana' })[user];

test('ACC-6: a line says what changed, with names for members', () => {
  expect(changes(line({ role: 'member' }, { role: 'viewer' }), names)).toEqual([{ what: 'role', before: 'member', after: 'viewer' }]);
  expect(changes(line({ team: [] }, { team: [{ user: 'u-1', role: 'lead' }] }), names)).toEqual([
    { what: 'team', before: 'none', after: 'Ana lead' },
  ]);
  expect(changes(line({ owner: 'u-1' }, { owner: 'u-9' }), names)).toEqual([{ what: 'owner', before: 'Ana', after: 'u-9' }]);
});

test('ACC-6: parts that stayed and lines without a change say nothing', () => {
  const before = { name: 'Team', settings: { default_priority: 'low', domains: ['a'] } };
  const after = { name: 'Team', settings: { default_priority: 'high', domains: ['a'] } };
  expect(changes(line(before, after), names)).toEqual([{ what: 'settings default priority', before: 'low', after: 'high' }]);
  expect(changes(line(null, null), names)).toEqual([]);
  expect(changes(line({ name: 'ci' }, null), names)).toEqual([{ what: 'name', before: 'ci', after: undefined }]);
});

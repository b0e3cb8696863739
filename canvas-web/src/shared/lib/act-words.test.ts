import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actGroups, actWords } from './act-words';

test('ACC-6: every act that the server writes down has words', () => {
  const list = readFileSync('../protocol/src/audit.rs', 'utf8').match(/ACTS: &\[&str\] = &\[(.*?)\];/s)?.[1] ?? '';
  const acts = [...list.matchAll(/"([^"]+)"/g)].map(([, act]) => act as string);
  expect(acts.length).toBeGreaterThan(40);
  expect(acts.filter((act) => actWords(act) === act)).toEqual([]);
  for (const { value } of actGroups) {
    expect(acts.some((act) => act === value || act.startsWith(`${value}.`))).toBe(true);
  }
});

/** Helpers of the tests in this folder and of those beside it. */
import { expect } from 'vitest';
import * as Y from 'yjs';
import { commands, type OpenDocument, type Outcome, openDocument } from '.';

export const me = '01930000-0000-7000-8000-0000000000aa';
export const aJobId = '01930000-0000-7000-8000-000000000001';

/** An empty document that tells of changes at once. */
export const anOpenDocument = (): OpenDocument => openDocument(new Y.Doc(), (run) => run());

/** The first id of an outcome that must be good. */
export function made(outcome: Outcome): string {
  expect(outcome).toMatchObject({ ok: true });
  return outcome.ok ? (outcome.ids[0] ?? '') : '';
}

export const create = (document: OpenDocument, object: Partial<commands.NewObject> = {}): string =>
  made(commands.createObject(document, { type: 'sticky', x: 0, y: 0, ...object }, me));

export const reason = (outcome: Outcome) => (outcome.ok ? undefined : outcome.reason);

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { InboxItem } from '@/api/types';
import { aRequest, ben } from '@/test/samples';
import { announce, nowLooking, shows } from './announce';

const at = '2026-11-20T10:00:00Z';
const item = (number: number, part: object = {}): InboxItem =>
  ({
    id: `mention-${number}`,
    kind: 'mention',
    mention: `m-${number}`,
    by: ben,
    note: 'n-1',
    text: 'secret words',
    at,
    workspace: { id: 'ws-1', name: 'Orchard', slug: 'orchard' },
    job: { id: `j-${number}`, number, title: 'Prune the trees' },
    ...part,
  }) as InboxItem;

let shown: { title: string; body: string; tag: string; onclick?: () => void; close: () => void }[] = [];
class FakeNotification {
  static permission: NotificationPermission = 'granted';
  onclick?: () => void;
  close = vi.fn();
  body: string;
  tag: string;
  constructor(
    readonly title: string,
    options: { body: string; tag: string },
  ) {
    this.body = options.body;
    this.tag = options.tag;
    shown.push(this);
  }
}
let focused = false;

beforeEach(() => {
  shown = [];
  focused = false;
  FakeNotification.permission = 'granted';
  vi.stubGlobal('Notification', FakeNotification);
  vi.spyOn(document, 'hasFocus').mockImplementation(() => focused);
  nowLooking(undefined);
  history.replaceState(null, '', '/w/orchard');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('inb_1: browser notifications', () => {
  test('one thing is named, a click opens it', () => {
    const open = vi.fn();
    announce([item(3)], open);
    expect(shown).toHaveLength(1);
    expect(shown[0]).toMatchObject({ title: 'Ben mentions you in a note', body: '#3 Prune the trees\nOrchard', tag: 'coord-mention-3' });
    shown[0]?.onclick?.();
    expect(open).toHaveBeenCalledExactlyOnceWith(item(3));
  });

  test('several come together and open the inbox', () => {
    const open = vi.fn();
    const asks = item(2, { kind: 'request', id: 'request-2', request: aRequest() });
    announce([item(1), asks, item(3), item(4)], open);
    expect(shown).toHaveLength(1);
    expect(shown[0]?.title).toBe('4 things need you');
    expect(shown[0]?.body.split('\n')).toHaveLength(3);
    expect(shown[0]?.body).toContain('#2 Prune the trees: An agent asks for permission');
    shown[0]?.onclick?.();
    expect(open).toHaveBeenCalledExactlyOnceWith(undefined);
  });

  test('nothing of the words that were written', () => {
    announce([item(1)], vi.fn());
    expect(JSON.stringify(shown)).not.toContain('secret');
  });

  test('never for what I am looking at, here or in another tab', () => {
    focused = true;
    history.replaceState(null, '', '/w/orchard/jobs/3?tab=notes');
    announce([item(3)], vi.fn());
    expect(shown).toHaveLength(0);
    announce([item(3), item(4)], vi.fn());
    expect(shown.map(({ tag }) => tag)).toEqual(['coord-mention-4']);
    focused = false;
    announce([item(3)], vi.fn());
    expect(shown, 'the window is behind another').toHaveLength(2);
    nowLooking('/w/orchard/jobs/3');
    announce([item(3)], vi.fn());
    expect(shown).toHaveLength(2);
  });

  test('never without permission', () => {
    FakeNotification.permission = 'default';
    announce([item(3)], vi.fn());
    expect(shown).toHaveLength(0);
  });

  test.each([
    ['/w/orchard/jobs/3', true],
    ['/w/orchard/jobs/33', false],
    ['/w/other/jobs/3', false],
    ['/w/orchard', false],
    ['/w/other/inbox', true],
    ['/w/orchard/canvases/c-1?job=3', true],
    ['/w/orchard/canvases/c-1?job=4', false],
  ])('%s shows it: %s', (address, expected) => {
    expect(shows(address, item(3))).toBe(expected);
  });
});

import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { keyOfPage, sheetGroups, shortcutList } from './shortcut-list';
import { useControlKey, useShortcuts } from './shortcuts';

function Keys({ bindings, onK }: { bindings: Record<string, () => void>; onK?: () => void }) {
  useShortcuts(bindings);
  useControlKey('k', onK ?? (() => {}));
  return <input aria-label="Field" />;
}

const press = (...keys: string[]) => {
  for (const key of keys) {
    fireEvent.keyDown(document.body, { key });
  }
};

test('WEB-4: two keys one after the other go to a page, and the second is not taken for one of its own', () => {
  const [go, board, create] = [vi.fn(), vi.fn(), vi.fn()];
  render(
    <>
      <Keys bindings={{ b: board, c: create }} />
      <Keys bindings={{ 'g b': go }} />
    </>,
  );
  press('g', 'b');
  expect([go, board].map((run) => run.mock.calls.length)).toEqual([1, 0]);
  press('b', 'c');
  expect([go, board, create].map((run) => run.mock.calls.length)).toEqual([1, 1, 1]);
  // Another key in between ends it.
  press('g', 'x', 'b');
  expect([go, board].map((run) => run.mock.calls.length)).toEqual([1, 2]);
});

test('WEB-4: no shortcut while somebody types, but for the one with Ctrl', () => {
  const [run, onK] = [vi.fn(), vi.fn()];
  render(<Keys bindings={{ c: run, 'g b': run, '/': run, '?': run }} onK={onK} />);
  const field = screen.getByLabelText('Field');
  for (const key of ['c', 'g', 'b', '/', '?']) {
    fireEvent.keyDown(field, { key });
  }
  fireEvent.keyDown(document.body, { key: 'c', ctrlKey: true });
  expect(run).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: 'k', ctrlKey: true });
  fireEvent.keyDown(document.body, { key: 'K', metaKey: true });
  expect(onK).toHaveBeenCalledTimes(2);
});

test('WEB-4: no shortcut below an open dialog', () => {
  const run = vi.fn();
  render(
    <>
      <Keys bindings={{ c: run }} onK={run} />
      <div role="alertdialog">Sure?</div>
    </>,
  );
  press('c');
  fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
  expect(run).not.toHaveBeenCalled();
});

test('WEB-4: the list has every shortcut that a page listens to', () => {
  const listed = new Set(shortcutList.flatMap(({ shortcuts }) => shortcuts.flatMap(({ on }) => on)));
  const sources = import.meta.glob<string>(['/src/**/*.{ts,tsx}', '!/src/**/*.test.*', '!/src/shared/lib/*'], {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const missing: string[] = [];
  for (const [file, source] of Object.entries(sources)) {
    for (const [, body] of source.matchAll(/useShortcuts\((\{[\s\S]*?\})(?:, \w+)?\);/g)) {
      for (const [, quoted, plain] of (body ?? '').matchAll(/(?:^|[{,]\s*)(?:'([^']+)'|(\w+)):\s*(?:\(|\w)/g)) {
        const key = quoted ?? plain ?? '';
        const isKey = key.length === 1 || key.includes(' ') || /^(escape|enter|home|end|delete|arrow\w+)$/.test(key);
        // A page may tell of its own keys itself.
        const own = source.includes('SheetGroup') && source.includes(`'${key.toUpperCase()}'`);
        if (isKey && !own && !listed.has(key)) {
          missing.push(`${key} in ${file}`);
        }
      }
    }
  }
  expect(missing).toEqual([]);
});

test('WEB-4: the sheet shows pages that are there', () => {
  const [, go] = sheetGroups(['Board', 'Members']);
  expect(go?.keys).toEqual([
    [['G', 'B'], 'Board'],
    [['G', 'M'], 'Members'],
  ]);
  expect(keyOfPage('Board')).toBe('g b');
  expect(keyOfPage('Elsewhere')).toBeUndefined();
});

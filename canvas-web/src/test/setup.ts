import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);

// Of a busy machine.
configure({ asyncUtilTimeout: 10_000 });

// jsdom has no layout, no media queries and no scrolling.
globalThis.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
})) as unknown as typeof matchMedia;

Element.prototype.scrollIntoView ??= () => undefined;

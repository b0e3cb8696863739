import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoredFile } from '@/api/types';
import { FilePreview, previewKind } from './file-preview';

const server = setupServer(
  http.get('*/api/v1/files/f-1/content', () => HttpResponse.text('<svg onload="alert(1)"><script>alert(2)</script></svg>')),
);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterAll(() => server.close());

test('file_3: only pictures that run nothing are drawn; pages and drawings are text, and the rest is only saved', () => {
  const kind = (name: string, size = 10) => previewKind({ name, size });
  expect(['a.PNG', 'b.jpeg', 'c.gif', 'd.webp'].map((name) => kind(name))).toEqual(['image', 'image', 'image', 'image']);
  expect(['x.svg', 'x.html', 'x.xml'].map((name) => kind(name))).toEqual(['text', 'text', 'text']);
  expect(['x.pdf', 'x.exe', 'x.png.zip', 'noending'].map((name) => kind(name))).toEqual([undefined, undefined, undefined, undefined]);
  expect([kind('x.md'), kind('x.patch'), kind('huge.png', 1e9)]).toEqual(['markdown', 'diff', undefined]);
});

test('file_3: a drawing is shown as its source, not as a drawing', async () => {
  const file: StoredFile = {
    id: 'f-1',
    job: 'j-1',
    kind: 'attachment',
    name: 'x.svg',
    size: 50,
    sha256: '',
    created_at: '2026-11-20T10:00:00Z',
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FilePreview file={file} onClose={() => undefined} />
    </QueryClientProvider>,
  );
  expect(await screen.findByText('<svg onload="alert(1)"><script>alert(2)</script></svg>')).toBeInTheDocument();
  expect(document.querySelector('svg[onload], img, iframe, object')).toBeNull();
});

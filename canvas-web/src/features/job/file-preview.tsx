import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { StoredFile } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { sizeWords } from '@/shared/lib/words';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { Dialog, DialogBody } from '@/shared/ui/dialog';
import { Markdown } from '@/shared/ui/markdown';

const DiffView = lazy(() => import('@/features/review/diff-view').then((m) => ({ default: m.DiffView })));

/** What is read of a text at most; the whole is downloaded. */
const MOST_TEXT = 256 * 1024;
/** Larger pictures are downloaded: to draw them takes many times their size. */
const MOST_IMAGE = 20 * 1024 * 1024;

export type PreviewKind = 'image' | 'text' | 'markdown' | 'diff';

const images = ['png', 'jpg', 'jpeg', 'gif', 'webp'];
const texts =
  'txt log csv tsv json jsonl yaml yml toml ini cfg conf env sh bash zsh py rb rs go js mjs cjs ts tsx jsx css scss sql c h cc cpp hpp java kt swift php pl lua r lock gitignore dockerfile makefile html htm xml svg';
const textual = new Set(texts.split(' '));

/** How a file can be looked at here; nothing for what is only to be saved. Pages and drawings are shown as their source, never run (FILE-3). */
export function previewKind(file: Pick<StoredFile, 'name' | 'size'>): PreviewKind | undefined {
  const name = file.name.toLowerCase();
  const ending = name.slice(name.lastIndexOf('.') + 1);
  if (images.includes(ending)) {
    return file.size <= MOST_IMAGE ? 'image' : undefined;
  }
  if (ending === 'md' || ending === 'markdown') {
    return 'markdown';
  }
  if (ending === 'diff' || ending === 'patch') {
    return 'diff';
  }
  return textual.has(ending) ? 'text' : undefined;
}

export function FilePreview({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const kind = previewKind(file);
  return (
    <Dialog open wide onClose={onClose} title={file.name} description={sizeWords(file.size)}>
      <DialogBody className="pb-5">
        {kind === 'image' ? (
          <img src={api.fileUrl(file.id)} alt={file.name} className="mx-auto max-h-[65vh] rounded-lg border object-contain" />
        ) : (
          <TextPreview file={file} kind={kind ?? 'text'} />
        )}
      </DialogBody>
    </Dialog>
  );
}

function TextPreview({ file, kind }: { file: StoredFile; kind: Exclude<PreviewKind, 'image'> }) {
  const text = useQuery({
    queryKey: keys.fileText(file.id),
    queryFn: () => api.fileText(file.id, MOST_TEXT),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (text.isPending) {
    return <Loading />;
  }
  if (text.isError) {
    return <ProblemNote error={text.error} onRetry={() => void text.refetch()} />;
  }
  const cut = file.size > MOST_TEXT;
  return (
    <>
      {kind === 'markdown' ? (
        <Markdown text={text.data} />
      ) : kind === 'diff' && !cut ? (
        <Suspense fallback={<Loading />}>
          <div className="-mx-4">
            <DiffView
              attempt={file.id}
              patch={text.data}
              split={false}
              comments={[]}
              earlier={[]}
              onComment={undefined}
              newSideOnly={false}
              onRemove={() => undefined}
            />
          </div>
        </Suspense>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        <pre tabIndex={0} className="overflow-x-auto whitespace-pre-wrap break-words rounded-lg border bg-bg p-3 font-mono text-xs">
          {stripAnsi(text.data)}
        </pre>
      )}
      {cut && <p className="mt-2 text-ink-3 text-xs">The first {sizeWords(MOST_TEXT)} are shown. Download the file for the rest.</p>}
    </>
  );
}

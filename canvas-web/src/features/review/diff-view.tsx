import { useCallback, useMemo, useRef, useState } from 'react';
import { type FileData, parseDiff } from 'react-diff-view';
import 'react-diff-view/style/index.css';
import './diff.css';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { FileList } from './file-list';
import { type FileProps, FileSection } from './file-section';
import { countsOf, MANY_LINES } from './pieces';

/** Files that are drawn at once; the others when they come near. */
const EAGER = 3;

/** A unified diff, file by file. */
export function DiffView({ patch, ...rest }: FileProps & { patch: string }) {
  const parsed = useMemo((): FileData[] | Error => {
    try {
      return parseDiff(patch, { nearbySequences: 'zip' });
    } catch (error) {
      return error instanceof Error ? error : new Error('The diff could not be read.');
    }
  }, [patch]);
  if (parsed instanceof Error) {
    return <ProblemNote className="mx-4" title="The diff could not be read" error={parsed} />;
  }
  if (parsed.length === 0) {
    return <p className="p-6 text-center text-ink-3 text-sm">Nothing changed.</p>;
  }
  return <Files files={parsed} {...rest} />;
}

function isSmall(file: FileData): boolean {
  const { added, removed } = countsOf(file);
  return added + removed <= MANY_LINES;
}

function Files({ files, ...rest }: FileProps & { files: FileData[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [closed, setClosed] = useState(() => new Set(files.filter((file) => !isSmall(file))));
  const [listed, setListed] = useState(files.length > 1 && files.length <= 12);
  const setOpen = useCallback(
    (file: FileData, open: boolean) =>
      setClosed((before) => {
        const after = new Set(before);
        if (open) after.delete(file);
        else after.add(file);
        return after;
      }),
    [],
  );
  const openers = useMemo(() => files.map((file) => (open: boolean) => setOpen(file, open)), [files, setOpen]);
  const heads = () => [...(box.current?.querySelectorAll<HTMLElement>('[data-file-head]') ?? [])];
  const jump = (at: number) => {
    const head = heads()[at];
    head?.focus({ preventScroll: true });
    head?.closest('section')?.scrollIntoView({ block: 'start' });
  };
  /** From the file that has the keyboard, else from the one at the top of the view. */
  const step = (by: 1 | -1) => {
    const all = heads();
    const inside = all.findIndex((head) => head.closest('section')?.contains(document.activeElement));
    const top = all.findIndex((head) => (head.closest('section')?.getBoundingClientRect().bottom ?? 0) > 160);
    const from = inside >= 0 ? inside : by > 0 ? top - 1 : top;
    jump(Math.max(0, Math.min(all.length - 1, from + by)));
  };
  useShortcuts({ n: () => step(1), p: () => step(-1) });
  const allClosed = closed.size === files.length;
  return (
    <div ref={box} className="flex flex-col gap-3 px-4 pb-4">
      {files.length > 1 && (
        <div className="flex flex-col gap-1.5">
          <FileList files={files} comments={rest.comments} open={listed} onOpen={setListed} onJump={jump} />
          <Button small look="ghost" className="self-end" onClick={() => setClosed(allClosed ? new Set() : new Set(files))}>
            {allClosed ? 'Unfold all' : 'Fold all'}
          </Button>
        </div>
      )}
      {files.map((file, at) => (
        <div key={`${file.oldPath}:${file.newPath}:${at}`} className="scroll-mt-12 [&>section]:scroll-mt-12">
          <FileSection file={file} open={!closed.has(file)} eager={at < EAGER} onOpen={openers[at] as (open: boolean) => void} {...rest} />
        </div>
      ))}
    </div>
  );
}

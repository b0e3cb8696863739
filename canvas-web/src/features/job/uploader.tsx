import { useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { keys } from '@/api/keys';
import type { FileKind, Job } from '@/api/types';
import { uploadFile } from '@/api/uploads';
import { ProblemNote } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { FilePicker } from '@/shared/ui/file-picker';

interface Upload {
  key: string;
  name: string;
  done: number;
  paused: boolean;
  cancel: AbortController;
  problem?: unknown;
}

let made = 0;

/** Files on their way, one after another: with progress, waiting out a lost connection, to be cancelled (FILE-4). */
export function Uploader({ job, kind }: { job: Job; kind: FileKind }) {
  const [uploads, setUploads] = useState<Upload[]>([]);
  const cache = useQueryClient();
  const queue = useRef(Promise.resolve());
  const change = (key: string, part: Partial<Upload>) =>
    setUploads((all) => all.map((each) => (each.key === key ? { ...each, ...part } : each)));
  const remove = (key: string) => setUploads((all) => all.filter((each) => each.key !== key));

  const send = async (file: File, { key, cancel }: Upload) => {
    if (cancel.signal.aborted) {
      return remove(key);
    }
    try {
      await uploadFile(job.id, kind, file, { signal: cancel.signal, onProgress: (progress) => change(key, progress) });
      remove(key);
    } catch (problem) {
      if (cancel.signal.aborted) {
        remove(key);
      } else {
        change(key, { problem });
      }
    }
    await cache.invalidateQueries({ queryKey: keys.files(job.id) });
  };
  const add = (files: File[]) => {
    for (const file of files) {
      const upload: Upload = { key: `upload-${made++}`, name: file.name, done: 0, paused: false, cancel: new AbortController() };
      setUploads((all) => [...all.filter(({ problem }) => problem === undefined), upload]);
      queue.current = queue.current.then(() => send(file, upload));
    }
  };

  const busy = uploads.some(({ problem }) => problem === undefined);
  useEffect(() => {
    if (!busy) {
      return;
    }
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);

  return (
    <div className="mt-2 flex flex-col gap-1.5">
      {uploads.map((upload) =>
        upload.problem === undefined ? (
          <div key={upload.key} className="flex items-center gap-2 rounded-lg border px-2.5 py-1.5 text-sm">
            <div className="min-w-0 flex-1">
              <p className="flex items-baseline gap-2">
                <span className="min-w-0 flex-1 truncate">{upload.name}</span>
                <span role="status" className={upload.paused ? 'text-progress text-xs' : 'text-ink-3 text-xs tabular-nums'}>
                  {upload.paused ? 'No connection: it goes on by itself' : `${Math.floor(upload.done * 100)} %`}
                </span>
              </p>
              <progress
                className="mt-1 block h-1 w-full appearance-none overflow-hidden rounded-full bg-sunken [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent"
                value={upload.done}
                aria-label={`Uploading ${upload.name}`}
              />
            </div>
            <IconButton small label={`Cancel the upload of ${upload.name}`} onClick={() => upload.cancel.abort()}>
              <X className="size-4" aria-hidden />
            </IconButton>
          </div>
        ) : (
          <ProblemNote key={upload.key} title={`${upload.name} was not uploaded`} error={upload.problem} />
        ),
      )}
      <FilePicker files={[]} onChange={add} label={kind === 'attachment' ? 'Attach' : 'Deliver'} />
    </div>
  );
}

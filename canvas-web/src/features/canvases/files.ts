/** Canvases as files: out of the page, and from the person's disk. */
import type { JobWords } from '@/canvas/document/files';
import type { LiveJobs } from './live-jobs';

/** Exports say title and state of those jobs only that this person may see (CAN-11). */
export const jobWords =
  (jobs: Pick<LiveJobs, 'job'>): JobWords =>
  (id) => {
    const job = jobs.job(id);
    return job ? { title: job.title, state: job.state } : null;
  };

export function download(content: Blob, name: string) {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const downloadJson = (file: unknown, name: string) =>
  download(new Blob([JSON.stringify(file, null, 2)], { type: 'application/json' }), name);

/** A name that every system takes. */
export const fileName = (name: string, ending: string): string =>
  `${
    name
      .replace(/[^\p{L}\p{N}_-]+/gu, ' ')
      .trim()
      .slice(0, 80) || 'canvas'
  }.${ending}`;

/** Lets the person choose a file; undefined when they do not. */
export function pickFile(accept: string): Promise<File | undefined> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accept;
    input.onchange = () => resolve(input.files?.[0]);
    input.oncancel = () => resolve(undefined);
    input.click();
  });
}

/** What a copy is called, in at most 200 characters. */
export const copyName = (name: string): string => `${[...name].slice(0, 190).join('')} (copy)`;

/** Uploads of files: small ones in one call, large ones in pieces that are taken up again after a break (FILE-4). */
import { answered, api, client, once } from './calls';
import { ApiProblem, problemFrom, unreachable } from './problem';
import type { FileKind, StoredFile, Upload } from './types';

/** From here on a file goes in pieces. */
export const IN_PIECES_FROM = 4 * 1024 * 1024;

/** Bytes of one piece: what is sent again at most when a connection breaks. */
const PIECE = 4 * 1024 * 1024;

/** Longest pause between two tries. */
const LONGEST_PAUSE_MS = 15_000;

/** How often the server may say that it stands elsewhere, one after another. */
const MOST_PLACES = 5;

export interface Progress {
  /** Part that is there, 0 to 1. */
  done: number;
  /** The server is not reached; it goes on by itself. */
  paused: boolean;
}

interface Options {
  onProgress?: (progress: Progress) => void;
  /** Ends it; nothing of it stays on the server. */
  signal?: AbortSignal;
  piece?: number;
}

export function uploadFile(job: string, kind: FileKind, file: File, options: Options = {}): Promise<StoredFile> {
  if (file.size < IN_PIECES_FROM) {
    return api.upload(job, kind, file, (done) => options.onProgress?.({ done, paused: false }));
  }
  return inPieces(job, kind, file, options);
}

const uploads = {
  mine: (job: string) => answered(client.GET('/api/v1/jobs/{job}/uploads', { params: { path: { job } } })),
  begin: (job: string, body: { kind: FileKind; name: string; size: number }) =>
    answered(client.POST('/api/v1/jobs/{job}/uploads', { params: { path: { job }, header: once() }, body })),
  get: (upload: string) => answered(client.GET('/api/v1/uploads/{upload}', { params: { path: { upload } } })),
  cancel: (upload: string) => answered(client.DELETE('/api/v1/uploads/{upload}', { params: { path: { upload } } })),
};

/** What tells a file chosen again from another one of the same name and size. */
const markOf = (upload: string) => `coord.upload.${upload}`;

/** The upload of this very file that broke off earlier, or a new one. One of another file in its place is given up. */
async function taken(job: string, kind: FileKind, file: File): Promise<Upload> {
  const earlier = (await uploads.mine(job)).find((each) => each.kind === kind && each.name === file.name);
  if (earlier) {
    if (earlier.size === file.size && localStorage.getItem(markOf(earlier.id)) === String(file.lastModified)) {
      return earlier;
    }
    await uploads.cancel(earlier.id);
  }
  const begun = await uploads.begin(job, { kind, name: file.name, size: file.size });
  localStorage.setItem(markOf(begun.id), String(file.lastModified));
  return begun;
}

/** Broken off, and worth another try: the server or the way to it is gone for now. */
const passes = (error: unknown) => error instanceof ApiProblem && (error.status === 0 || error.status >= 500 || error.status === 429);

export async function inPieces(job: string, kind: FileKind, file: File, options: Options): Promise<StoredFile> {
  const { onProgress, signal, piece = PIECE } = options;
  let upload: Upload | undefined;
  let tries = 0;
  const say = (offset: number, paused: boolean) => onProgress?.({ done: file.size === 0 ? 1 : offset / file.size, paused });
  const cancelled = () => signal?.aborted === true;
  try {
    for (;;) {
      signal?.throwIfAborted();
      try {
        // After a break the server knows best how far it got.
        upload = upload === undefined ? await taken(job, kind, file) : tries > 0 ? await uploads.get(upload.id) : upload;
        say(upload.offset, false);
        if (!upload.file) {
          const { id, offset }: Upload = upload;
          const after = await put(id, offset, file.slice(offset, offset + piece), (sent) => say(offset + sent, false), signal);
          if (!after.file && after.offset <= offset) {
            throw new Error('The file cannot be read any more. Choose it again.');
          }
          upload = after;
        }
        tries = 0;
        if (upload.file) {
          localStorage.removeItem(markOf(upload.id));
          return upload.file;
        }
      } catch (error) {
        const elsewhere = error instanceof ApiProblem && error.status === 409 && isUpload(error.current) ? error.current : undefined;
        if (cancelled() || !(passes(error) || (elsewhere && tries < MOST_PLACES))) {
          throw error;
        }
        tries += 1;
        if (elsewhere) {
          upload = elsewhere;
          continue;
        }
        say(upload?.offset ?? 0, true);
        await pause(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(tries - 1, 6)), signal);
      }
    }
  } catch (error) {
    if (cancelled() && upload && !upload.file) {
      localStorage.removeItem(markOf(upload.id));
      // It expires by itself when this is not heard.
      uploads.cancel(upload.id).catch(() => undefined);
    }
    throw error;
  }
}

function isUpload(value: unknown): value is Upload {
  return typeof value === 'object' && value !== null && 'offset' in value && 'id' in value;
}

/** Ends early when the browser says that it is online again, or when the upload is cancelled. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal?.addEventListener('abort', end);
  });
}

/** Sends one piece; XMLHttpRequest, since `fetch` tells no upload progress. */
function put(id: string, offset: number, piece: Blob, onSent: (bytes: number) => void, signal: AbortSignal | undefined): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/api/v1/uploads/${id}?offset=${offset}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = (event) => onSent(Math.min(event.loaded, piece.size));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300 && isUpload(request.response)) {
        resolve(request.response);
      } else {
        reject(problemFrom(new Response(null, { status: Math.max(request.status, 400) }), request.response));
      }
    };
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(piece);
  });
}

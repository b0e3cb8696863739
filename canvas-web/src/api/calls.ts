/** One function per call of the HTTP API. Everything that goes to the server over HTTP goes through here. */
import createClient from 'openapi-fetch';
import { problemFrom, unreachable } from './problem';
import type { paths } from './schema';
import type { Answer, CommandBody, CommandName, FileKind, NewJob, PatchJob, Role, StoredFile, TeamMember } from './types';

export const client = createClient<paths>({
  baseUrl: location.origin,
  credentials: 'same-origin',
  // Looked up at each call, so that tests can put another one in its place.
  fetch: (request) => globalThis.fetch(request),
});

/** The data of an answer; a refusal or a broken connection is thrown as a problem. */
export async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result: Awaited<typeof call>;
  try {
    result = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      throw error;
    }
    throw unreachable();
  }
  if (!result.response.ok) {
    throw problemFrom(result.response, result.error);
  }
  return result.data as T;
}

/** `crypto.randomUUID` exists on secure origins only, and a self-hosted server may be plain HTTP on a local network. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** So that a request sent twice makes one thing. */
export const once = () => ({ 'Idempotency-Key': newKey() });

export const limit = 200;

interface Paged<T> {
  items: T[];
  next?: string | null;
}

export async function allPages<T>(
  page: (cursor: string | undefined) => Promise<{ data?: Paged<T>; error?: unknown; response: Response }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const found = await answered(page(cursor));
    items.push(...found.items);
    cursor = found.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export const api = {
  setup: () => answered(client.GET('/api/v1/setup')),
  me: () => answered(client.GET('/api/v1/me')),
  register: (body: { email: string; name: string; password: string }) => answered(client.POST('/api/v1/auth/register', { body })),
  login: (body: { email: string; password: string }) => answered(client.POST('/api/v1/auth/login', { body })),
  logout: () => answered(client.POST('/api/v1/auth/logout')),

  workspaces: () => allPages((cursor) => client.GET('/api/v1/workspaces', { params: { query: { limit, cursor } } })),
  workspace: (ws: string, signal?: AbortSignal) => answered(client.GET('/api/v1/workspaces/{ws}', { params: { path: { ws } }, signal })),
  createWorkspace: (body: { name: string }) => answered(client.POST('/api/v1/workspaces', { params: { header: once() }, body })),
  members: (ws: string) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/members', { params: { path: { ws }, query: { limit, cursor } } })),
  setRole: (ws: string, user: string, role: Role) =>
    answered(client.PATCH('/api/v1/workspaces/{ws}/members/{user}', { params: { path: { ws, user } }, body: { role } })),
  removeMember: (ws: string, user: string) =>
    answered(client.DELETE('/api/v1/workspaces/{ws}/members/{user}', { params: { path: { ws, user } } })),
  invite: (ws: string, body: { email: string; role: Role }) =>
    answered(client.POST('/api/v1/workspaces/{ws}/invitations', { params: { path: { ws }, header: once() }, body })),
  acceptInvitation: (code: string) => answered(client.POST('/api/v1/invitations/{code}/accept', { params: { path: { code } } })),

  jobs: (ws: string, signal?: AbortSignal) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/jobs', { params: { path: { ws }, query: { limit, cursor } }, signal })),
  createJob: (ws: string, body: NewJob) =>
    answered(client.POST('/api/v1/workspaces/{ws}/jobs', { params: { path: { ws }, header: once() }, body })),
  patchJob: (job: string, body: PatchJob) => answered(client.PATCH('/api/v1/jobs/{job}', { params: { path: { job } }, body })),
  deleteJob: (job: string) => answered(client.DELETE('/api/v1/jobs/{job}', { params: { path: { job } } })),
  command: (job: string, command: CommandName, body: CommandBody) =>
    answered(
      client.POST('/api/v1/jobs/{job}/{command}', {
        params: { path: { job, command }, header: command === 'duplicate' ? once() : undefined },
        body,
      }),
    ),
  addDependency: (job: string, other: string) =>
    answered(client.PUT('/api/v1/jobs/{job}/dependencies/{other}', { params: { path: { job, other } } })),
  removeDependency: (job: string, other: string) =>
    answered(client.DELETE('/api/v1/jobs/{job}/dependencies/{other}', { params: { path: { job, other } } })),
  team: (job: string) => answered(client.GET('/api/v1/jobs/{job}/team', { params: { path: { job } } })),
  setTeam: (job: string, body: TeamMember[]) => answered(client.PUT('/api/v1/jobs/{job}/team', { params: { path: { job } }, body })),

  notes: (job: string) =>
    allPages((cursor) => client.GET('/api/v1/jobs/{job}/notes', { params: { path: { job }, query: { limit, cursor } } })),
  addNote: (job: string, body: string, mentions: string[] = []) =>
    answered(client.POST('/api/v1/jobs/{job}/notes', { params: { path: { job }, header: once() }, body: { body, mentions } })),
  retractNote: (note: string) => answered(client.POST('/api/v1/notes/{note}/retract', { params: { path: { note } } })),

  files: (job: string, kind: FileKind) =>
    allPages((cursor) => client.GET(`/api/v1/jobs/{job}/${kind}s`, { params: { path: { job }, query: { limit, cursor } } })),
  forgetAnnounced: (job: string) => answered(client.DELETE('/api/v1/jobs/{job}/attachments/announced', { params: { path: { job } } })),
  deleteFile: (file: string) => answered(client.DELETE('/api/v1/files/{file}', { params: { path: { file } } })),
  fileText: (file: string, most: number) =>
    answered(
      client.GET('/api/v1/files/{file}/content', {
        params: { path: { file }, header: { Range: `bytes=0-${most - 1}` } },
        parseAs: 'text',
      }),
    ) as Promise<string>,
  fileUrl: (file: string) => `/api/v1/files/${file}/content`,
  upload,

  attempts: async (job: string) => (await answered(client.GET('/api/v1/jobs/{job}/attempts', { params: { path: { job } } }))).items,
  log: (attempt: string, from: number, most: number, signal?: AbortSignal) =>
    answered(client.GET('/api/v1/attempts/{attempt}/log', { params: { path: { attempt }, query: { from, limit: most } }, signal })),
  diff: (attempt: string, since?: 'review') =>
    answered(client.GET('/api/v1/attempts/{attempt}/diff', { params: { path: { attempt }, query: { since } }, parseAs: 'text' })),
  sendMessage: (attempt: string, body: { body: string; interrupt: boolean }) =>
    answered(client.POST('/api/v1/attempts/{attempt}/messages', { params: { path: { attempt }, header: once() }, body })),

  openRequests: (ws: string, signal?: AbortSignal) =>
    allPages((cursor) =>
      client.GET('/api/v1/workspaces/{ws}/requests', { params: { path: { ws }, query: { open: true, limit, cursor } }, signal }),
    ),
  jobRequests: async (job: string) => (await answered(client.GET('/api/v1/jobs/{job}/requests', { params: { path: { job } } }))).items,
  answer: (request: string, body: Answer) =>
    answered(client.POST('/api/v1/requests/{request}/answer', { params: { path: { request } }, body })),

  myRunners: () => allPages((cursor) => client.GET('/api/v1/runners', { params: { query: { limit, cursor } } })),
  workspaceRunners: (ws: string, signal?: AbortSignal) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/runners', { params: { path: { ws }, query: { limit, cursor } }, signal })),
  createRunner: (body: { name: string; shared: boolean }) => answered(client.POST('/api/v1/runners', { params: { header: once() }, body })),
  patchRunner: (runner: string, body: { name?: string; shared?: boolean }) =>
    answered(client.PATCH('/api/v1/runners/{runner}', { params: { path: { runner } }, body })),
  removeRunner: (runner: string) => answered(client.DELETE('/api/v1/runners/{runner}', { params: { path: { runner } } })),
  disableRunner: (ws: string, runner: string, disabled: boolean) => {
    const at = { params: { path: { ws, runner } } };
    return disabled
      ? answered(client.PUT('/api/v1/workspaces/{ws}/runners/{runner}/disabled', at))
      : answered(client.DELETE('/api/v1/workspaces/{ws}/runners/{runner}/disabled', at));
  },
};

/** Uploads one file; XMLHttpRequest, since `fetch` tells no upload progress. */
function upload(job: string, kind: FileKind, file: File, onProgress?: (done: number) => void): Promise<StoredFile> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', file, file.name);
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/jobs/${job}/${kind}s`);
    request.setRequestHeader('idempotency-key', newKey());
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) {
        onProgress?.(event.loaded / event.total);
      }
    };
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) {
        resolve(body as StoredFile);
      } else {
        reject(problemFrom(new Response(null, { status: Math.max(request.status, 400) }), body));
      }
    };
    request.send(form);
  });
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

/** One function per call of the HTTP API. Everything that goes to the server over HTTP goes through here. */
import { ApiProblem, problemFrom, unreachable } from './problem';
import type {
  AgentRequest,
  Answer,
  Attempt,
  CommandBody,
  CommandName,
  CreatedRunner,
  FileKind,
  Invitation,
  Job,
  LogPage,
  Member,
  Message,
  NewJob,
  Note,
  Page,
  PatchJob,
  Role,
  RunnerView,
  Setup,
  StoredFile,
  TeamMember,
  User,
  Workspace,
} from './types';

type Query = Record<string, string | number | boolean | undefined>;

interface Options {
  body?: unknown;
  query?: Query;
  idempotent?: boolean;
  signal?: AbortSignal;
  text?: boolean;
}

async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) {
      url.searchParams.set(key, String(value));
    }
  }
  const headers: Record<string, string> = {};
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
  }
  if (options.idempotent) {
    headers['idempotency-key'] = newKey();
  }
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: 'same-origin',
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      throw error;
    }
    throw unreachable();
  }
  const raw = await response.text();
  if (!response.ok) {
    throw problemFrom(response, parse(raw));
  }
  return (options.text ? raw : parse(raw)) as T;
}

function parse(raw: string): unknown {
  if (raw === '') {
    return undefined;
  }
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

/** `crypto.randomUUID` exists on secure origins only, and a self-hosted server may be plain HTTP on a local network. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function allPages<T>(path: string, query: Query, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await call('GET', path, { query: { ...query, limit: 200, cursor }, signal });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export const api = {
  setup: () => call<Setup>('GET', '/setup'),
  me: () => call<User>('GET', '/me'),
  register: (body: { email: string; name: string; password: string }) => call<User>('POST', '/auth/register', { body }),
  login: (body: { email: string; password: string }) => call<User>('POST', '/auth/login', { body }),
  logout: () => call<void>('POST', '/auth/logout'),

  workspaces: () => allPages<Workspace>('/workspaces', {}),
  workspace: (ws: string, signal?: AbortSignal) => call<Workspace>('GET', `/workspaces/${ws}`, { signal }),
  createWorkspace: (body: { name: string }) => call<Workspace>('POST', '/workspaces', { body, idempotent: true }),
  members: (ws: string) => allPages<Member>(`/workspaces/${ws}/members`, {}),
  setRole: (ws: string, user: string, role: Role) => call<Member>('PATCH', `/workspaces/${ws}/members/${user}`, { body: { role } }),
  removeMember: (ws: string, user: string) => call<void>('DELETE', `/workspaces/${ws}/members/${user}`),
  invite: (ws: string, body: { email: string; role: Role }) =>
    call<Invitation>('POST', `/workspaces/${ws}/invitations`, { body, idempotent: true }),
  acceptInvitation: (code: string) => call<Workspace>('POST', `/invitations/${encodeURIComponent(code)}/accept`),

  jobs: (ws: string, signal?: AbortSignal) => allPages<Job>(`/workspaces/${ws}/jobs`, {}, signal),
  job: (job: string) => call<Job>('GET', `/jobs/${job}`),
  createJob: (ws: string, body: NewJob) => call<Job>('POST', `/workspaces/${ws}/jobs`, { body, idempotent: true }),
  patchJob: (job: string, body: PatchJob) => call<Job>('PATCH', `/jobs/${job}`, { body }),
  deleteJob: (job: string) => call<void>('DELETE', `/jobs/${job}`),
  command: (job: string, name: CommandName, body: CommandBody) => call<Job>('POST', `/jobs/${job}/${name}`, { body }),
  addDependency: (job: string, other: string) => call<void>('PUT', `/jobs/${job}/dependencies/${other}`),
  removeDependency: (job: string, other: string) => call<void>('DELETE', `/jobs/${job}/dependencies/${other}`),
  team: (job: string) => call<TeamMember[]>('GET', `/jobs/${job}/team`),
  setTeam: (job: string, body: TeamMember[]) => call<TeamMember[]>('PUT', `/jobs/${job}/team`, { body }),

  notes: (job: string) => allPages<Note>(`/jobs/${job}/notes`, {}),
  addNote: (job: string, body: string) => call<Note>('POST', `/jobs/${job}/notes`, { body: { body }, idempotent: true }),
  retractNote: (note: string) => call<Note>('POST', `/notes/${note}/retract`),

  files: (job: string, kind: FileKind) => allPages<StoredFile>(`/jobs/${job}/${kind}s`, {}),
  forgetAnnounced: (job: string) => call<void>('DELETE', `/jobs/${job}/attachments/announced`),
  deleteFile: (file: string) => call<void>('DELETE', `/files/${file}`),
  fileUrl: (file: string) => `/api/v1/files/${file}/content`,
  upload,

  attempts: (job: string) => allPages<Attempt>(`/jobs/${job}/attempts`, {}),
  log: (attempt: string, from: number, limit: number, signal?: AbortSignal) =>
    call<LogPage>('GET', `/attempts/${attempt}/log`, { query: { from, limit }, signal }),
  diff: (attempt: string, since?: 'review') => call<string>('GET', `/attempts/${attempt}/diff`, { query: { since }, text: true }),
  sendMessage: (attempt: string, body: { body: string; interrupt: boolean }) =>
    call<Message>('POST', `/attempts/${attempt}/messages`, { body, idempotent: true }),

  openRequests: (ws: string, signal?: AbortSignal) => allPages<AgentRequest>(`/workspaces/${ws}/requests`, { open: true }, signal),
  answer: (request: string, body: Answer) => call<AgentRequest>('POST', `/requests/${request}/answer`, { body }),

  myRunners: () => allPages<RunnerView>('/runners', {}),
  workspaceRunners: (ws: string, signal?: AbortSignal) => allPages<RunnerView>(`/workspaces/${ws}/runners`, {}, signal),
  createRunner: (body: { name: string; shared: boolean }) => call<CreatedRunner>('POST', '/runners', { body, idempotent: true }),
  patchRunner: (runner: string, body: { name?: string; shared?: boolean }) => call<RunnerView>('PATCH', `/runners/${runner}`, { body }),
  removeRunner: (runner: string) => call<void>('DELETE', `/runners/${runner}`),
  disableRunner: (ws: string, runner: string, disabled: boolean) =>
    call<void>(disabled ? 'PUT' : 'DELETE', `/workspaces/${ws}/runners/${runner}/disabled`),
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

export const isStale = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && error.status === 409 && error.rule === 'JOB-7';

/** Calls of the HTTP API about one's own account, invitations, a workspace's settings and its audit log. */
import { allPages, answered, client, limit, once } from './calls';
import type { components } from './schema';
import type { Role } from './types';

type Schemas = components['schemas'];

export type Session = Schemas['Session'];
export type Token = Schemas['Token'];
export type CreatedToken = Schemas['CreatedToken'];
export type Scope = Schemas['Scope'];
export type MailState = Schemas['MailState'];
export type PendingInvitation = Schemas['PendingInvitation'];
export type InvitationView = Schemas['InvitationView'];
export type PatchSettings = Schemas['PatchSettings'];
export type AuditLine = Schemas['AuditLine'];

export interface AuditFilter {
  actor?: string;
  act?: string;
  from?: string;
  to?: string;
}

export const people = {
  rename: (name: string) => answered(client.PATCH('/api/v1/me', { body: { name } })),
  changePassword: (body: { present: string; new: string; end_others: boolean }) => answered(client.POST('/api/v1/auth/password', { body })),
  forgot: (email: string) => answered(client.POST('/api/v1/auth/forgot', { body: { email } })),
  reset: (body: { code: string; password: string }) => answered(client.POST('/api/v1/auth/reset', { body })),
  register: (body: { email: string; name: string; password: string; invitation: string }) =>
    answered(client.POST('/api/v1/auth/register', { body })),

  sessions: async () => (await answered(client.GET('/api/v1/sessions'))).items,
  endSession: (session: string) => answered(client.DELETE('/api/v1/sessions/{session}', { params: { path: { session } } })),
  endSessions: (keep: boolean) => answered(client.DELETE('/api/v1/sessions', { params: { query: { keep_current: keep } } })),
  myAudit: async () => (await answered(client.GET('/api/v1/me/audit', { params: { query: { limit: 20 } } }))).items,

  tokens: () => allPages((cursor) => client.GET('/api/v1/tokens', { params: { query: { limit, cursor } } })),
  createToken: (body: { name: string; scopes: Scope[]; expires_in_days?: number }) =>
    answered(client.POST('/api/v1/tokens', { params: { header: once() }, body })),
  revokeToken: (id: string) => answered(client.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),

  invitation: (code: string) => answered(client.GET('/api/v1/invitations/{code}', { params: { path: { code } } })),
  invitations: (ws: string) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/invitations', { params: { path: { ws }, query: { limit, cursor } } })),
  resend: (ws: string, invitation: string) =>
    answered(client.POST('/api/v1/workspaces/{ws}/invitations/{invitation}/resend', { params: { path: { ws, invitation } } })),
  revoke: (ws: string, invitation: string) =>
    answered(client.DELETE('/api/v1/workspaces/{ws}/invitations/{invitation}', { params: { path: { ws, invitation } } })),

  patchWorkspace: (ws: string, body: { name?: string; settings?: PatchSettings; if_version: number }) =>
    answered(client.PATCH('/api/v1/workspaces/{ws}', { params: { path: { ws } }, body })),
  deleteWorkspace: (ws: string) => answered(client.DELETE('/api/v1/workspaces/{ws}', { params: { path: { ws } } })),
  setRole: (ws: string, user: string, role: Role) =>
    answered(client.PATCH('/api/v1/workspaces/{ws}/members/{user}', { params: { path: { ws, user } }, body: { role } })),

  audit: (ws: string, filter: AuditFilter, cursor: string | undefined) =>
    answered(client.GET('/api/v1/workspaces/{ws}/audit', { params: { path: { ws }, query: { ...filter, cursor, limit: 50 } } })),
  auditExport: (ws: string, filter: AuditFilter) => {
    const query = new URLSearchParams(Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1])));
    return `/api/v1/workspaces/${ws}/audit.jsonl${query.size > 0 ? `?${query}` : ''}`;
  },
};

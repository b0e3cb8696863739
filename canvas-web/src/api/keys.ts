/** Keys of the query cache. The feed writes under these, so they are spelled here only. */
export const keys = {
  me: ['me'] as const,
  setup: ['setup'] as const,
  workspaces: ['workspaces'] as const,
  jobs: (ws: string) => ['ws', ws, 'jobs'] as const,
  requests: (ws: string) => ['ws', ws, 'requests'] as const,
  runners: (ws: string) => ['ws', ws, 'runners'] as const,
  members: (ws: string) => ['ws', ws, 'members'] as const,
  folders: (ws: string) => ['ws', ws, 'folders'] as const,
  canvases: (ws: string) => ['ws', ws, 'canvases'] as const,
  myRunners: ['runners'] as const,
  attempts: (job: string) => ['job', job, 'attempts'] as const,
  notes: (job: string) => ['job', job, 'notes'] as const,
  files: (job: string) => ['job', job, 'files'] as const,
  team: (job: string) => ['job', job, 'team'] as const,
  diff: (attempt: string, since: string | undefined) => ['attempt', attempt, 'diff', since ?? 'base'] as const,
};

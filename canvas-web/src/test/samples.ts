/** Resources as the server sends them, for tests. */
import type { AgentRequest, Attempt, Job, LogEntry, RunnerView, Workspace } from '@/api/types';

export const ana = { id: 'u-ana', name: 'Ana' };
export const ben = { id: 'u-ben', name: 'Ben' };
const at = '2026-11-20T10:00:00Z';

export const aWorkspace = (part: Partial<Workspace> = {}): Workspace => ({
  id: 'ws-1',
  name: 'Orchard',
  slug: 'orchard',
  role: 'owner',
  settings: { default_priority: 'medium' },
  version: 1,
  feed_seq: 10,
  created_at: at,
  ...part,
});

export const aJob = (part: Partial<Job> = {}): Job => ({
  id: `j-${part.number ?? 1}`,
  number: 1,
  workspace: 'ws-1',
  title: 'Prune the trees',
  description: '',
  kind: 'agentic',
  state: 'backlog',
  agent: 'scripted',
  priority: 'medium',
  domains: [],
  private: false,
  position: `j${String((part.number ?? 1) * 1000).padStart(10, '0')}`,
  owner: ana,
  creator: ana,
  auto_ready: false,
  review: false,
  dependencies: [],
  dependents: [],
  may: ['contribute', 'operate', 'manage', 'manage_team', 'administer'],
  version: 1,
  created_at: at,
  updated_at: at,
  ...part,
});

export const anAttempt = (part: Partial<Attempt> = {}): Attempt => ({
  id: 'a-1',
  job: 'j-1',
  number: 1,
  agent: 'scripted',
  started_at: at,
  usage: { input_tokens: 0, output_tokens: 0, cost_usd: null, wall_ms: 0 },
  has_diff: false,
  log_head: 0,
  ...part,
});

export const aRequest = (part: Partial<AgentRequest> = {}): AgentRequest => ({
  id: 'q-1',
  workspace: 'ws-1',
  job: 'j-1',
  job_number: 1,
  job_title: 'Prune the trees',
  attempt: 'a-1',
  seq: 5,
  ask: {
    kind: 'permission',
    title: 'Edit trees/pear.txt',
    body: '',
    choices: [
      { id: 'c-once', label: 'Yes', kind: 'allow_once' },
      { id: 'c-always', label: 'Yes, and do not ask again', kind: 'allow_always' },
      { id: 'c-no', label: 'No', kind: 'deny' },
    ],
    free_text: false,
  },
  created_at: at,
  ...part,
});

export const aRunner = (part: Partial<RunnerView> = {}): RunnerView => ({
  id: 'r-1',
  name: 'box',
  owner: ana,
  shared: false,
  status: 'idle',
  agents: [{ name: 'scripted' }, { name: 'codex' }],
  concurrency: 1,
  running: 0,
  lifetime_jobs: 0,
  ...part,
});

type Body<T> = T extends unknown ? Omit<T, 'seq' | 'at'> : never;

/** Numbers the bodies of log entries from `first` on. */
export const entries = (bodies: Body<LogEntry>[], first = 1): LogEntry[] =>
  bodies.map((body, index) => ({ ...body, seq: first + index, at }) as LogEntry);

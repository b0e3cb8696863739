/** The resources of the HTTP API, under the names the app uses. */

export type Role = 'viewer' | 'member' | 'admin' | 'owner';
export type JobState = 'backlog' | 'ready' | 'in_progress' | 'awaiting_review' | 'done' | 'failed' | 'canceled';
export type Activity =
  | 'preparing'
  | 'running'
  | 'waiting_for_answer'
  | 'waiting_for_permission'
  | 'waiting_for_plan'
  | 'retrying'
  | 'stopping'
  | 'packaging'
  | 'merging'
  | 'merge_blocked'
  | 'checks_failed';
export type Priority = 'no_rush' | 'low' | 'medium' | 'high' | 'vip';
export type JobKind = 'agentic' | 'user';
export type Mode = 'plan' | 'edit';
export type ToolsPolicy = 'require_permission' | 'approve_all';
export type TeamRole = 'viewer' | 'editor' | 'lead';
export type BranchDecision = 'merge' | 'leave' | 'close';
export type Obstacle = 'offline' | 'disabled' | 'wrong_agent' | 'not_shared' | 'routing';
export type Outcome = 'completed' | 'changes_requested' | 'approved' | 'failed' | 'canceled' | 'lost';
export type FailureReason =
  | 'agent_crashed'
  | 'agent_not_started'
  | 'agent_protocol'
  | 'agent_silent'
  | 'not_signed_in'
  | 'agent_error'
  | 'git'
  | 'disk'
  | 'policy'
  | 'other';
export type FileKind = 'attachment' | 'deliverable';
export type RequestKind = 'permission' | 'question' | 'plan';
export type ChoiceKind = 'allow_once' | 'allow_always' | 'deny' | 'answer';
export type RunnerStatus = 'offline' | 'idle' | 'active' | 'disabled';
export type SystemLevel = 'info' | 'warning' | 'error';
export type ToolKind = 'read' | 'edit' | 'delete' | 'move' | 'search' | 'execute' | 'think' | 'fetch' | 'switch_mode' | 'other';
export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed';
export type PlanStatus = 'pending' | 'in_progress' | 'completed';
export type CommandName =
  | 'ready'
  | 'unready'
  | 'start'
  | 'submit'
  | 'complete'
  | 'approve'
  | 'request_changes'
  | 'retry'
  | 'cancel'
  | 'stop'
  | 'duplicate'
  | 'move';

type Maybe<T> = T | null;

export interface User {
  id: string;
  email: string;
  name: string;
  created_at: string;
}
export interface Person {
  id: string;
  name: string;
}
export interface Setup {
  first_run: boolean;
  registration_open: boolean;
}
export interface WorkspaceSettings {
  default_priority: Priority;
}
export interface Workspace {
  id: string;
  name: string;
  slug: string;
  role: Role;
  settings: WorkspaceSettings;
  version: number;
  feed_seq: number;
  created_at: string;
}
export interface Member {
  user: string;
  name: string;
  email: string;
  role: Role;
  joined_at: string;
}
export interface Invitation {
  code: string;
  url: string;
  expires_at: string;
}
export type Context = { type: 'local' } | { type: 'repository'; url: string; base_branch: string };
export interface TeamMember {
  user: string;
  role: TeamRole;
}
export interface RunnerObstacle {
  runner: string;
  name: string;
  why: Obstacle;
}
export type Hold =
  | { reason: 'dependencies_open'; jobs: number[] }
  | { reason: 'uploads_pending'; files: number }
  | { reason: 'no_runner'; runners: RunnerObstacle[] }
  | { reason: 'runners_busy'; jobs: number[] }
  | { reason: 'queued'; position: number }
  | { reason: 'repository_unreachable'; detail: string; retry_at: string };
export interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  cost_usd?: Maybe<number>;
  wall_ms?: number;
}
export interface Commit {
  id: string;
  subject: string;
}
export interface BranchReport {
  name: string;
  base_commit: string;
  head_commit: string;
  pushed: boolean;
  commits: Commit[];
  files_changed: number;
  insertions: number;
  deletions: number;
}
export interface LineComment {
  path: string;
  line: number;
  old?: boolean;
  body: string;
}
export interface Review {
  by: Person;
  at: string;
  approved: boolean;
  body: string;
  comments: LineComment[];
}
export interface Attempt {
  id: string;
  job: string;
  number: number;
  person?: Maybe<Person>;
  runner?: Maybe<string>;
  runner_name?: Maybe<string>;
  agent?: Maybe<string>;
  model?: Maybe<string>;
  started_at: string;
  ended_at?: Maybe<string>;
  outcome?: Maybe<Outcome>;
  failure?: Maybe<FailureReason>;
  summary?: Maybe<string>;
  usage: Usage;
  branch?: Maybe<BranchReport>;
  review?: Maybe<Review>;
  has_diff: boolean;
  log_head: number;
}
export interface Job {
  id: string;
  number: number;
  workspace: string;
  title: string;
  description: string;
  kind: JobKind;
  state: JobState;
  activity?: Maybe<Activity>;
  hold?: Maybe<Hold>;
  agent?: Maybe<string>;
  model?: Maybe<string>;
  mode?: Maybe<Mode>;
  tools_policy?: Maybe<ToolsPolicy>;
  routing?: Maybe<string>;
  context?: Maybe<Context>;
  priority: Priority;
  domains: string[];
  folder?: Maybe<string>;
  private: boolean;
  owner: Person;
  creator: Person;
  auto_ready: boolean;
  review: boolean;
  dependencies: string[];
  dependents: string[];
  duplicate_of?: Maybe<string>;
  merge_problem?: Maybe<string>;
  attempt?: Maybe<Attempt>;
  version: number;
  created_at: string;
  updated_at: string;
}
export interface NewJob {
  title: string;
  description?: string;
  agent?: Maybe<string>;
  model?: Maybe<string>;
  mode?: Maybe<Mode>;
  tools_policy?: Maybe<ToolsPolicy>;
  routing?: Maybe<string>;
  context?: Maybe<Context>;
  priority?: Maybe<Priority>;
  domains?: string[];
  folder?: Maybe<string>;
  private?: boolean;
  auto_ready?: boolean;
  review?: boolean;
  team?: TeamMember[];
  dependencies?: string[];
  expected_uploads?: number;
  state?: Maybe<JobState>;
}
export interface PatchJob {
  title?: Maybe<string>;
  description?: Maybe<string>;
  agent?: Maybe<string>;
  model?: Maybe<string>;
  mode?: Maybe<Mode>;
  tools_policy?: Maybe<ToolsPolicy>;
  routing?: Maybe<string>;
  context?: Maybe<Context>;
  priority?: Maybe<Priority>;
  domains?: Maybe<string[]>;
  folder?: Maybe<string>;
  private?: Maybe<boolean>;
  owner?: Maybe<string>;
  auto_ready?: Maybe<boolean>;
  review?: Maybe<boolean>;
  if_version?: Maybe<number>;
}
export interface CommandBody {
  if_version?: Maybe<number>;
  body?: Maybe<string>;
  comments?: LineComment[];
  branch?: Maybe<BranchDecision>;
  kill?: boolean;
  requeue?: Maybe<boolean>;
  state?: Maybe<JobState>;
}
export interface Note {
  id: string;
  job: string;
  attempt?: Maybe<number>;
  author: Person;
  body?: Maybe<string>;
  created_at: string;
  retracted_by?: Maybe<Person>;
  retracted_at?: Maybe<string>;
}
export interface StoredFile {
  id: string;
  job: string;
  attempt?: Maybe<string>;
  kind: FileKind;
  name: string;
  size: number;
  sha256: string;
  uploaded_by?: Maybe<Person>;
  created_at: string;
}
export interface Choice {
  id: string;
  label: string;
  kind: ChoiceKind;
}
export interface Ask {
  kind: RequestKind;
  title: string;
  body: string;
  tool_call?: Maybe<string>;
  diff?: Maybe<string>;
  choices: Choice[];
  free_text: boolean;
}
export interface Answer {
  choice?: Maybe<string>;
  body?: Maybe<string>;
}
export interface AgentRequest {
  id: string;
  workspace: string;
  job: string;
  job_number: number;
  job_title: string;
  attempt: string;
  seq: number;
  ask: Ask;
  created_at: string;
  answer?: Maybe<Answer>;
  answered_by?: Maybe<Person>;
  closed_at?: Maybe<string>;
}
export interface AgentInfo {
  name: string;
  version?: Maybe<string>;
}
export interface RunnerView {
  id: string;
  name: string;
  owner: Person;
  shared: boolean;
  status: RunnerStatus;
  agents: AgentInfo[];
  platform?: Maybe<string>;
  version?: Maybe<string>;
  concurrency: number;
  running: number;
  lifetime_jobs: number;
  last_seen_at?: Maybe<string>;
}
export interface CreatedRunner {
  id: string;
  token: string;
}
export interface Message {
  id: string;
  attempt: string;
  from: Person;
  body: string;
  interrupt: boolean;
  created_at: string;
}
export interface FileDiff {
  path: string;
  diff: string;
}
export interface PlanStep {
  text: string;
  status: PlanStatus;
}
export type LogEntry = { seq: number; at: string } & (
  | { kind: 'system'; text: string; level?: SystemLevel }
  | { kind: 'text'; text: string }
  | { kind: 'thought'; text: string }
  | { kind: 'user_message'; message?: Maybe<string>; from: string; text: string }
  | {
      kind: 'tool_call';
      tool_call: string;
      title: string;
      tool?: ToolKind;
      status?: ToolStatus;
      paths?: string[];
      content?: Maybe<string>;
      diffs?: FileDiff[];
    }
  | {
      kind: 'tool_update';
      tool_call: string;
      title?: Maybe<string>;
      status?: Maybe<ToolStatus>;
      content?: Maybe<string>;
      diffs?: FileDiff[];
    }
  | { kind: 'plan'; steps: PlanStep[] }
  | { kind: 'request'; request: string; ask: Ask }
  | { kind: 'answer'; request: string; answer: Answer; by: string }
  | { kind: 'usage'; usage: Usage }
  | { kind: 'output'; tool_call?: Maybe<string>; text: string }
);
export interface LogPage {
  items: LogEntry[];
  head: number;
}
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  rule?: string;
  errors?: Record<string, string>;
  current?: unknown;
}
export type FeedEvent = { seq: number; at: string } & (
  | { type: 'job.created' | 'job.changed'; job: Job }
  | { type: 'job.deleted'; id: string }
  | { type: 'runner.changed'; runner: RunnerView }
  | { type: 'runner.removed'; id: string }
  | { type: 'request.opened' | 'request.answered'; request: AgentRequest }
  | { type: 'note.added'; note: Note }
  | { type: 'note.retracted'; job: string; id: string }
  | { type: 'files.changed'; job: string }
  | { type: 'member.changed'; user: string }
  | { type: 'workspace.changed' }
);
export type FeedControl = { type: 'reset' | 'caught'; seq: number };
export type FeedMessage = FeedEvent | FeedControl;
export interface Page<T> {
  items: T[];
  next?: Maybe<string>;
}

import type { ActivityEntry, ActivityKind, JobState, Role } from '@/api/types';
import { stateWords } from '@/shared/lib/words';

export const kindWords: Record<ActivityKind, string> = {
  jobs: 'Jobs created and edited',
  moves: 'Moves of jobs',
  requests: 'Agents’ requests',
  notes: 'Notes',
  files: 'Files',
  dependencies: 'Dependencies',
  members: 'Members',
  canvases: 'Canvases',
  workspace: 'Workspace',
};

export const kinds = Object.keys(kindWords) as ActivityKind[];

const roleWords: Record<Role, string> = { owner: 'the owner', admin: 'an admin', member: 'a member', viewer: 'a viewer' };

/** A line in pieces: who did it, what they did, and to what; `{job}`, `{other}`, `{canvas}`, `{user}` and `{file}` are put in as links and names. */
export interface Line {
  by: string | undefined;
  words: string;
}

/** What a person's command is called, where a plain "moved" says less. */
const moved: Partial<Record<string, string>> = {
  ready: 'made {job} ready',
  unready: 'put {job} back to Staged',
  start: 'started {job}',
  submit: 'handed {job} in for review',
  complete: 'completed {job}',
  approve: 'approved {job}',
  request_changes: 'asked for changes on {job}',
  retry: 'sent {job} round again',
  cancel: 'canceled {job}',
  stop: 'stopped {job}',
};

const went: Record<JobState, string> = {
  backlog: '{job} went back to Staged',
  ready: '{job} became ready',
  in_progress: 'Work on {job} began',
  awaiting_review: '{job} waits for a review',
  done: '{job} is done',
  failed: '{job} failed',
  canceled: '{job} was canceled',
};

const edited: Partial<Record<string, string>> = {
  edit: 'edited {job}',
  team: 'changed the team of {job}',
  stop: 'asked {job} to stop',
  approve: 'approved {job}',
};

const canvases: Partial<Record<string, string>> = {
  created: 'created the canvas {canvas}',
  renamed: 'renamed the canvas {canvas}',
  locked: 'locked the canvas {canvas}',
  unlocked: 'unlocked the canvas {canvas}',
  handed_over: 'handed the canvas {canvas} over',
};

function memberWords({ act, role, user }: ActivityEntry): Line | undefined {
  const name = user?.name;
  switch (act) {
    case 'joined':
      return { by: name, words: role ? `joined as ${roleWords[role]}` : 'joined' };
    case 'left':
      return { by: name, words: 'left the workspace' };
    case 'renamed':
      return { by: name, words: 'has another name' };
    case 'removed':
      return undefined;
    default:
      return act === 'role' ? undefined : { by: name, words: 'came, left or has another role' };
  }
}

/** What happened, as a sentence. */
export function lineOf(entry: ActivityEntry): Line {
  const by = entry.by?.name;
  const say = (personal: string, impersonal: string): Line => (by ? { by, words: personal } : { by: undefined, words: impersonal });
  switch (entry.what) {
    case 'job.created':
      return say('created {job}', '{job} was created');
    case 'job.deleted':
      return say('deleted {job}', '{job} was deleted');
    case 'job.changed':
      if (entry.kind === 'dependencies') {
        return entry.act === 'removed'
          ? say('let {job} no longer wait for {other}', '{job} no longer waits for {other}')
          : say('made {job} wait for {other}', '{job} waits for {other}');
      }
      if (entry.to) {
        const plain = `moved {job} to ${stateWords[entry.to]}`;
        return say((entry.act && moved[entry.act]) || plain, went[entry.to]);
      }
      return say((entry.act && edited[entry.act]) || 'changed {job}', '{job} changed');
    case 'request.opened':
      return { by: undefined, words: 'The agent on {job} asked' };
    case 'request.answered':
      return say('answered the agent on {job}', 'A request on {job} was settled without a person');
    case 'note.added':
      return say('noted on {job}', 'A note on {job}');
    case 'note.retracted':
      return say('retracted a note on {job}', 'A note on {job} was retracted');
    case 'files.changed':
      if (!entry.file) {
        return say('changed the files of {job}', 'The files of {job} changed');
      }
      return entry.act === 'removed'
        ? say('removed {file} from {job}', '{file} was removed from {job}')
        : say('added {file} to {job}', 'The agent added {file} to {job}');
    case 'member.changed':
      return (
        memberWords(entry) ??
        (entry.act === 'removed'
          ? say('removed {user} from the workspace', '{user} was removed')
          : say(`made {user} ${entry.role ? roleWords[entry.role] : 'something else'}`, '{user} has another role'))
      );
    case 'canvas.changed':
      return say((entry.act && canvases[entry.act]) || 'changed the canvas {canvas}', 'The canvas {canvas} changed');
    case 'canvas.deleted':
      return say('deleted the canvas {canvas}', 'The canvas {canvas} was deleted');
    case 'workspace.changed':
      return say('changed the workspace’s settings', 'The workspace’s settings changed');
    default:
      return say('did something', 'Something happened');
  }
}

/** `Today`, `Yesterday`, `Monday, 3 March`. */
export function dayWords(at: string, now: number): string {
  const day = new Date(at);
  const midnight = (time: Date) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
  const days = Math.round((midnight(new Date(now)) - midnight(day)) / 86_400_000);
  if (days <= 1) {
    return days < 1 ? 'Today' : 'Yesterday';
  }
  const year = day.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return day.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', year });
}

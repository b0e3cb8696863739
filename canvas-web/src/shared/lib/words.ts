/** The product's words on screen: states, activities, holds and outcomes, said plainly and in one place. */
import type {
  Activity,
  FailureReason,
  Hold,
  JobState,
  Mode,
  Obstacle,
  Outcome,
  Pause,
  Priority,
  RunnerObstacle,
  RunnerStatus,
  ToolsPolicy,
  Usage,
} from '@/api/types';

export const stateWords: Record<JobState, string> = {
  backlog: 'Staged',
  ready: 'Ready',
  in_progress: 'In progress',
  awaiting_review: 'Review',
  done: 'Done',
  failed: 'Failed',
  canceled: 'Canceled',
};

export const boardStates: JobState[] = ['backlog', 'ready', 'in_progress', 'awaiting_review', 'done', 'failed'];

export const activityWords: Record<Activity, string> = {
  preparing: 'Preparing the working folder',
  running: 'Working',
  waiting_for_answer: 'Waiting for an answer',
  waiting_for_permission: 'Waiting for permission',
  waiting_for_plan: 'Plan waits to be accepted',
  retrying: 'Retrying after an error',
  stopping: 'Stopping',
  packaging: 'Packing up the result',
  merging: 'Merging',
  merge_blocked: 'Merge blocked',
  checks_failed: 'Checks failed',
};

export const waitsForPeople = (activity: Activity | null | undefined): boolean =>
  activity === 'waiting_for_answer' || activity === 'waiting_for_permission' || activity === 'waiting_for_plan';

export const priorityWords: Record<Priority, string> = {
  no_rush: 'No rush',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  vip: 'VIP',
};
export const priorities: Priority[] = ['vip', 'high', 'medium', 'low', 'no_rush'];

export const modeWords: Record<Mode, string> = { edit: 'Edit from the start', plan: 'Plan first, edit once accepted' };

export const toolsWords: Record<ToolsPolicy, string> = {
  require_permission: 'Ask people for permission',
  approve_all: 'Allow everything',
};

export const outcomeWords: Record<Outcome, string> = {
  completed: 'Completed',
  changes_requested: 'Changes requested',
  approved: 'Approved',
  failed: 'Failed',
  canceled: 'Stopped',
  lost: 'Runner lost',
};

export const failureWords: Record<FailureReason, string> = {
  agent_crashed: 'The agent ended before it was finished. Retry; if it happens again, the end of the log says more.',
  agent_not_started: 'The agent could not be started. Check its command in the runner’s configuration.',
  agent_protocol: 'The agent did not speak the Agent Client Protocol. Check its command in the runner’s configuration.',
  agent_silent: 'The agent did not answer at its start. Try it on the runner’s machine, then retry.',
  not_signed_in: 'The agent is not signed in on the runner’s machine. Sign in there, then retry.',
  agent_error: 'The agent ended its turn with an error. Its words follow.',
  refused: 'The agent refused to do it. Change the description, then retry.',
  rate_limited: 'The agent’s model allows no more for now. Retry later, or with another agent.',
  service_error: 'The service of the agent’s model failed or was overloaded. Retry later.',
  network: 'A service could not be reached from the runner’s machine. Check its connection, then retry.',
  stalled: 'The agent was silent for longer than the runner’s owner allows. Retry, or let it be silent for longer.',
  resource_limit: 'The agent reached a limit that the owner of the runner set.',
  git: 'The repository or its branch could not be used. Check its address and the runner’s access to it.',
  disk: 'The runner’s disk is full or not writable. Make room there, then retry.',
  policy: 'The owner of the runner does not allow this.',
  other: 'Something went wrong.',
};

/** When trying again may help; empty once it does. */
export function retryAtWords(at: string | null | undefined, now: number): string {
  const left = at ? Date.parse(at) - now : 0;
  if (!(at && left > 0)) {
    return '';
  }
  const day = left < 20 * 3_600_000 ? undefined : ({ weekday: 'short', day: 'numeric', month: 'short' } as const);
  const time = new Date(at).toLocaleString(undefined, { ...day, hour: '2-digit', minute: '2-digit' });
  return `It may go on from ${time}, in ${durationWords(left)}.`;
}

/** What failed in a few words, where the agent's own may not say it. */
export const briefFailure: Partial<Record<FailureReason, string>> = {
  not_signed_in: 'Not signed in',
  refused: 'Agent refused',
  rate_limited: 'Rate limit reached',
  service_error: 'Model’s service failed',
  network: 'Service not reached',
  agent_crashed: 'Agent ended early',
  stalled: 'Agent was silent',
};

/** Why an agent at work does nothing at the moment (AGT-7). */
export function pauseWords(pause: Pause, now: number): { short: string; long: string } {
  if (pause.pause === 'silent') {
    const silent = durationWords(Math.max(60_000, Math.floor((now - Date.parse(pause.since)) / 60_000) * 60_000));
    return {
      short: `Silent for ${silent}`,
      long: `The agent has said nothing for ${silent}. Its process is alive: it may be thinking or running something long. Wait, write to it, or stop it.`,
    };
  }
  const left = Date.parse(pause.until) - now;
  const when = left <= 0 ? 'now' : `in ${durationWords(left)}`;
  const what = briefFailure[pause.reason] ?? 'An error';
  return {
    short: `${what}: goes on ${when}`,
    long: `${what}. The agent goes on by itself ${when} (retry ${pause.retry} of ${pause.limit}). It can be stopped meanwhile.`,
  };
}

/** Whether an agent was sandboxed; nothing while nobody told. */
export function sandboxWords(sandboxed: boolean | null | undefined) {
  if (sandboxed == null) return undefined;
  return sandboxed ? 'sandboxed' : 'not sandboxed';
}

export const obstacleWords: Record<Obstacle, string> = {
  offline: 'is offline',
  disabled: 'is disabled in this workspace',
  wrong_agent: 'does not have this agent',
  not_shared: 'is private to its owner',
  routing: 'is not where this job is routed',
  policy: 'does not serve it, by the configuration on its machine',
  stopping: 'takes no new jobs now',
  busy: 'works on as much as it takes at once',
};

/** What would let one of the runners take the job. */
function liftWords(runners: readonly RunnerObstacle[]): string {
  const some = (why: Obstacle) => runners.some((runner) => runner.why === why);
  if (some('offline') || some('stopping')) {
    return 'Start a runner, and the job is taken within a moment.';
  }
  if (some('disabled')) {
    return 'An admin of the workspace can enable it again.';
  }
  if (some('policy')) {
    return 'Its owner can let it in, in the configuration on the machine (RUN-9), or route the job to another runner.';
  }
  return 'Change the agent or the routing of the job, or share a runner that has the agent.';
}

export const runnerStatusWords: Record<RunnerStatus, string> = {
  offline: 'Offline',
  idle: 'Idle',
  active: 'Working',
  disabled: 'Disabled here',
};

/** `#1`, `#1 and #2`, `#1, #2 and 3 more`. */
export function jobList(numbers: number[]): string {
  const shown = numbers.length > 3 ? numbers.slice(0, 2) : numbers;
  const words = shown.map((number) => `#${number}`);
  if (numbers.length > shown.length) {
    return `${words.join(', ')} and ${numbers.length - shown.length} more`;
  }
  if (words.length < 2) {
    return words.join('');
  }
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

export interface HoldWords {
  /** Fits on a card. */
  short: string;
  /** What holds the job, in a sentence. */
  long: string;
  /** What would lift it. */
  lift: string;
}

/** Says why a Ready job is not running and what would lift it (JOB-9). */
export function holdWords(hold: Hold, now: number): HoldWords {
  switch (hold.reason) {
    case 'dependencies_open': {
      const jobs = [jobList(hold.jobs), hold.hidden ? 'a private job' : ''].filter(Boolean).join(' and ');
      return {
        short: `Waits for ${jobs}`,
        long: `It depends on ${jobs}, not done yet.`,
        lift:
          hold.jobs.length + Number(hold.hidden === true) === 1
            ? 'It goes on by itself when that job is done.'
            : 'It goes on by itself when those jobs are done.',
      };
    }
    case 'uploads_pending': {
      const files = hold.files === 1 ? '1 attachment' : `${hold.files} attachments`;
      return { short: `Waits for ${files}`, long: `${files} still to be uploaded.`, lift: 'Finish the uploads under Files.' };
    }
    case 'no_runner': {
      if (hold.runners.length === 0) {
        return {
          short: 'No runner',
          long: 'There is no runner that could take this job.',
          lift: 'Set up a runner on a machine of yours, or route the job to a shared one.',
        };
      }
      const first = hold.runners[0];
      const only = hold.runners.length === 1 && first ? first : undefined;
      return {
        short: only ? `${only.name} ${obstacleWords[only.why]}` : 'No runner available',
        long: only ? `The runner ${only.name} ${obstacleWords[only.why]}.` : 'None of the runners can take this job now:',
        lift: liftWords(hold.runners),
      };
    }
    case 'runners_busy':
      return {
        short: hold.jobs.length > 0 ? `Runners busy with ${jobList(hold.jobs)}` : 'Runners busy',
        long:
          hold.jobs.length > 0
            ? `Every runner that may take it is busy, with ${jobList(hold.jobs)}.`
            : 'Every runner that may take it is busy.',
        lift: 'It starts when a slot is free.',
      };
    case 'queued':
      return {
        short: hold.position === 1 ? 'Next in line' : `Number ${hold.position} in line`,
        long:
          hold.position === 1
            ? 'It is the next to be taken.'
            : `${hold.position - 1} ${hold.position === 2 ? 'job is' : 'jobs are'} before it in line.`,
        lift: 'A higher priority moves it forward.',
      };
    case 'repository_unreachable': {
      const seconds = Math.max(0, Math.round((Date.parse(hold.retry_at) - now) / 1000));
      const when = seconds === 0 ? 'now' : seconds < 90 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
      return {
        short: 'Repository not reached',
        long: `The runner could not reach the repository: ${hold.detail}`,
        lift: `It is tried again ${when}.`,
      };
    }
  }
}

/** `12.3k tokens · $0.42 · 3 min`. */
export function usageWords(usage: Partial<Usage>): string {
  const parts: string[] = [];
  const tokens = (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);
  if (tokens > 0) {
    parts.push(`${compact(tokens)} tokens`);
  }
  if (usage.cost_usd != null) {
    parts.push(`$${usage.cost_usd.toFixed(usage.cost_usd < 1 ? 3 : 2)}`);
  }
  if ((usage.wall_ms ?? 0) > 0) {
    parts.push(durationWords(usage.wall_ms ?? 0));
  }
  return parts.join(' · ');
}

export function compact(value: number): string {
  if (value < 1000) {
    return String(value);
  }
  return value < 1_000_000 ? `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)}k` : `${(value / 1_000_000).toFixed(1)}M`;
}

export function durationWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min${seconds % 60 > 0 && minutes < 10 ? ` ${seconds % 60} s` : ''}`;
  }
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `just now`, `5 min ago`, `3 h ago`, `12 Mar`. */
export function agoWords(at: string, now: number): string {
  const seconds = Math.round((now - Date.parse(at)) / 1000);
  if (seconds < 45) {
    return 'just now';
  }
  if (seconds < 3600) {
    return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  }
  if (seconds < 86_400) {
    return `${Math.round(seconds / 3600)} h ago`;
  }
  if (seconds < 7 * 86_400) {
    return `${Math.round(seconds / 86_400)} d ago`;
  }
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function sizeWords(bytes: number): string {
  if (bytes < 1024) {
    return `${bytes} B`;
  }
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Markdown without its marks, for a line or two of preview. */
export const plainWords = (markdown: string): string => markdown.replace(/```[^\n]*\n?|[*_`#>]+/g, '').trim();

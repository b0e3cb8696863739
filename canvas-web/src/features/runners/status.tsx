import type { RunnerView } from '@/api/types';
import { cx } from '@/shared/lib/cx';
import { agoWords, runnerStatusWords } from '@/shared/lib/words';

const looks: Record<RunnerView['status'], { dot: string; text: string }> = {
  offline: { dot: 'border-2 border-line-strong', text: 'text-ink-3' },
  idle: { dot: 'bg-done', text: 'text-done' },
  active: { dot: 'bg-progress animate-pulse-slow', text: 'text-progress' },
  disabled: { dot: 'border-2 border-failed', text: 'text-failed' },
};

export function RunnerStatusMark({ runner }: { runner: RunnerView }) {
  const look = looks[runner.status];
  return (
    <span className={cx('inline-flex items-center gap-1.5 whitespace-nowrap font-medium text-xs', look.text)}>
      <span className={cx('size-2.5 shrink-0 rounded-full', look.dot)} aria-hidden />
      {runnerStatusWords[runner.status]}
    </span>
  );
}

/** When it was last heard of. One that is connected says something every few seconds, so its last time is not news. */
export function seenWords(runner: RunnerView, now: number): string {
  if (!runner.last_seen_at) {
    return 'never connected';
  }
  return runner.status === 'idle' || runner.status === 'active' ? 'just now' : agoWords(runner.last_seen_at, now);
}

/** Jobs it works on, of as many as it takes at once. One that never connected has not told how many. */
export const nowWords = (runner: RunnerView): string => (runner.concurrency === 0 ? '–' : `${runner.running} of ${runner.concurrency}`);

export const agentsWords = (runner: RunnerView): string[] =>
  runner.agents.map((agent) => (agent.version ? `${agent.name} ${agent.version}` : agent.name));

import type { Job, Pause } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { useNow } from '@/shared/lib/now';
import { activityWords, pauseWords } from '@/shared/lib/words';

/** What is going on with a job: while its agent runs, the tool it used last (CAN-5), else the word for it. */
export function Doing({ job }: { job: Job }) {
  const { activity, attempt } = job;
  if (!activity) {
    return null;
  }
  if (job.pause) {
    return <Paused pause={job.pause} />;
  }
  const tool = activity === 'running' ? attempt?.last_tool : undefined;
  const title = tool && stripAnsi(tool.title).trim();
  if (!tool || !title) {
    return activityWords[activity];
  }
  return (
    <span title={`${activityWords[activity]}: ${title}`}>
      <span className="sr-only">{activityWords[activity]}: </span>
      {title}
      {tool.status === 'failed' && <span className="text-failed"> (failed)</span>}
    </span>
  );
}

/** Why an agent at work does nothing at the moment: its minutes count on by themselves. */
export function Paused({ pause }: { pause: Pause }) {
  const { short, long } = pauseWords(pause, useNow());
  return <span title={long}>{short}</span>;
}

import type { Job } from '@/api/types';
import { stripAnsi } from '@/shared/lib/ansi';
import { activityWords } from '@/shared/lib/words';

/** What is going on with a job: while its agent runs, the tool it used last (CAN-5), else the word for it. */
export function Doing({ job }: { job: Job }) {
  const { activity, attempt } = job;
  if (!activity) {
    return null;
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

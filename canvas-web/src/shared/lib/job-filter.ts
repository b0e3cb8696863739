/** Which jobs are looked for: by words, and by one or several agents, labels, people and priorities. */
import type { Job, Priority } from '@/api/types';

export interface JobFilter {
  q?: string;
  agent?: readonly string[];
  domain?: readonly string[];
  person?: readonly string[];
  priority?: readonly Priority[];
}

/** Stands among the agents for jobs that people do. */
export const PEOPLE = 'people';

const haystacks = new WeakMap<Job, string>();

/** Everything of a job that words are looked for in; made once per job, since each event brings new lists but few new jobs. */
function haystack(job: Job): string {
  const known = haystacks.get(job);
  if (known !== undefined) {
    return known;
  }
  const made =
    `#${job.number} ${job.title} ${job.agent ?? ''} ${job.domains.join(' ')} ${job.folder ?? ''} ${job.owner.name} ${job.creator.name} ${job.description}`.toLowerCase();
  haystacks.set(job, made);
  return made;
}

export const isFiltered = (filter: JobFilter): boolean =>
  Boolean(filter.q || filter.agent?.length || filter.domain?.length || filter.person?.length || filter.priority?.length);

/** Several values of one kind widen, kinds narrow together; every word must be found somewhere. */
export function matches(job: Job, filter: JobFilter): boolean {
  const { agent, domain, person, priority, q } = filter;
  if (agent?.length && !agent.some((name) => name === job.agent || (name === PEOPLE && job.kind === 'user'))) return false;
  if (domain?.length && !domain.some((name) => job.domains.includes(name))) return false;
  if (person?.length && !person.some((id) => id === job.owner.id || id === job.creator.id || id === job.attempt?.person?.id)) return false;
  if (priority?.length && !priority.includes(job.priority)) return false;
  if (!q) return true;
  const text = haystack(job);
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

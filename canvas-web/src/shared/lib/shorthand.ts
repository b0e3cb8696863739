/** A job in one line: `Prune the pear #garden !high @any` is a title with a label, a priority and an agent. */
import type { NewJob, Priority } from '@/api/types';
import { priorities } from './words';

export interface Shorthand {
  title: string;
  domains: string[];
  priority: Priority | undefined;
  agent: string | undefined;
}

const isPriority = (word: string): word is Priority => (priorities as string[]).includes(word);

/** What is no label, priority or agent stays in the title: `Fix C#`, `Stop!`, `mail ana@example.org`. */
export function parseShorthand(text: string): Shorthand {
  const found: Shorthand = { title: '', domains: [], priority: undefined, agent: undefined };
  const words = text.split(/\s+/).filter((word) => {
    const mark = word[0];
    const rest = word.slice(1);
    if (mark === '#' && /^\p{L}[\p{L}\p{N}_.-]*$/u.test(rest)) {
      if (!found.domains.includes(rest)) found.domains.push(rest);
      return false;
    }
    const priority = rest.toLowerCase().replace('-', '_');
    if (mark === '!' && isPriority(priority)) {
      found.priority = priority;
      return false;
    }
    if (mark === '@' && /^[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u.test(rest)) {
      found.agent = rest;
      return false;
    }
    return true;
  });
  found.title = words.join(' ').trim();
  return found;
}

/** The body of the call; an agent works in a folder of its own until the job says otherwise. */
export const fromShorthand = ({ title, domains, priority, agent }: Shorthand, more: Partial<NewJob> = {}): NewJob => ({
  title,
  domains,
  ...(priority ? { priority } : {}),
  ...(agent ? { agent, context: { type: 'local' as const } } : {}),
  ...more,
});

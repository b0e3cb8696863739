import type { AgentInfo, AgentLimit } from '@/api/types';

/** What an agent cannot do, as the rest of a sentence that begins with its name. */
const words: Record<AgentLimit, string> = {
  asks_nobody: 'asks nobody before it acts, so it takes only jobs whose tools are all allowed',
  no_questions: 'cannot ask people a question',
  no_resume: 'begins anew after a break, and is told what happened so far',
  late_resume: 'goes on after a break only when the minute it began in is over',
  no_usage: 'does not tell how many tokens it used',
  no_cost: 'does not tell what it cost',
  untried: 'was not tried with this version of Coord',
  other: 'cannot do something that this page does not know',
};

/** One line for each agent that cannot do all. Nothing when they all can. */
export function AgentLimits({ agents }: { agents: readonly AgentInfo[] }) {
  const limited = agents.filter((agent) => (agent.limits ?? []).length > 0);
  if (limited.length === 0) {
    return null;
  }
  return (
    <ul className="mt-1 text-ink-2 text-xs">
      {limited.map((agent) => (
        <li key={agent.name}>
          {agent.name} {(agent.limits ?? []).map((limit) => words[limit]).join('; ')}.
        </li>
      ))}
    </ul>
  );
}

import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { AgentLimits } from './agent-limits';

it('AGT-1: what an agent cannot do is told, and nothing of one that can do all', () => {
  render(<AgentLimits agents={[{ name: 'claude' }, { name: 'gemini', limits: ['no_cost', 'late_resume'] }]} />);
  const lines = screen.getAllByRole('listitem').map((line) => line.textContent);
  expect(lines).toEqual(['gemini does not tell what it cost; goes on after a break only when the minute it began in is over.']);
});

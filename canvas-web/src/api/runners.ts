/** Calls of the HTTP API about codes of runners (RUN-1). */
import { answered, client } from './calls';
import type { components } from './schema';

export type RunnerCode = components['schemas']['RunnerCode'];

export const runnerCodes = {
  look: (code: string) => answered(client.GET('/api/v1/runner_codes/{code}', { params: { path: { code } } })),
  approve: (code: string, body: { name: string; shared: boolean }) =>
    answered(client.POST('/api/v1/runner_codes/{code}/approve', { params: { path: { code } }, body })),
  refuse: (code: string) => answered(client.POST('/api/v1/runner_codes/{code}/refuse', { params: { path: { code } } })),
};

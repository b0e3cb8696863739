/** Calls of the HTTP API about one runner and about codes of runners (RUN-1, RUN-4). */
import { answered, client } from './calls';
import type { components } from './schema';

type Schemas = components['schemas'];

export type RunnerCode = Schemas['RunnerCode'];
export type RunnerDetail = Schemas['RunnerDetail'];
export type RunnerAttempt = Schemas['RunnerAttempt'];
export type Serves = Schemas['Serves'];

export const runnerPage = (ws: string, runner: string) =>
  answered(client.GET('/api/v1/workspaces/{ws}/runners/{runner}', { params: { path: { ws, runner } } }));

export const runnerCodes = {
  look: (code: string) => answered(client.GET('/api/v1/runner_codes/{code}', { params: { path: { code } } })),
  approve: (code: string, body: { name: string; shared: boolean }) =>
    answered(client.POST('/api/v1/runner_codes/{code}/approve', { params: { path: { code } }, body })),
  refuse: (code: string) => answered(client.POST('/api/v1/runner_codes/{code}/refuse', { params: { path: { code } } })),
};

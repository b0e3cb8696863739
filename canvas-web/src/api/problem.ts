import type { Problem } from './types';

/** What the server refused or could not do, as its problem document says it; `status` 0 when it was not reached. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly title: string;
  readonly rule: string | undefined;
  readonly errors: Record<string, string>;
  readonly current: unknown;

  constructor(problem: Problem) {
    super(sentence(problem.detail || problem.title));
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.kind = problem.type;
    this.title = problem.title;
    this.rule = problem.rule ?? undefined;
    this.errors = Object.fromEntries(Object.entries(problem.errors ?? {}).map(([field, words]) => [field, sentence(words)]));
    this.current = problem.current;
  }
}

/** Refusals are worded to stand inside a sentence; on screen they stand alone. */
function sentence(words: string): string {
  const [first = ''] = words;
  const upper = first.toUpperCase() + words.slice(first.length);
  return /[.!?…:]$/.test(upper) ? upper : `${upper}.`;
}

export const unreachable = (): ApiProblem =>
  new ApiProblem({
    type: 'urn:coord:problem:unreachable',
    title: 'Server not reached',
    status: 0,
    detail: 'The server could not be reached. Check the connection and try again.',
  });

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value && 'detail' in value;
}

/** Reads the body of a refused response; a proxy's HTML page becomes plain words. */
export function problemFrom(response: Response, body: unknown): ApiProblem {
  if (isProblem(body)) {
    return new ApiProblem({ ...body, status: response.status });
  }
  return new ApiProblem({
    type: 'urn:coord:problem:unknown',
    title: 'Unexpected answer',
    status: response.status,
    detail: `The server answered ${response.status}${response.statusText ? ` (${response.statusText})` : ''}.`,
  });
}

/** Words for a person, with the rule that refused. */
export function explain(error: unknown): { detail: string; rule?: string } {
  if (error instanceof ApiProblem) {
    return { detail: error.message, rule: error.rule };
  }
  return { detail: error instanceof Error ? error.message : 'Something went wrong.' };
}

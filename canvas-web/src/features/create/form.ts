/** The form of a new job, and how it becomes the body of the call. */
import * as z from 'zod/mini';
import type { NewJob, Priority } from '@/api/types';

export const jobForm = z
  .object({
    title: z.string().check(z.trim(), z.minLength(1, 'Give the job a title.'), z.maxLength(200, 'At most 200 characters.')),
    description: z.string().check(z.refine((text) => new TextEncoder().encode(text).length <= 65_536, 'At most 64 KiB.')),
    priority: z.enum(['no_rush', 'low', 'medium', 'high', 'vip']),
    domains: z.array(z.string()),
    team: z.array(z.object({ user: z.string(), role: z.enum(['viewer', 'editor', 'lead']) })),
    private: z.boolean(),
    worker: z.enum(['agent', 'people']),
    agent: z.string().check(z.trim()),
    model: z.string().check(z.trim()),
    mode: z.enum(['edit', 'plan']),
    tools_policy: z.enum(['require_permission', 'approve_all']),
    routing: z.string(),
    place: z.enum(['local', 'repository']),
    url: z.string().check(z.trim()),
    base_branch: z.string().check(z.trim()),
    review: z.boolean(),
    folder: z.string().check(z.trim()),
    auto_ready: z.boolean(),
    dependencies: z.array(z.string()),
    ready: z.boolean(),
  })
  .check(
    z.superRefine((form, context) => {
      if (form.worker !== 'agent') {
        return;
      }
      const need = (field: 'agent' | 'url' | 'base_branch', message: string) => {
        if (form[field] === '') {
          context.addIssue({ code: 'custom', path: [field], message, input: form[field] });
        }
      };
      need('agent', 'Choose an agent.');
      if (form.place === 'repository') {
        need('url', 'Enter the address of the repository.');
        need('base_branch', 'Enter the branch to start from.');
      }
    }),
  );

export type JobForm = z.infer<typeof jobForm>;

export const emptyForm = (priority: Priority): JobForm => ({
  title: '',
  description: '',
  priority,
  domains: [],
  team: [],
  private: false,
  worker: 'agent',
  agent: 'any',
  model: '',
  mode: 'edit',
  tools_policy: 'require_permission',
  routing: 'mine',
  place: 'repository',
  url: '',
  base_branch: 'main',
  review: false,
  folder: '',
  auto_ready: false,
  dependencies: [],
  ready: false,
});

export type FormTab = 'details' | 'team' | 'agent' | 'options';

/** Where a field stands, so that an error opens its tab. */
export const tabOf: Record<keyof JobForm, FormTab> = {
  title: 'details',
  description: 'details',
  priority: 'details',
  domains: 'details',
  team: 'team',
  private: 'team',
  worker: 'agent',
  agent: 'agent',
  model: 'agent',
  mode: 'agent',
  tools_policy: 'agent',
  routing: 'agent',
  place: 'agent',
  url: 'agent',
  base_branch: 'agent',
  review: 'options',
  folder: 'options',
  auto_ready: 'options',
  dependencies: 'options',
  ready: 'options',
};

export function newJob(form: JobForm, uploads: number): NewJob {
  const common: NewJob = {
    title: form.title,
    description: form.description,
    priority: form.priority,
    domains: form.domains,
    folder: form.folder || undefined,
    private: form.private,
    team: form.team,
    dependencies: form.dependencies,
    auto_ready: form.auto_ready,
    expected_uploads: uploads,
    state: form.ready ? 'ready' : 'backlog',
  };
  if (form.worker === 'people') {
    return common;
  }
  return {
    ...common,
    agent: form.agent,
    model: form.model || undefined,
    mode: form.mode,
    tools_policy: form.tools_policy,
    routing: form.routing,
    context: form.place === 'local' ? { type: 'local' } : { type: 'repository', url: form.url, base_branch: form.base_branch },
    review: form.place === 'local' && form.review,
  };
}

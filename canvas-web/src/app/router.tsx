import { QueryCache, QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { meQuery, setupQuery, workspacesQuery } from '@/api/hooks';
import { keys } from '@/api/keys';
import { ApiProblem } from '@/api/problem';
import type { User } from '@/api/types';
import { forgetSavedCopies } from '@/canvas/sync/copies';
import { parseSearch as parseActivity } from '@/features/activity/filter';
import { parsePeriod } from '@/features/analytics/period';
import { type BacklogSearch, parseBacklog } from '@/features/backlog/search';
import { BoardPage } from '@/features/board/board-page';
import { parseFilter } from '@/features/board/filter';
import { parseGraphSearch } from '@/features/graph/model';
import { asCode, isWhole } from '@/features/runners/code';
import { parseRunners } from '@/features/runners/search';
import { parseSearch } from '@/features/search/query';
import { lastWorkspace } from '@/shared/lib/last-workspace';
import { Loading } from '@/shared/ui/bits';
import { CrashPage, MissingPage } from './crash';
import { WorkspaceShell } from './shell';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The feed says when something changed; asking again on focus would only add load.
      refetchOnWindowFocus: false,
      staleTime: 30_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 500),
    },
    mutations: { retry: false },
  },
  queryCache: new QueryCache({
    onError: (error) => {
      if (
        error instanceof ApiProblem &&
        error.status === 401 &&
        !/^\/(login|invitations|forgot-password|reset-password)\b/.test(location.pathname)
      ) {
        toSignIn();
      }
    },
  }),
});

/** Forgets everything of the former session and asks to sign in, to come back here afterwards. */
export function toSignIn() {
  const next = location.pathname + location.search + location.hash;
  const me = queryClient.getQueryData<User>(keys.me);
  if (me) {
    void forgetSavedCopies(me.id);
  }
  queryClient.clear();
  void router.navigate({ to: '/login', search: { next: next === '/' ? undefined : next } });
}

async function requireMe(href: string) {
  try {
    return await queryClient.ensureQueryData(meQuery);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      throw redirect({ to: '/login', search: { next: href === '/' ? undefined : href } });
    }
    throw error;
  }
}

/** Only a path of this site: a link must not send people elsewhere after they signed in. */
const localPath = (value: unknown): string | undefined => (typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined);

const rootRoute = createRootRouteWithContext<object>()({ component: Outlet, errorComponent: CrashPage, notFoundComponent: MissingPage });

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: localPath(search.next) }),
  loader: () => queryClient.fetchQuery(setupQuery),
  component: lazyRouteComponent(() => import('@/features/auth/sign-in-page'), 'SignInPage'),
});

const forgotRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/forgot-password',
  loader: () => queryClient.fetchQuery(setupQuery),
  component: lazyRouteComponent(() => import('@/features/auth/forgot-page'), 'ForgotPage'),
});

const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('@/features/auth/reset-page'), 'ResetPage'),
});

const inviteRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitations/$code',
  component: lazyRouteComponent(() => import('@/features/auth/invite-page'), 'InvitePage'),
});

const joinRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runners/join',
  validateSearch: (search: Record<string, unknown>): { code?: string } => ({
    code: typeof search.code === 'string' && isWhole(asCode(search.code)) ? asCode(search.code) : undefined,
  }),
  beforeLoad: ({ location }) => requireMe(location.href),
  component: lazyRouteComponent(() => import('@/features/runners/join-page'), 'JoinPage'),
});

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: async ({ location }) => {
    await requireMe(location.href);
    const workspaces = await queryClient.fetchQuery(workspacesQuery);
    const remembered = lastWorkspace();
    const workspace = workspaces.find(({ slug }) => slug === remembered) ?? workspaces[0];
    if (workspace) {
      throw redirect({ to: '/w/$slug', params: { slug: workspace.slug } });
    }
    throw redirect({ to: '/welcome' });
  },
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/welcome',
  beforeLoad: ({ location }) => requireMe(location.href),
  component: lazyRouteComponent(() => import('@/features/auth/welcome-page'), 'WelcomePage'),
});

const workspaceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/w/$slug',
  beforeLoad: async ({ location, params }) => {
    await requireMe(location.href);
    const known = await queryClient.ensureQueryData(workspacesQuery);
    if (!known.some(({ slug }) => slug === params.slug)) {
      const fresh = await queryClient.fetchQuery({ ...workspacesQuery, staleTime: 0 });
      if (!fresh.some(({ slug }) => slug === params.slug)) {
        throw notFound();
      }
    }
  },
  component: WorkspaceShell,
  notFoundComponent: MissingPage,
});

const boardRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  id: 'board',
  validateSearch: parseFilter,
  component: BoardPage,
});
const boardIndexRoute = createRoute({ getParentRoute: () => boardRoute, path: '/', component: () => null });

const tabs = ['details', 'log', 'changes', 'notes', 'files', 'attempts', 'requests'] as const;
export type JobTab = (typeof tabs)[number];

const jobRoute = createRoute({
  getParentRoute: () => boardRoute,
  path: 'jobs/$number',
  params: {
    parse: ({ number }) => {
      const value = Number(number);
      if (!Number.isSafeInteger(value) || value < 1) {
        throw notFound();
      }
      return { number: value };
    },
    stringify: ({ number }) => ({ number: String(number) }),
  },
  validateSearch: (search: Record<string, unknown>): { tab?: JobTab; attempt?: number } => ({
    tab: tabs.find((tab) => tab === search.tab),
    attempt: typeof search.attempt === 'number' && search.attempt > 0 ? search.attempt : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/job/job-route'), 'JobRoute'),
  pendingComponent: Loading,
});

const searchRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'search',
  validateSearch: parseSearch,
  component: lazyRouteComponent(() => import('@/features/search/search-page'), 'SearchPage'),
});

const analyticsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'analytics',
  validateSearch: parsePeriod,
  component: lazyRouteComponent(() => import('@/features/analytics/analytics-page'), 'AnalyticsPage'),
});

const graphRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'graph',
  validateSearch: parseGraphSearch,
  component: lazyRouteComponent(() => import('@/features/graph/graph-page'), 'GraphPage'),
  pendingComponent: Loading,
});

const backlogRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'backlog',
  validateSearch: (search: Record<string, unknown>): BacklogSearch & { job?: number; tab?: JobTab; attempt?: number } => ({
    ...parseBacklog(search),
    job: Number.isSafeInteger(search.job) && (search.job as number) > 0 ? (search.job as number) : undefined,
    tab: tabs.find((tab) => tab === search.tab),
    attempt: typeof search.attempt === 'number' && search.attempt > 0 ? search.attempt : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/backlog/backlog-page'), 'BacklogPage'),
  pendingComponent: Loading,
});

const runnersRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'runners',
  validateSearch: parseRunners,
  component: lazyRouteComponent(() => import('@/features/runners/runners-page'), 'RunnersPage'),
});

const membersRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'members',
  component: lazyRouteComponent(() => import('@/features/members/members-page'), 'MembersPage'),
});

const inboxRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'inbox',
  validateSearch: (search: Record<string, unknown>): { aside?: true; only?: 'here' } => ({
    aside: search.aside === true ? true : undefined,
    only: search.only === 'here' ? 'here' : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/inbox/inbox-page'), 'InboxPage'),
  pendingComponent: Loading,
});

const activityRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'activity',
  validateSearch: parseActivity,
  component: lazyRouteComponent(() => import('@/features/activity/activity-page'), 'ActivityPage'),
  pendingComponent: Loading,
});

const accountRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'account',
  component: lazyRouteComponent(() => import('@/features/account/account-page'), 'AccountPage'),
});

const settingsRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'settings',
  component: lazyRouteComponent(() => import('@/features/settings/settings-page'), 'SettingsPage'),
});

const auditRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'audit',
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'AuditPage'),
});

const canvasesRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'canvases',
  component: lazyRouteComponent(() => import('@/features/canvases/canvases-page'), 'CanvasesPage'),
});

const canvasRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: 'canvases/$canvas',
  validateSearch: (search: Record<string, unknown>): CanvasSearch => ({
    object: typeof search.object === 'string' ? search.object : undefined,
    job: Number.isSafeInteger(search.job) && (search.job as number) > 0 ? (search.job as number) : undefined,
    tab: tabs.find((tab) => tab === search.tab),
    attempt: typeof search.attempt === 'number' && search.attempt > 0 ? search.attempt : undefined,
    view: search.view === 'outline' || search.view === 'canvas' ? search.view : undefined,
  }),
  component: lazyRouteComponent(() => import('@/features/canvases/canvas-page'), 'CanvasPage'),
  pendingComponent: Loading,
});

export interface CanvasSearch {
  /** The object to show: a link to it. */
  object?: string;
  /** Number of the job beside the canvas. */
  job?: number;
  tab?: JobTab;
  attempt?: number;
  /** Phones begin with the outline, other screens with the canvas. */
  view?: 'outline' | 'canvas';
}

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    loginRoute,
    forgotRoute,
    resetRoute,
    inviteRoute,
    joinRoute,
    homeRoute,
    welcomeRoute,
    workspaceRoute.addChildren([
      boardRoute.addChildren([boardIndexRoute, jobRoute]),
      backlogRoute,
      inboxRoute,
      activityRoute,
      canvasesRoute,
      canvasRoute,
      graphRoute,
      searchRoute,
      analyticsRoute,
      runnersRoute,
      membersRoute,
      settingsRoute,
      auditRoute,
      accountRoute,
    ]),
  ]),
  context: {},
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultErrorComponent: CrashPage,
  defaultNotFoundComponent: MissingPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

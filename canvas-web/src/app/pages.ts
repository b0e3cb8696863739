import { ChartColumn, Columns3, Frame, History, Inbox, ListTree, Search, Server, Settings, Users, Workflow } from 'lucide-react';

/**
 * The pages of a workspace, in the order of the navigation. `group` draws a line between what is worked on, looked at and looked after;
 * `phone` has a tab of its own on a phone, the others are behind "More".
 */
export const pages = [
  { to: '/w/$slug/inbox', label: 'Inbox', icon: Inbox, group: 'work', phone: true },
  { to: '/w/$slug', label: 'Board', icon: Columns3, group: 'work', phone: true },
  { to: '/w/$slug/backlog', label: 'Backlog', icon: ListTree, group: 'work', phone: true },
  { to: '/w/$slug/canvases', label: 'Canvases', icon: Frame, group: 'work', phone: true },
  { to: '/w/$slug/graph', label: 'Dependencies', icon: Workflow, group: 'work', phone: false },
  { to: '/w/$slug/activity', label: 'Activity', icon: History, group: 'look', phone: false },
  { to: '/w/$slug/search', label: 'Search', icon: Search, group: 'look', phone: false },
  { to: '/w/$slug/analytics', label: 'Analytics', icon: ChartColumn, group: 'look', phone: false },
  { to: '/w/$slug/runners', label: 'Runners', icon: Server, group: 'team', phone: false },
  { to: '/w/$slug/members', label: 'Members', icon: Users, group: 'team', phone: false },
  { to: '/w/$slug/settings', label: 'Settings', icon: Settings, group: 'team', phone: false },
] as const;

export type Page = (typeof pages)[number];

/** Whether the page, or something inside it, is at this path. The Board also holds the jobs. */
export function isAt(page: Page, slug: string, path: string): boolean {
  const base = `/w/${slug}`;
  return page.to === '/w/$slug'
    ? path === base || path === `${base}/` || path.startsWith(`${base}/jobs`)
    : `${path}/`.startsWith(`${page.to.replace('$slug', slug)}/`);
}

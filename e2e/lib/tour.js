/** Every page there is, with the sign that it is complete. */

const settled = async (page) => {
  await page.getByRole('main').waitFor();
  // Loading is shown as such; when it has gone, what there is is there.
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [role="progressbar"]') && document.fonts.status === 'loaded');
  await page.waitForLoadState('networkidle');
};

/** Pages of a workspace; with jobs and a canvas also theirs. */
export function pagesOf({ workspace, jobs, canvas }) {
  const at = (name, rest) => ({ name, path: `/w/${workspace.slug}${rest}`, ready: settled });
  const pages = [
    at('inbox', '/inbox'),
    at('board', ''),
    at('backlog', '/backlog'),
    at('canvases', '/canvases'),
    at('graph', '/graph'),
    at('activity', '/activity'),
    at('analytics', '/analytics'),
    at('search', '/search?q=the'),
    at('runners', '/runners?whose=all'),
    { name: 'join', path: '/runners/join', ready: settled },
    at('members', '/members'),
    at('settings', '/settings'),
    at('audit', '/audit'),
    at('account', '/account'),
  ];
  if (jobs) {
    pages.push(
      at('job', `/jobs/${jobs.soil.number}`),
      at('job-log', `/jobs/${jobs.prices.number}?tab=log`),
      at('job-notes', `/jobs/${jobs.soil.number}?tab=notes`),
      at('job-files', `/jobs/${jobs.report.number}?tab=files`),
      at('job-attempts', `/jobs/${jobs.report.number}?tab=attempts`),
    );
  }
  if (canvas) {
    pages.push(at('canvas', `/canvases/${canvas.id}`), at('outline', `/canvases/${canvas.id}?view=outline`));
  }
  return pages;
}

// Runs before the first paint so that a chosen theme does not flash. A file of its own, since the CSP allows no inline scripts.
(() => {
  let choice = 'system';
  try {
    choice = localStorage.getItem('coord.theme') ?? 'system';
  } catch {
    // Storage may be switched off; the system's theme is fine.
  }
  const dark = choice === 'dark' || (choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();

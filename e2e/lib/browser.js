/** The browser, pages of people in it, and screenshots. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const out = fileURLToPath(new URL('../out/', import.meta.url));

function findChromium() {
  const named = process.env.COORD_E2E_CHROMIUM;
  const candidates = named
    ? [named]
    : (process.env.PATH ?? '').split(delimiter).flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  const found = candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) {
    throw new Error('Chromium is missing. On Debian or Ubuntu: apt-get install chromium');
  }
  return found;
}

export async function openBrowser() {
  mkdirSync(out, { recursive: true });
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: findChromium(),
    // Chromium refuses its sandbox to root. The rest keeps it from calling home.
    args: [
      ...(root ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page of somebody, in a browser profile of its own. What goes wrong inside is collected in `page.complaints`. */
export async function openPage(browser, base, { person, ...options } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1440, height: 900 }, ...options });
  if (person) {
    await context.addCookies([person.browserCookie()]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      page.complaints.push(`console: ${message.text()}`);
    }
  });
  return page;
}

/** Keeps what the page shows as `out/<name>.png`. */
export async function screenshot(page, name) {
  await page.screenshot({ path: join(out, `${name}.png`) });
}

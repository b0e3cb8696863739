/** axe-core on a page, and the looks in which pages are tried. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { screenshot } from './browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Light and dark, wide and as a phone: names and options of pages. */
export const looks = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone-light', phone],
  ['phone-dark', { ...phone, colorScheme: 'dark' }],
];

/** What is wrong on the page, by rule, with where. The guards around an open menu hand the keyboard on at once: it never stays on them. */
async function wrongs(page) {
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.evaluate(axe);
  }
  const violations = await page.evaluate(async () => (await window.axe.run({ exclude: ['[data-base-ui-focus-guard]'] }, { resultTypes: ['violations'] })).violations);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) => `${id}: ${target.join(' ')} (${[...any, ...all, ...none].map(({ message }) => message).join('; ').slice(0, 160)})`));
}

/** What is serious or critical, under the name; what it looked like is kept as `out/<name>.png`. */
export async function seriousWrongs(page, name) {
  // What fades in is not yet as it stays, nor is what has come and goes again.
  await page.evaluate(() => Promise.all(document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {}))));
  const found = await wrongs(page);
  await screenshot(page, name);
  return found.map((wrong) => `${name}: ${wrong}`);
}

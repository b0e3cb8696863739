/** What a person with the keyboard alone, or with a screen reader, has: where the focus is, and what is read aloud. */
import assert from 'node:assert/strict';
import { eventually } from './person.js';

/** Keeps what live regions say from now on, and after each reload. */
export async function listen(page) {
  const begin = () => {
    window.saidAloud = [];
    const regions = '[aria-live]:not([aria-live="off"]), [role="status"], [role="alert"], output';
    const hear = (region) => {
      const words = region.textContent.trim();
      if (words !== '' && window.saidAloud.at(-1) !== words) {
        window.saidAloud.push(words);
      }
    };
    const watch = () =>
      new MutationObserver((records) => {
        for (const { target, addedNodes } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest(regions);
          if (region) {
            hear(region);
          }
          for (const node of addedNodes) {
            if (node instanceof Element) {
              node.querySelectorAll(regions).forEach(hear);
              if (node.matches(regions)) {
                hear(node);
              }
            }
          }
        }
      }).observe(document, { subtree: true, childList: true, characterData: true });
    watch();
  };
  await page.addInitScript(begin);
  await page.evaluate(begin);
}

/** Waits until this was read aloud, and forgets what was said up to then. */
export async function said(page, pattern) {
  let all = [];
  await eventually(`“${pattern}” is said`, async () => {
    all = await page.evaluate(() => window.saidAloud);
    return all.some((words) => pattern.test(words));
  }, 8_000).catch((error) => {
    throw new Error(`${error.message}; said was ${JSON.stringify(all)}`);
  });
  await page.evaluate(() => {
    window.saidAloud = [];
  });
}

/** The element with the keyboard, as a screen reader names it. Nothing while it is nowhere. */
export const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement || !element.checkVisibility()) {
      return null;
    }
    const labelled = element.labels?.[0]?.textContent ?? '';
    const name = element.getAttribute('aria-label') ?? (labelled || element.textContent || element.getAttribute('placeholder') || '');
    return { role: element.getAttribute('role') ?? element.tagName.toLowerCase(), name: name.trim().replace(/\s+/g, ' ') };
  });

/** The keyboard gets there within a moment, and stays. */
export async function hasFocus(page, role, pattern) {
  let last;
  const there = async () => {
    last = await focused(page);
    return last !== null && last.role === role && pattern.test(last.name);
  };
  await eventually('the focus is there', there, 5_000).catch(() => {
    assert.fail(`the focus is on ${JSON.stringify(last)}, not on ${role} ${pattern}`);
  });
  await page.waitForTimeout(120);
  assert.ok(await there(), `the focus did not stay: it is on ${JSON.stringify(last)}`);
}

/** Goes there by Tab alone. */
export async function tabTo(page, role, pattern, { back = false, most = 60 } = {}) {
  const passed = [];
  for (let step = 0; step < most; step++) {
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    const now = await focused(page);
    if (now?.role === role && pattern.test(now.name)) {
      return;
    }
    passed.push(now ? `${now.role} ${now.name.slice(0, 40)}` : 'nothing');
  }
  assert.fail(`Tab never came to ${role} ${pattern}; it passed ${passed.join(', ')}`);
}

/** Goes down an open menu to an item, and chooses it. */
export async function choose(page, pattern) {
  await page.getByRole('menu').first().waitFor();
  const passed = [];
  for (let step = 0; step < 40; step++) {
    const now = await focused(page);
    if (now?.role === 'menuitem' && pattern.test(now.name)) {
      await page.keyboard.press('Enter');
      return;
    }
    passed.push(now ? `${now.role} ${now.name.slice(0, 40)}` : 'nothing');
    await page.keyboard.press('ArrowDown');
  }
  assert.fail(`no menu item ${pattern}: ${passed.join(', ')}`);
}

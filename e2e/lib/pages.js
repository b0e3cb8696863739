/** What people do in the web app, by the roles and names that a screen reader would find. */

/** Creates the first account of a server, in the browser. */
export async function setUp(page, { name, email, password }) {
  await page.goto('/');
  await page.getByRole('heading', { name: 'Set up Coord' }).waitFor();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
}

export async function createWorkspace(page, name) {
  await page.getByLabel('Name of the workspace').fill(name);
  await page.getByRole('button', { name: 'Create workspace' }).click();
  await page.getByRole('link', { name: 'Board' }).waitFor();
}

/** Signs in from wherever the app sends somebody who is not signed in. */
export async function signIn(page, { email, password }, path = '/') {
  await page.goto(path);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Fills and sends the dialog for a job that an agent does in a repository. */
export async function createRepositoryJob(page, { title, description, agent, url, branch }) {
  await page.getByRole('button', { name: 'New job' }).click();
  const dialog = page.getByRole('dialog', { name: 'New job' });
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByLabel('Description').fill(description);
  await dialog.getByRole('tab', { name: 'Agent' }).click();
  await dialog.getByLabel('Agent', { exact: true }).fill(agent);
  await dialog.getByLabel('Repository', { exact: true }).fill(url);
  await dialog.getByLabel('Base branch').fill(branch);
  await dialog.getByRole('button', { name: 'Create job' }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** A column of the Board. */
export const column = (page, name) => page.getByRole('region', { name: new RegExp(`^${name}, `) });

/** The card of a job in a column. */
export const card = (page, columnName, title) => column(page, columnName).getByRole('article').filter({ has: page.getByRole('link', { name: title }) });

/** Writes down, inside the page, every place and status that the job's card has from now on. */
export async function watchCard(page, title) {
  await page.evaluate((wanted) => {
    const seen = [];
    window.seenOfCard = seen;
    const look = () => {
      const link = [...document.querySelectorAll('article a')].find((one) => one.textContent === wanted);
      const place = link?.closest('section')?.getAttribute('aria-label')?.replace(/, \d+ jobs$/, '');
      if (!place) {
        return;
      }
      const status = link.parentElement.querySelector('p')?.textContent ?? '';
      const now = `${place}: ${status}`;
      if (seen.at(-1) !== now) {
        seen.push(now);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  }, title);
}

/** What `watchCard` saw so far, in order. */
export const seenOfCard = (page) => page.evaluate(() => window.seenOfCard);

/** Whether `wanted` happen in this order somewhere in `seen`; answers the first one that does not. */
export function missingInOrder(seen, wanted) {
  let from = 0;
  for (const pattern of wanted) {
    const at = seen.findIndex((line, index) => index >= from && pattern.test(line));
    if (at < 0) {
      return pattern;
    }
    from = at;
  }
  return undefined;
}

/** The panel of a job, beside the Board. */
export const panel = (page, number) => page.getByRole('complementary', { name: `Job #${number}` });

export async function openTab(page, number, name) {
  await panel(page, number).getByRole('tab', { name: new RegExp(`^${name}`) }).click();
}

/** What the agent asks, by what it is about: the card with the buttons. */
export const request = (page, number, about) =>
  panel(page, number).getByRole('region', { name: /^The agent (asks|wants)/ }).filter({ hasText: about });

/** Allows what the agent asks permission for, once. */
export const allow = (page, number, about) => request(page, number, about).getByRole('button', { name: 'Allow once' }).click();

/** Answers the agent's question with one of its choices. */
export const answer = (page, number, about, choice) =>
  request(page, number, about).getByRole('button', { name: choice, exact: true }).click();

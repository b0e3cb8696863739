/**
 * Hostile text in every place that people, agents and repositories can fill: it is shown as text, or refused in words. Nothing of it runs,
 * nothing is loaded from elsewhere, the content policy has nothing to refuse, and the app around it stays whole.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { FakeRunner } from '../lib/fake-runner.js';
import { cases } from '../lib/hostile.js';
import { Problem } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());
const step = Stage.steps('hostile-text', () => stage);

let ana;
let workspace;
let page;
let jobs;
/** Addresses elsewhere that the page asked for, and dialogs it opened. */
const breaches = [];

/** What the server may answer to hostile input: it takes it, or says in words why not. */
async function takenOrRefused(call) {
  try {
    return await call();
  } catch (problem) {
    assert.ok(problem instanceof Problem && problem.status >= 400 && problem.status < 500 && problem.body?.detail, String(problem));
    return undefined;
  }
}

/** Goes to an address inside the app, without loading it anew. */
async function go(path) {
  await page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  }, path);
}

/** The app is whole, and nothing of the text is more than text. */
async function assertHarmless(what) {
  const found = await page.evaluate(() => {
    const wrong = [];
    if ('breached' in window) {
      wrong.push('something ran');
    }
    for (const element of document.querySelectorAll('#root *, body > *:not(#root):not(script)')) {
      if (['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'META', 'LINK', 'FRAME', 'MARQUEE', 'AUDIO', 'VIDEO'].includes(element.tagName)) {
        wrong.push(`there is a ${element.tagName}`);
      }
      for (const { name, value } of element.attributes) {
        if (/^on/.test(name)) {
          wrong.push(`${element.tagName} has ${name}`);
        }
        if (['href', 'src', 'action', 'formaction', 'xlink:href'].includes(name) && !/^(https?:|mailto:|blob:|data:image\/(png|svg\+xml)|[/#?]|$)/.test(value)) {
          wrong.push(`${element.tagName} leads to ${value.slice(0, 60)}`);
        }
        if (name === 'src' && /^https?:/.test(value) && !value.startsWith(location.origin)) {
          wrong.push(`${element.tagName} loads ${value}`);
        }
      }
    }
    if (!/Coord$/.test(document.title)) {
      wrong.push(`the title is ${document.title}`);
    }
    if (getComputedStyle(document.body).direction !== 'ltr') {
      wrong.push('the page is turned');
    }
    if (document.documentElement.scrollWidth > innerWidth + 1) {
      const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || (one.scrollWidth > one.clientWidth + 200 && getComputedStyle(one).overflowX === 'visible')).map((one) => `${one.tagName}.${one.className}`);
      wrong.push(`the page is ${document.documentElement.scrollWidth} wide: ${wide.slice(-3).join(' > ').slice(0, 400)}`);
    }
    return wrong;
  });
  assert.deepEqual(found, [], what);
  assert.deepEqual(breaches, [], what);
  assert.deepEqual(stage.complaints(), [], what);
  assert.ok(await page.getByRole('navigation', { name: 'Workspace' }).getByRole('link', { name: 'Board' }).isVisible(), what);
}

const oneLine = (text) => Array.from(text.replace(/[\r\n]+/g, ' ')).slice(0, 150).join('');

step('ACC-1: names of accounts and workspaces', async () => {
  assert.ok(cases.length >= 200, `${cases.length} cases`);
  ana = await stage.person('Ana');
  workspace = await ana.post('/workspaces', { name: '"><img src=x onerror=alert(1)> {{1}}' });
  for (const [at, { text }] of cases.slice(0, 40).entries()) {
    await takenOrRefused(() => ana.post('/auth/register', { email: `guest${at}@example.org`, name: oneLine(text), password: 'a password that is long' }));
    await ana.signIn();
  }
  page = await stage.page('Ana', { person: ana });
  page.on('request', (request) => {
    if (!request.url().startsWith(stage.base) && !/^(data|blob):/.test(request.url())) {
      breaches.push(request.url());
    }
  });
  page.on('dialog', (dialog) => {
    breaches.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(`/w/${workspace.slug}`);
  await page.getByRole('link', { name: 'Board' }).waitFor();
  await assertHarmless('names');
});

step('JOB-1: titles, descriptions, folders and labels of jobs', async () => {
  jobs = [];
  for (const { name, text } of cases) {
    const plain = { title: name, description: text.slice(0, 60_000) };
    const line = oneLine(text);
    const job =
      (await takenOrRefused(() => ana.post(`/workspaces/${workspace.id}/jobs`, { ...plain, title: line }))) ??
      (await takenOrRefused(() => ana.post(`/workspaces/${workspace.id}/jobs`, plain)));
    if (job) {
      jobs.push({ name, ...job });
      await takenOrRefused(() => ana.patch(`/jobs/${job.id}`, { folder: line.slice(0, 60) }));
      await takenOrRefused(() => ana.patch(`/jobs/${job.id}`, { domains: [line.slice(0, 40)] }));
    }
  }
  assert.ok(jobs.length > 180, `only ${jobs.length} jobs could be made`);
  await assertHarmless('the Board, live');
  await page.goto(`/w/${workspace.slug}`);
  await page.getByRole('link', { name: 'Board' }).waitFor();
  await page.getByRole('article').nth(5).waitFor();
  await assertHarmless('the Board');
  for (const { name, number } of jobs) {
    await go(`/w/${workspace.slug}/jobs/${number}`);
    await page.getByText(`#${number}`, { exact: true }).first().waitFor();
    await page.getByRole('tab', { name: 'Details', selected: true }).waitFor();
    await assertHarmless(name);
  }
});

step('NOTE-1: notes', async () => {
  const job = await ana.post(`/workspaces/${workspace.id}/jobs`, { title: 'Notes' });
  for (const { text } of cases) {
    await takenOrRefused(() => ana.post(`/jobs/${job.id}/notes`, { body: text.slice(0, 16_000) }));
  }
  await takenOrRefused(() => ana.post(`/jobs/${job.id}/notes`, { body: 'the last note' }));
  await go(`/w/${workspace.slug}/jobs/${job.number}?tab=notes`);
  await page.getByText('the last note').waitFor();
  await assertHarmless('notes');
});

step('WEB-3: logs, questions, results, files and diffs of agents', async () => {
  const runner = await FakeRunner.connect(ana);
  const job = await ana.post(`/workspaces/${workspace.id}/jobs`, {
    title: 'Logs', agent: 'scripted', state: 'ready', review: true, context: { type: 'repository', url: 'https://example.org/x.git', base_branch: 'main' },
  });
  const work = await runner.hears('assign');
  let seq = 1;
  for (const { text: whole } of cases) {
    const text = whole.slice(0, 8_000).toWellFormed();
    const line = oneLine(whole).toWellFormed();
    seq = await runner.logs(work, seq, [
      { kind: 'text', text },
      { kind: 'output', text: `${text}\n` },
      { kind: 'thought', text },
      { kind: 'system', level: 'warning', text: line },
      { kind: 'tool_call', tool_call: `${seq}`, title: line, tool: 'edit', status: 'completed', paths: [line], content: text, diffs: [{ path: line, diff: `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+${line}\n` }] },
      { kind: 'plan', steps: [{ text: line, status: 'pending' }] },
    ]);
  }
  // A line of a megabyte, in as many pieces as an entry may be long.
  seq = await runner.logs(work, seq, Array.from({ length: 34 }, () => ({ kind: 'output', text: 'y'.repeat(30_000) })));
  const nasty = cases.slice(0, 3).map(({ text }) => text).join(' ');
  seq = await runner.logs(work, seq, [
    { kind: 'request', request: '01900000-0000-7000-8000-00000000cafe', ask: { kind: 'question', title: oneLine(nasty), body: nasty, choices: [{ id: 'a', label: oneLine(cases[2].text), kind: 'allow_once' }], free_text: true } },
  ]);
  for (const { text } of cases) {
    const name = encodeURIComponent(oneLine(text).replace(/[\uD800-\uDFFF]/g, ''));
    const status = await runner.put(work, `deliverables/${name}`, text.slice(0, 100));
    assert.ok(status < 500, `${name}: ${status}`);
  }
  const diff = cases
    .map(({ text }, at) => {
      const lines = text.slice(0, 2_000).split(/\r?\n/);
      const path = at % 2 ? oneLine(text) : `file${at}.js`;
      return `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1,1 +1,${lines.length} @@\n-x\n${lines.map((one) => `+${one}`).join('\n')}\n`;
    })
    .join('');
  assert.equal(await runner.put(work, 'diff?which=whole', diff), 204);
  await go(`/w/${workspace.slug}/jobs/${job.number}?tab=log`);
  await page.getByText('y'.repeat(50)).first().waitFor();
  await assertHarmless('the end of the log');
  const log = page.getByRole('log');
  for (let at = 0; at < 40; at += 1) {
    await log.evaluate((element) => {
      const scroller = [element, ...element.querySelectorAll('*')].find((one) => one.scrollHeight > one.clientHeight + 10 && getComputedStyle(one).overflowY !== 'visible') ?? element.parentElement;
      scroller.scrollTop -= scroller.clientHeight * 3;
    });
    await page.waitForTimeout(30);
  }
  await assertHarmless('the log');
  for (const tab of ['Files', 'Attempts']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tab', { name: tab, selected: true }).waitFor();
    await page.waitForTimeout(300);
    await assertHarmless(tab);
  }
  const commit = 'a'.repeat(40);
  runner.say({
    type: 'finished', attempt: work.attempt, fence: work.fence, last_seq: seq - 1, result: 'completed', summary: nasty, usage: {}, session: nasty, agent: null, model: nasty,
    branch: { name: 'coord/1-x', base_commit: commit, head_commit: commit, pushed: true, commits: [{ id: commit, subject: nasty }], files_changed: 1, insertions: 1, deletions: 0 },
  });
  await runner.hears('finish_confirmed');
  runner.close();
  await page.getByRole('tab', { name: 'Details' }).click();
  await page.getByText('Summary of attempt 1').waitFor();
  await assertHarmless('the summary');
  await page.getByRole('tab', { name: 'Review' }).click();
  await page.getByText('file0.js').first().waitFor();
  await assertHarmless('the review');
});

step('CAN-2: objects of a canvas, and its Outline', async () => {
  const canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: '<svg onload=alert(1)>' });
  const common = { parent: null, by: null, ts: 0, locked: false, color: 'gray', w: 200, h: 200 };
  const kinds = ['sticky', 'idea', 'text', 'group'];
  const objects = cases.map(({ text }, at) => ({
    ...common, id: `o${at}`, type: kinds[at % 4], x: (at % 16) * 240, y: Math.floor(at / 16) * 240, z: `a${String(at).padStart(4, '0')}`, text: text.slice(0, 4_000).toWellFormed(),
  }));
  objects.push({ ...common, id: 'l', type: 'link', x: -400, y: 0, z: 'Zz', text: '', url: 'https://evil.invalid/' });
  await ana.post(`/canvases/${canvas.id}/import`, { coord_canvas: 1, name: 'Hostile', objects, links: [] });
  const refused = await ana.status('POST', `/canvases/${canvas.id}/import`, {
    coord_canvas: 1, name: 'Hostile', objects: [{ ...common, id: 'j', type: 'link', x: 0, y: 0, z: 'Zy', text: '', url: 'javascript:alert(1)' }], links: [],
  });
  assert.ok(refused < 500);
  await go(`/w/${workspace.slug}/canvases/${canvas.id}`);
  await page.getByRole('button', { name: 'Zoom' }).or(page.getByRole('toolbar')).first().waitFor();
  await page.waitForTimeout(500);
  await page.keyboard.press('Shift+1');
  await page.waitForTimeout(500);
  await assertHarmless('the canvas');
  await go(`/w/${workspace.slug}/canvases/${canvas.id}?view=outline`);
  await page.getByRole('treeitem').nth(5).waitFor();
  await assertHarmless('the Outline');
});

step('WEB-1: every page of the workspace', async () => {
  await page.goto(`/w/${workspace.slug}`);
  const links = page.getByRole('navigation', { name: 'Workspace' }).getByRole('link');
  await links.first().waitFor();
  const names = await links.allTextContents();
  assert.ok(names.length >= 4);
  for (const [at, name] of names.entries()) {
    await links.nth(at).click();
    await page.waitForTimeout(400);
    await assertHarmless(name);
  }
});

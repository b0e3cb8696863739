import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { createWorkspace, setUp, signIn } from '../lib/pages.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());

const ana = { name: 'Ana', email: 'ana@example.org', password: 'a password of some length' };

test('acc_1_a new server is set up in the browser, and its account signs in elsewhere', () =>
  stage.play('first-run', async () => {
    const page = await stage.page('ana');
    await page.goto('/');
    await screenshot(page, 'first-run-1-set-up');
    await setUp(page, ana);
    await createWorkspace(page, 'Orchard');
    await screenshot(page, 'first-run-2-board');
    assert.match(page.url(), /\/w\/orchard/);

    const elsewhere = await stage.page('ana-elsewhere', { colorScheme: 'dark' });
    await signIn(elsewhere, { ...ana, password: 'not that password' });
    await elsewhere.getByRole('alert').waitFor();
    await screenshot(elsewhere, 'first-run-3-wrong-password');
    await elsewhere.getByLabel('Password').fill(ana.password);
    await elsewhere.getByRole('button', { name: 'Sign in' }).click();
    await elsewhere.getByRole('link', { name: 'Board' }).waitFor();
    await screenshot(elsewhere, 'first-run-4-signed-in-dark');

    await elsewhere.getByRole('button', { name: 'Account of Ana' }).click();
    await elsewhere.getByRole('menuitem', { name: 'Sign out' }).click();
    await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor();
    await elsewhere.goto('/w/orchard');
    await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor();
  }));

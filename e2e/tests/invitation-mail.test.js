import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { Mailbox } from '../lib/mailbox.js';
import { createWorkspace, setUp, signIn } from '../lib/pages.js';
import { Stage } from '../lib/stage.js';

const ana = { name: 'Ana', email: 'ana@example.org', password: 'a password of some length' };
const ben = { name: 'Ben', email: 'ben@example.org', password: 'another password of length' };
const fresh = 'a password chosen by mail';

/** Links in mails lead to the address the server was told, so its port is known before it starts. */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

let mailbox;
let stage;
before(async () => {
  mailbox = await Mailbox.open();
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ['--base-url', `http://${address}`, '--smtp-url', mailbox.url, '--mail-from', 'Coord <coord@example.org>'];
  stage = await Stage.open({ address, registration: 'invited', flags });
});
after(async () => {
  await stage?.close();
  await mailbox?.close();
});
const step = Stage.steps('invitation-mail', () => stage);

let ours;
let theirs;

step('acc_2_an admin invites by mail, and is told that it was sent', async () => {
  ours = await stage.page('ana');
  await ours.goto('/');
  await setUp(ours, ana);
  await createWorkspace(ours, 'Orchard');
  await ours.getByRole('link', { name: 'Members' }).click();
  await ours.getByRole('button', { name: 'Invite' }).click();
  await ours.getByLabel('E-mail').fill(ben.email);
  await ours.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
  await ours.getByText(`The mail to ${ben.email} is sent.`).waitFor();
  await screenshot(ours, 'invitation-1-sent');
  await ours.getByRole('button', { name: 'Done' }).click();
  await ours.getByText('sent by mail').waitFor();
});

step('acc_2_a mail that cannot be sent says why, and the link is there to be copied', async () => {
  await ours.getByRole('button', { name: 'Invite' }).click();
  await ours.getByLabel('E-mail').fill('nobody@example.org');
  await ours.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
  await ours.getByText(/could not be sent: .*there is no such person/).first().waitFor();
  assert.match(await ours.getByLabel('Invitation link').inputValue(), /\/invitations\/[0-9a-f]{64}$/);
  await screenshot(ours, 'invitation-2-failed');
  await ours.getByRole('button', { name: 'Done' }).click();
  await ours.getByRole('button', { name: 'Take back the invitation of nobody@example.org' }).click();
  await ours.getByText('nobody@example.org').waitFor({ state: 'detached' });
});

step('acc_2_whoever has the mail makes an account and is a member at once', async () => {
  const link = await mailbox.link(ben.email, `${stage.base}/invitations/`);
  theirs = await stage.page('ben', { viewport: { width: 390, height: 844 } });
  await theirs.goto(link);
  await theirs.getByRole('heading', { name: 'Join Orchard' }).waitFor();
  await screenshot(theirs, 'invitation-3-join-phone');
  await theirs.getByLabel('Name').fill(ben.name);
  await theirs.getByLabel('Password').fill(ben.password);
  await theirs.getByRole('button', { name: 'Create the account and join' }).click();
  await theirs.getByRole('link', { name: 'Board' }).waitFor();
  await ours.getByText('ben@example.org').waitFor();
  await ours.getByRole('heading', { name: 'Invited' }).waitFor({ state: 'detached' });
  assert.deepEqual(mailbox.letters.map(({ to }) => to), [[ben.email]]);
});

step('acc_1_a forgotten password is chosen anew by mail, and ends the open session', async () => {
  const elsewhere = await stage.page('ben-elsewhere');
  await elsewhere.goto('/login');
  await elsewhere.getByRole('link', { name: 'Forgot your password?' }).click();
  await elsewhere.getByLabel('E-mail').fill(ben.email);
  await elsewhere.getByRole('button', { name: 'Send the link' }).click();
  await elsewhere.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  await elsewhere.goto(await mailbox.link(ben.email, `${stage.base}/reset-password#`));
  await elsewhere.getByLabel('New password').fill(fresh);
  await elsewhere.getByRole('button', { name: 'Change the password' }).click();
  await elsewhere.getByRole('heading', { name: 'Your password is changed' }).waitFor();
  await theirs.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 5_000 });
  await signIn(elsewhere, { ...ben, password: fresh });
  await elsewhere.getByRole('link', { name: 'Board' }).waitFor();
  await elsewhere.goto('/w/orchard/account');
  await elsewhere.getByText('Chose a new password by a link').waitFor();
});

step('acc_6_the admin reads in the audit log what was done', async () => {
  await ours.goto('/w/orchard/audit');
  await ours.getByText('Accepted an invitation').waitFor();
  await ours.getByLabel('What').selectOption('invitation');
  await ours.getByText('Made the workspace').waitFor({ state: 'detached' });
  await screenshot(ours, 'invitation-4-audit');
  assert.deepEqual(stage.complaints().filter((complaint) => !/401|WebSocket/.test(complaint)), []);
});

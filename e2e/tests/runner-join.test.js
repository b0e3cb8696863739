import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { screenshot } from '../lib/browser.js';
import { card } from '../lib/pages.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());

const script = [{ say: 'Here I am.' }, { tool: { kind: 'edit', title: 'Leave a word', path: 'output/hello.txt', write: 'hello' } }];

test('run_1_a newcomer gets from the empty Runners page to a finished job by three commands', () =>
  stage.play('runner-join', async () => {
    const ana = await stage.person('Ana');
    const workspace = await ana.post('/workspaces', { name: 'Orchard' });
    await ana.post(`/workspaces/${workspace.id}/jobs`, {
      title: 'Say hello',
      description: `@@${JSON.stringify(script)}@@`,
      agent: 'scripted',
      context: { type: 'local' },
      tools_policy: 'approve_all',
      state: 'ready',
    });
    const page = await stage.page('ana', { person: ana });
    await page.goto(`/w/${workspace.slug}/runners`);
    await page.getByText('You have no runner yet').waitFor();
    const command = await page.getByLabel('2. Sign in').inputValue();
    assert.equal(command, `coord-runner login --server ${stage.base}`);
    await screenshot(page, 'runner-join-1-empty');

    // What is copied from the page, with a file of this test's own. The scripted agent needs no key.
    const config = join(stage.folder, 'home', 'runner.toml');
    const login = stage.runnerProgram('login', ['--config', config, ...command.split(' ').slice(1)]);
    const [, address] = await login.waitFor(/^ {4}(http\S+\/runners\/join\?code=\S+)$/m);
    const [, code] = await login.waitFor(/code: (\S+)/);

    const join_ = await stage.page('ana-join', { person: ana });
    await join_.goto(address);
    await join_.getByText(code, { exact: true }).waitFor();
    await join_.getByLabel('Name of the runner').fill('laptop');
    await screenshot(join_, 'runner-join-2-decide');
    await join_.getByRole('checkbox').check();
    await join_.getByRole('button', { name: 'Approve' }).click();
    await join_.getByRole('heading', { name: 'laptop is approved' }).waitFor();

    await login.waitFor(/This machine is now the runner “laptop” of Ana\./);
    await eventually('login has ended', () => login.ended);
    assert.equal(login.child.exitCode, 0, login.output());
    assert.equal(statSync(config).mode & 0o777, 0o600);
    assert.doesNotMatch(login.output(), /coord_[rc]_/, 'no secret is shown');
    // Without a reload: the page heard of it.
    const row = page.getByRole('row').filter({ hasText: 'laptop' });
    await row.getByText('Offline').waitFor();

    stage.addToFile(config, '\n[agents.scripted]\n');
    stage.runnerProgram('run', ['--config', config, 'run', '--no-ui']);
    await page.goto(`/w/${workspace.slug}`);
    await card(page, 'Done', 'Say hello').waitFor();
    await page.goto(`/w/${workspace.slug}/runners`);
    await row.getByText('Idle').waitFor();
    await row.getByRole('cell', { name: '1', exact: true }).waitFor();
    await screenshot(page, 'runner-join-3-works');
    assert.deepEqual(stage.complaints(), []);
  }));

test('run_1_a refused code gives nothing and leaves the configuration alone', () =>
  stage.play('runner-refused', async () => {
    const eve = await stage.person('Eve');
    const config = join(stage.folder, 'other', 'runner.toml');
    const login = stage.runnerProgram('refused', ['--config', config, 'login', '--server', stage.base]);
    const [, address] = await login.waitFor(/^ {4}(http\S+\/runners\/join\?code=\S+)$/m);
    const page = await stage.page('eve', { person: eve });
    await page.goto(address);
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('heading', { name: 'Refused' }).waitFor();
    await eventually('login has ended', () => login.ended);
    assert.equal(login.child.exitCode, 1);
    assert.match(login.output(), /refused in the web app/);
    assert.throws(() => statSync(config));
    assert.deepEqual((await eve.get('/runners')).items, []);
  }));

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertNothingIsThere } from '../lib/outsider.js';
import { eventually } from '../lib/person.js';
import { Stage } from '../lib/stage.js';

let stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());

// Every kind of line end, no line end at the end, letters beyond ASCII: whatever is touched on the way would show.
const written = 'first\r\nsecond\n\tthird\rfourth – žluťoučký 🐎\n\nlast';

test('file_2_what an agent leaves in its output folder is downloaded byte for byte', () =>
  stage.play('local-job', async () => {
    const ana = await stage.person('Ana');
    const eve = await stage.person('Eve');
    const workspace = await ana.post('/workspaces', { name: 'Reports' });
    await stage.runner(ana);
    const script = [
      { say: 'I write a report.' },
      { tool: { kind: 'edit', title: 'Write the report', path: 'output/report.txt', write: written } },
      { say: ' Done.' },
    ];
    const { id } = await ana.post(`/workspaces/${workspace.id}/jobs`, {
      title: 'Write the report',
      description: `@@${JSON.stringify(script)}@@`,
      agent: 'scripted',
      context: { type: 'local' },
      tools_policy: 'approve_all',
      state: 'ready',
    });
    const done = await eventually('the job is done', async () => {
      const job = await ana.get(`/jobs/${id}`);
      assert.notEqual(job.state, 'failed', job.attempt?.failure_detail ?? 'failed');
      return job.state === 'done' && job;
    });
    const { items: files } = await ana.get(`/jobs/${id}/deliverables`);
    assert.deepEqual(files.map((file) => file.name), ['report.txt']);
    const [file] = files;
    const expected = Buffer.from(written, 'utf8');
    assert.equal(file.sha256, createHash('sha256').update(expected).digest('hex'));

    const page = await stage.page('ana', { person: ana });
    await page.goto(`/w/${workspace.slug}/jobs/${done.number}?tab=files`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download report.txt' }).click()]);
    assert.equal(download.suggestedFilename(), 'report.txt');
    const chunks = [];
    for await (const chunk of await download.createReadStream()) {
      chunks.push(chunk);
    }
    assert.deepEqual(Buffer.concat(chunks), expected);

    await assertNothingIsThere(eve, { workspace: workspace.id, job: id, attempts: [done.attempt.id], files: [file.id] });
  }));

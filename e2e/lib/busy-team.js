/** A team in the middle of its work: jobs in every state, a chain of them, an agent that asks, notes, files, a canvas. */
import { eventually, Person } from './person.js';

const script = (steps) => `Do what the script says.\n\n@@${JSON.stringify(steps)}@@`;

/** Makes it all on a stage. Answers the people, the workspace and its jobs by a short name. */
export async function busyTeam(stage) {
  const [ana, ben, cleo, vera] = await Promise.all(['Ana Sousa', 'Ben Okafor', 'Cleo Lind', 'Vera Brandt'].map((name) => person(stage, name)));
  const workspace = await ana.post('/workspaces', { name: 'Orchard' });
  await stage.join(ana, workspace, ben, 'admin');
  await stage.join(ana, workspace, cleo);
  await stage.join(ana, workspace, vera, 'viewer');
  await stage.runner(ana, { name: 'shed', shared: true });
  await ben.post('/runners', { name: 'laptop', shared: false });

  const make = (by, title, more = {}) => by.post(`/workspaces/${workspace.id}/jobs`, { title, ...more });
  const jobs = {
    survey: await make(ana, 'Survey the old orchard', { domains: ['field'], priority: 'high', folder: 'Spring' }),
    soil: await make(cleo, 'Test the soil in five places', { domains: ['field', 'lab'], folder: 'Spring' }),
    plan: await make(ana, 'Draw the planting plan', { domains: ['plans'], folder: 'Spring', description: '## What is wanted\n\n- rows from **north to south**\n- a path every 12 m\n- room for `cart.width` twice\n\n> Ask the neighbours about the fence.' }),
    order: await make(ben, 'Order 120 young trees', { domains: ['buying'], priority: 'vip', folder: 'Spring', auto_ready: true }),
    plant: await make(ana, 'Plant the trees', { domains: ['field'], auto_ready: true }),
    water: await make(cleo, 'Lay the water pipe', { domains: ['field'], priority: 'low', folder: 'Summer' }),
    budget: await make(ana, 'Settle the budget with the bank', { private: true, domains: ['buying'] }),
  };
  for (const [waits, first] of [['plan', 'survey'], ['plan', 'soil'], ['order', 'plan'], ['plant', 'order'], ['plant', 'water']]) {
    await ana.put(`/jobs/${jobs[waits].id}/dependencies/${jobs[first].id}`);
  }
  await ana.post(`/jobs/${jobs.survey.id}/ready`);
  await ana.post(`/jobs/${jobs.survey.id}/start`);
  await ana.post(`/jobs/${jobs.survey.id}/complete`, { body: 'All 74 trees are on the map; nine of them will not be saved.' });
  await cleo.post(`/jobs/${jobs.soil.id}/ready`);
  await cleo.post(`/jobs/${jobs.soil.id}/start`);
  await cleo.post(`/jobs/${jobs.soil.id}/submit`, { body: 'Acid at two of five places.' });
  await cleo.post(`/jobs/${jobs.soil.id}/notes`, { body: 'The lab wants **two more samples** from the slope. @Ana Sousa, may I drive there on Monday?' });
  await ana.post(`/jobs/${jobs.soil.id}/notes`, { body: 'Yes. Take the trailer.' });

  const agentic = { agent: 'scripted', context: { type: 'local' }, routing: 'any', state: 'ready' };
  jobs.report = await make(ana, 'Write the report for the county', {
    ...agentic, domains: ['writing'], tools_policy: 'approve_all',
    description: script([{ say: 'I read the survey and write the report.' }, { tool: { kind: 'edit', title: 'Write report.md', path: 'output/report.md', write: '# The orchard\n\n74 trees, nine lost.\n' } }, { usage: { input: 41200, output: 3100, cost: 0.31 } }, { say: 'The report is in report.md.' }]),
  });
  await reaches(ana, jobs.report, 'done');
  jobs.prices = await make(ben, 'Compare the prices of three nurseries', {
    ...agentic, domains: ['buying'], priority: 'high',
    description: script([{ say: 'I look at the three lists.' }, { tool: { kind: 'edit', title: 'Write prices.csv', path: 'output/prices.csv', write: 'a,b\n', ask: true } }]),
  });
  jobs.broken = await make(ana, 'Convert the old maps', { ...agentic, domains: ['plans'], tools_policy: 'approve_all', description: script([{ say: 'I open the first map.' }, { end_turn_error: 'The map is not readable.' }]) });
  await eventually('the agents are where they should be', async () => {
    const { items } = await ana.get(`/workspaces/${workspace.id}/jobs?limit=200`);
    const states = Object.fromEntries(items.map((job) => [job.id, job]));
    return states[jobs.prices.id].state !== 'ready' && states[jobs.broken.id].state !== 'ready' && states[jobs.broken.id].state !== 'in_progress';
  }, 40_000);

  const canvas = await ana.post(`/workspaces/${workspace.id}/canvases`, { name: 'The new orchard' });
  const common = { parent: null, by: null, ts: 0, locked: false };
  await ana.post(`/canvases/${canvas.id}/import`, {
    coord_canvas: 1,
    name: 'The new orchard',
    objects: [
      { ...common, id: 'g', type: 'group', x: -40, y: -60, w: 1320, h: 260, z: 'Zz', text: 'Under way', color: 'green' },
      ...[jobs.survey, jobs.plan, jobs.order, jobs.plant].map((job, at) => ({ ...common, parent: 'g', id: `j${at}`, type: 'job', x: 40 + at * 320, y: 60, w: 280, h: 136, z: `a${at}`, text: '', color: 'gray', job: job.id })),
      { ...common, id: 'i1', type: 'idea', x: 0, y: 260, w: 240, h: 120, z: 'b1', text: 'Bees between the rows', color: 'violet' },
      { ...common, id: 'i2', type: 'idea', x: 320, y: 260, w: 240, h: 120, z: 'b2', text: 'A gate at the lane', color: 'violet' },
      { ...common, id: 's', type: 'sticky', x: 660, y: 250, w: 180, h: 180, z: 'b3', text: 'Who drives the digger?', color: 'amber' },
    ],
    links: [{ id: 'd', from: { object: 'i1', side: 'auto' }, to: { object: 'i2', side: 'auto' }, kind: 'dep', color: 'gray', text: '' }],
  });
  return { ana, ben, cleo, vera, workspace, jobs, canvas };
}

async function person(stage, name) {
  const [first] = name.split(' ');
  return new Person(stage.base, { name, email: `${first.toLowerCase()}@example.org`, password: `${first} has a long password` }).register();
}

async function reaches(by, job, state) {
  await eventually(`${job.title} is ${state}`, async () => (await by.get(`/jobs/${job.id}`)).state === state, 40_000);
}

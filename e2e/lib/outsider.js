/** What somebody from another workspace gets: nothing, and no sign that there is something. */
import assert from 'node:assert/strict';
import http from 'node:http';

/** The status of an attempt to open a WebSocket. */
function upgradeStatus(person, path) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${person.base}/api/v1${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        origin: person.base,
        cookie: person.cookie,
      },
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Asks for everything that belongs to a job as `person`; each answer must be 404. */
export async function assertNothingIsThere(person, { workspace, job, attempts, requests = [], files = [] }) {
  const asked = [
    ['GET', `/workspaces/${workspace}`],
    ['PATCH', `/workspaces/${workspace}`, { name: 'Mine now' }],
    ['GET', `/workspaces/${workspace}/members`],
    ['GET', `/workspaces/${workspace}/jobs`],
    ['POST', `/workspaces/${workspace}/jobs`, { title: 'A stranger’s job' }],
    ['GET', `/workspaces/${workspace}/requests`],
    ['GET', `/workspaces/${workspace}/runners`],
    ['POST', `/workspaces/${workspace}/invitations`, { email: person.email, role: 'admin' }],
    ['GET', `/jobs/${job}`],
    ['PATCH', `/jobs/${job}`, { title: 'Changed' }],
    ['DELETE', `/jobs/${job}`],
    ['POST', `/jobs/${job}/ready`, {}],
    ['POST', `/jobs/${job}/approve`, {}],
    ['POST', `/jobs/${job}/request_changes`, { body: 'no' }],
    ['POST', `/jobs/${job}/cancel`, {}],
    ['GET', `/jobs/${job}/notes`],
    ['POST', `/jobs/${job}/notes`, { body: 'hello' }],
    ['GET', `/jobs/${job}/attachments`],
    ['GET', `/jobs/${job}/deliverables`],
    ['GET', `/jobs/${job}/team`],
    ['GET', `/jobs/${job}/attempts`],
    ...attempts.flatMap((attempt) => [
      ['GET', `/attempts/${attempt}`],
      ['GET', `/attempts/${attempt}/log?from=1`],
      ['GET', `/attempts/${attempt}/diff`],
      ['POST', `/attempts/${attempt}/messages`, { body: 'hello' }],
    ]),
    ...requests.map((request) => ['POST', `/requests/${request}/answer`, { body: 'yes' }]),
    ...files.flatMap((file) => [
      ['GET', `/files/${file}`],
      ['GET', `/files/${file}/content`],
      ['DELETE', `/files/${file}`],
    ]),
  ];
  for (const [method, path, body] of asked) {
    assert.equal(await person.status(method, path, body), 404, `${method} ${path}`);
  }
  for (const path of [`/workspaces/${workspace}/events`, ...attempts.map((attempt) => `/attempts/${attempt}/log/live?from=1`)]) {
    assert.equal(await upgradeStatus(person, path), 404, `WebSocket ${path}`);
  }
}

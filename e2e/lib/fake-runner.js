/** A runner that says what the test wants it to: the runner protocol spoken by hand. */
import WebSocket from 'ws';

export class FakeRunner {
  #messages = [];
  #waiting = [];
  /** Why there is no connection any more. */
  ended = undefined;

  /** A new runner of `owner`, connected, with the agent `scripted`. */
  static async connect(owner, { name = 'fake', shared = false } = {}) {
    const runner = new FakeRunner();
    const { id, token } = await owner.post('/runners', { name, shared });
    Object.assign(runner, { id, base: owner.base, token });
    runner.socket = new WebSocket(`${owner.base.replace('http', 'ws')}/api/v1/runner`, { headers: { authorization: `Bearer ${token}` } });
    runner.socket.on('message', (data) => {
      runner.#messages.push(JSON.parse(data));
      for (const look of runner.#waiting.splice(0)) {
        look();
      }
    });
    runner.socket.on('close', (code, reason) => {
      runner.ended = `the server closed the runner's connection: ${code} ${reason}`;
      for (const look of runner.#waiting.splice(0)) {
        look();
      }
    });
    await new Promise((resolve, reject) => runner.socket.once('open', resolve).once('error', reject));
    runner.say({ type: 'hello', protocol: 1, version: '0', platform: 'test', agents: [{ name: 'scripted' }], concurrency: 4, held: [] });
    await runner.hears('welcome');
    return runner;
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message of this type; those before it are dropped. */
  async hears(type, fits = () => true) {
    for (;;) {
      while (this.#messages.length > 0) {
        const message = this.#messages.shift();
        if (message.type === type && fits(message)) {
          return message;
        }
      }
      if (this.ended) {
        throw new Error(this.ended);
      }
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Sends log entries, numbered from `first`, and waits until they are stored. Answers the number after the last. */
  async logs(work, first, bodies) {
    const entries = bodies.map((body, at) => ({ seq: first + at, at: '2026-01-01T00:00:00Z', ...body }));
    this.say({ type: 'log', attempt: work.attempt, fence: work.fence, entries });
    const last = first + bodies.length - 1;
    await this.hears('confirm', ({ seq }) => seq >= last);
    return last + 1;
  }

  /** Uploads under the claim's fence; the status. */
  async put(work, rest, body) {
    const response = await fetch(`${this.base}/api/v1/runner/attempts/${work.attempt}/${rest}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${this.token}`, 'x-coord-fence': String(work.fence) },
      body,
    });
    await response.arrayBuffer();
    return response.status;
  }

  close() {
    this.socket.close();
  }
}

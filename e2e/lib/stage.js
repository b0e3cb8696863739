/** A server with its people and their runners, on free ports, with data in a temporary folder. All gone at the end. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { openBrowser, openPage, out, screenshot } from './browser.js';
import { eventually, Person } from './person.js';
import { Program, runnerProgram, serverProgram } from './programs.js';

export class Stage {
  #pages = new Map();
  #programs = [];

  /** Starts the server, on a free port unless `address` says where; `flags` are added to its own. */
  static async open({ flags = [], address, registration = 'open' } = {}) {
    const stage = new Stage();
    stage.registration = registration;
    stage.folder = mkdtempSync(join(tmpdir(), 'coord-e2e-'));
    try {
      await stage.#startServer(flags, address);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async #startServer(flags, address = '127.0.0.1:0') {
    this.server = this.#start(serverProgram(), 'server', [
      '--listen', address, '--data', join(this.folder, 'data'), '--registration', this.registration, '--workers', '2', ...flags,
    ]);
    const [, base] = await this.server.waitFor(/^coord-server ready at (\S+)$/m);
    this.base = base;
  }

  /** Starts the server again where it was, with the data it had. */
  async startServerAgain() {
    await this.#startServer([], new URL(this.base).host);
  }

  #start(file, name, args) {
    const log = join(this.folder, `${name}.log`);
    writeFileSync(log, '');
    const program = new Program(file, args, { log });
    this.#programs.push(program);
    return program;
  }

  /** A registered person. */
  person(name) {
    return new Person(this.base, { name }).register();
  }

  /** Makes `member` a member of `workspace` by an invitation of `owner`. */
  async join(owner, workspace, member, role = 'member') {
    const { code } = await owner.post(`/workspaces/${workspace.id}/invitations`, { email: member.email, role });
    await member.post(`/invitations/${code}/accept`);
  }

  /**
   * Starts a runner of `owner` that may use the repositories below the stage's folder. Its scripted agent pauses `pace` times as long
   * as its script says.
   */
  async runner(owner, { name = 'box', shared = false, pace = 0 } = {}) {
    const { id, token } = await owner.post('/runners', { name, shared });
    const folder = join(this.folder, `runner-${name}`);
    mkdirSync(folder);
    const config = join(folder, 'runner.toml');
    const quoted = JSON.stringify;
    writeFileSync(
      config,
      `server = ${quoted(this.base)}\ntoken = ${quoted(token)}\nwork_dir = "work"\n\n` +
        `[agents.scripted.env]\nSCRIPTED_PACE = "${pace}"\n\n[policy]\nallow_local_repositories = [${quoted(this.folder)}]\n\n[retry]\nbackoff_ms = 200\n`,
      { mode: 0o600 },
    );
    const program = this.#start(runnerProgram(), `runner-${name}`, ['--config', config, 'run', '--no-ui']);
    await eventually(`runner ${name} is online`, async () => {
      if (program.ended) {
        throw new Error(program.output());
      }
      const { items } = await owner.get('/runners');
      return items.some((runner) => runner.id === id && runner.status !== 'offline');
    });
    return { id, program };
  }

  /** Starts the runner's program with these arguments. */
  runnerProgram(name, args) {
    return this.#start(runnerProgram(), `runner-${name}`, args);
  }

  /** Adds to a file, as somebody does in an editor. */
  addToFile(file, text) {
    appendFileSync(file, text);
  }

  /** A page for `person`, or for somebody who is not signed in. */
  async page(name, options) {
    this.browser ??= await openBrowser();
    const page = await openPage(this.browser, this.base, options);
    this.#pages.set(name, page);
    return page;
  }

  /**
   * For the steps of one story, each a test of its own: after one that failed the others are not tried.
   * Answers a function like `test`.
   */
  static steps(title, stage) {
    let failed = false;
    return (name, act) =>
      test(name, async () => {
        assert.ok(!failed, 'an earlier step failed');
        failed = true;
        await stage().play(title, act);
        failed = false;
      });
  }

  /** Runs `act`; when it fails, keeps what everybody saw and what the programs said. */
  async play(title, act) {
    try {
      await act();
    } catch (error) {
      mkdirSync(out, { recursive: true });
      for (const [name, page] of this.#pages) {
        // The failure is what counts, not that its picture could not be taken.
        await screenshot(page, `failed-${title}-${name}`).catch(() => {});
      }
      for (const program of this.#programs) {
        copyFileSync(program.log, join(out, `failed-${title}-${basename(program.log)}`));
      }
      throw error;
    }
  }

  /** Everything that went wrong inside the pages. */
  complaints() {
    return [...this.#pages].flatMap(([name, page]) => page.complaints.map((complaint) => `${name}: ${complaint}`));
  }

  async close() {
    await this.browser?.close();
    for (const program of this.#programs.reverse()) {
      await program.stop();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

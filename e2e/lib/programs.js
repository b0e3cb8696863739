/** Starting and stopping programs. Whatever is started here is stopped here, by its process id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const suffix = process.platform === 'win32' ? '.exe' : '';
const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));

/** Where a program of the workspace is. */
function program(variable, name) {
  const file = process.env[variable] ?? `${target}/debug/${name}${suffix}`;
  if (!existsSync(file)) {
    throw new Error(`${name} is not built: cargo build --package ${name}`);
  }
  return file;
}

export const serverProgram = () => program('COORD_E2E_SERVER', 'coord-server');
export const yrsClientProgram = () => program('COORD_E2E_YRS_CLIENT', 'examples/canvas_client');
export const runnerProgram = () => program('COORD_E2E_RUNNER', 'coord-runner');

/** A running program whose output is kept in a file. */
export class Program {
  constructor(file, args, { log, env = {} }) {
    this.log = log;
    const out = openSync(log, 'a');
    // Nothing of the surrounding shell decides how the programs behave.
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COORD_')));
    const logLevel = process.env.COORD_E2E_LOG ? { COORD_LOG: process.env.COORD_E2E_LOG } : {};
    this.child = spawn(file, args, { stdio: ['ignore', out, out], env: { ...clean, ...logLevel, ...env } });
    this.failure = undefined;
    this.child.on('error', (error) => {
      this.failure = error;
    });
  }

  get ended() {
    return this.failure !== undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  output() {
    return readFileSync(this.log, 'utf8');
  }

  /** The first match of `pattern` in the output, as soon as it is there. */
  async waitFor(pattern, within = 20_000) {
    const until = Date.now() + within;
    for (;;) {
      const match = this.output().match(pattern);
      if (match) {
        return match;
      }
      if (this.ended) {
        throw new Error(`${this.child.spawnfile} ended: ${this.failure ?? this.child.exitCode}\n${this.output()}`);
      }
      if (Date.now() > until) {
        throw new Error(`${this.child.spawnfile} did not say ${pattern}\n${this.output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(grace = 8_000) {
    if (this.ended) {
      return;
    }
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), grace);
    await exit;
    clearTimeout(timer);
  }

  /** Ends it as a crash would. */
  async kill() {
    if (!this.ended) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exit;
    }
  }
}

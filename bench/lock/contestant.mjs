// A contestant's process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const nodeLock = fileURLToPath(new URL('node-lock.mjs', import.meta.url));

/** The command line of each contestant, without the arguments that all have. `go` is the path of the Go program. */
export function commandOf(kind, go) {
  return kind === 'go' ? [go] : [process.execPath, nodeLock, kind];
}

/** Holders and waiters of one lock, in one process. */
export class Contestant {
  #child;
  #lines;

  constructor(command, args) {
    const [file, ...own] = command;
    this.#child = spawn(file, [...own, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Adds a waiter. */
  wait() {
    return this.#request('wait');
  }

  /** Resolves when the first waiter holds the lock. */
  first() {
    return this.#request('first');
  }

  /** Resolves to the time in ms from a release to the next holder. */
  async handover() {
    return (await this.#request('handover')).ms;
  }

  async close() {
    const ended = once(this.#child, 'exit');
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #request(command) {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process ended before it answered '${command}'`);
    return JSON.parse(value);
  }
}

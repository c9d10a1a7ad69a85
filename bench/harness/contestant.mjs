// A contestant's process in a row, as the harness sees it.
import { once } from 'node:events';
import { reply, start } from './processes.mjs';

const closeTimeoutMs = 20_000;
const running = new Set();

export class Contestant {
  #child;

  constructor(child) {
    this.#child = child;
    running.add(this);
    child.once('exit', () => running.delete(this));
  }

  /** Resolves when the contestant is connected and warm. */
  static async start(task) {
    const child = start('worker.mjs', { core: task.cores.client, task, execArgv: ['--expose-gc'] });
    const contestant = new Contestant(child);
    try {
      await reply(child);
      return contestant;
    } catch (error) {
      await contestant.kill();
      throw error;
    }
  }

  measure(params) {
    this.#child.send({ measure: params });
    return reply(this.#child);
  }

  /** Ends the process, in an orderly way if it can. */
  async close() {
    try {
      if (this.#child.connected) {
        this.#child.send({});
        await reply(this.#child, closeTimeoutMs);
      }
    } finally {
      await this.kill();
    }
  }

  async kill() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Kills the processes of all contestants. What they started ends with them. */
export async function killContestants() {
  await Promise.all([...running].map((contestant) => contestant.kill()));
}

// The rounds of a row.
import { contestants } from '../contestants/index.mjs';
import { Contestant } from './contestant.mjs';
import { metric } from './metric.mjs';
import { orderOf } from './order.mjs';

const settleMs = 10_000;

/**
 * Measures a row.
 *
 * @param names the contestants
 * @param run `{ address, raw, cores, mode, rounds, endAt, progress, signal }`; no round begins after `endAt`, except the first
 * @returns the figures of each contestant by round, undefined for a measurement that failed, and the failures
 */
export async function measureRow(row, names, run) {
  const settings = row.settings[run.mode];
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  const failures = {};
  const tasks = await tasksOf(row, names, settings, run);
  const field = new Field(row, tasks, failures, run.signal);
  try {
    if (!row.fresh) await field.startAll(names);
    const params = await row.calibrate?.((name, given) => field.measure(name, given));
    const rounds = run.rounds ?? settings.rounds;
    for (let round = 0; round < rounds && (round === 0 || performance.now() < run.endAt); round++) {
      for (const name of orderOf(round, names)) {
        run.progress(`${row.name}, round ${round + 1} of ${rounds}: ${contestants[name].title}`);
        figures[name][round] = await field.measure(name, { ...params, round });
      }
    }
  } finally {
    await field.close();
  }
  return { settings, figures, failures };
}

async function tasksOf(row, names, settings, { address, cores, raw }) {
  const prepared = await row.prepare?.({ address, settings, raw });
  const common = { file: row.file, row: row.name, address, cores, settings, prepared };
  return Object.fromEntries(names.map((contestant) => [contestant, { ...common, contestant }]));
}

/** The contestants of a row. One that fails leaves the row; the others continue. */
class Field {
  #row;
  #tasks;
  #failures;
  #signal;
  #running = new Map();

  constructor(row, tasks, failures, signal) {
    this.#row = row;
    this.#tasks = tasks;
    this.#failures = failures;
    this.#signal = signal;
  }

  async startAll(names) {
    for (const name of names) await this.#attempt(name, () => this.#start(name));
  }

  measure(name, params) {
    return this.#attempt(name, async () => {
      if (this.#row.fresh) await this.#start(name);
      const figures = await this.#running.get(name).measure(params);
      if (this.#row.fresh) await this.#close(name);
      return figures;
    });
  }

  async close() {
    for (const name of [...this.#running.keys()]) await this.#attempt(name, () => this.#close(name));
  }

  async #attempt(name, work) {
    if (this.#failures[name] !== undefined) return undefined;
    try {
      return await work();
    } catch (error) {
      // The end of the run is not the contestant's failure.
      this.#signal.throwIfAborted();
      this.#failures[name] = error.message;
      return undefined;
    }
  }

  async #start(name) {
    this.#signal.throwIfAborted();
    this.#running.set(name, await Contestant.start(this.#tasks[name]));
  }

  async #close(name) {
    const contestant = this.#running.get(name);
    this.#running.delete(name);
    await contestant.close();
    await settled(this.#tasks[name].address);
  }
}

/** Waits until etcd has removed the watchers of a process that has ended, so that their removal is not measured. */
async function settled(address) {
  const deadline = performance.now() + settleMs;
  const watchers = () => metric(address, 'etcd_debugging_mvcc_watcher_total');
  while ((await watchers()) > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

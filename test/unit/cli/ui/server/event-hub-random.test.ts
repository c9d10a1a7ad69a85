import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { EventHub } from '#src/cli/ui/server/event-hub.js';
import { Random } from '../../../../sim/random.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeCatalog, settings } from './fake-catalog.js';
import { FakeConnection, FakePage } from './fake-page.js';

const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
const schedules = 100;
const steps = 120;

/** A catalog and three pages, to which random things happen. The first page reads and never disconnects. */
class Schedule {
  readonly catalog = new FakeCatalog();
  readonly pages = [new FakePage(), new FakePage(), new FakePage()];
  readonly #random: Random;
  readonly #clock = new FakeClock();
  readonly #hub: EventHub;
  readonly #connections: FakeConnection[];

  constructor(seed: number) {
    this.#random = new Random(seed);
    const limits = {
      bytes: this.#random.pick([500, 5_000, 50_000]),
      messages: this.#random.pick([2, 10, 100]),
    };
    // Many rows, so that a snapshot takes several turns of the event loop.
    for (let i = 0; i < 1_200; i++) this.catalog.put(`static${i}`);
    this.#hub = new EventHub(this.catalog, settings, { clock: this.#clock, limits });
    this.#connections = this.pages.map((page) => this.#connect(page));
  }

  async run(): Promise<void> {
    for (let i = 0; i < steps; i++) await this.#step();
    for (const connection of this.#connections) connection.resume();
    this.#clock.advance(1_000);
    for (let i = 0; i < 100; i++) await turn();
    this.catalog.changeStatus();
    for (let i = 0; i < 10; i++) await turn();
    this.#hub.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #step(): Promise<void> | void {
    const { catalog } = this;
    const key = this.#random.pick(keys);
    const action = this.#random.weighted<() => Promise<void> | void>([
      [8, () => catalog.put(key)],
      [4, () => catalog.remove(key)],
      [2, () => catalog.putQueue(key)],
      [1, () => catalog.removeQueue(key)],
      [0.5, () => catalog.replace(keys.filter(() => this.#random.chance(0.5)))],
      [1, () => catalog.changeStatus()],
      [4, () => this.#clock.advance(this.#random.between(1, 60))],
      [4, () => turn()],
      [2, () => this.#slowOne().pause()],
      [2, () => this.#slowOne().resume()],
      [1, () => this.#reconnect(this.#random.between(1, 2))],
    ]);
    return action();
  }

  #slowOne(): FakeConnection {
    return this.#connections[this.#random.between(1, 2)]!;
  }

  async #reconnect(index: number): Promise<void> {
    this.#connections[index]!.destroy();
    await turn();
    this.#connections[index] = this.#connect(this.pages[index]!);
  }

  #connect(page: FakePage): FakeConnection {
    const connection = new FakeConnection(page, this.#random.pick([1, 200, 100_000]));
    this.#hub.open(connection, page.lastEventId);
    return connection;
  }
}

describe('pages with random changes, speeds and reconnections', () => {
  it(`show the state of the catalog in the end, and whenever a status confirms it (${schedules} schedules)`, async () => {
    for (let seed = 1; seed <= schedules; seed++) {
      const schedule = new Schedule(seed);
      const { pages, catalog } = schedule;
      await schedule.run();
      for (const [i, page] of pages.entries()) {
        assert.deepEqual(page.contradictions, [], `seed ${seed}, page ${i}`);
        assert.equal(page.digest, catalog.digest(), `seed ${seed}, page ${i}`);
      }
    }
  });
});

// One stretch of load, measured in the pages, in the server and in etcd.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMemory } from './page.mjs';

const visibleEveryMs = 1_000;

export class Measurement {
  #etcd;
  #writer;
  #server;
  #browser;
  #pages;
  #options;

  constructor({ etcd, writer, server, browser, pages, options }) {
    this.#etcd = etcd;
    this.#writer = writer;
    this.#server = server;
    this.#browser = browser;
    this.#pages = pages;
    this.#options = options;
  }

  /** Changes records at the rate for a time, and returns all figures. */
  async load({ seconds, throttle = 1, profiles }) {
    await this.#eachPage((page) => page.throttle(throttle));
    const memory = [await this.#memory()];
    await this.#eachPage((page) => page.reset());
    const biases = await this.#eachPage((page) => page.clockBias());
    if (profiles) await this.#startProfiles();
    const before = await this.#usage();
    const { changes, answers } = await this.#write(seconds, memory);
    const after = await this.#usage();
    if (profiles) await this.#stopProfiles(profiles);
    await sleep(1_000); // for what is on its way
    const seen = await this.#eachPage((page) => page.seen());
    await this.#eachPage((page) => page.throttle(1));
    memory.push(await this.#memory());
    const drift = Math.max(...seen.map(({ bias }, i) => Math.abs(bias - biases[i])));
    return {
      changes,
      answers: [...answers.values()],
      seen: seen.map((page) => onWallClock(page, answers)),
      drift,
      memory,
      usage: difference(before, after),
    };
  }

  /** Resolves when the writer has ended, with its counts and its answers by marker. */
  async #write(seconds, memory) {
    const { rate, probes, memoryEveryMs } = this.#options;
    const answers = new Map();
    await this.#sendVisible();
    const ended = new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the writer has ended'));
      const onMessage = (message) => {
        if (message.marker) answers.set(message.marker, message);
        if (!message.counts) return;
        this.#writer.off('message', onMessage);
        this.#writer.off('exit', onExit);
        resolve(message);
      };
      this.#writer.on('message', onMessage);
      this.#writer.once('exit', onExit);
    });
    this.#writer.send({ rate, probes, seconds });
    const until = new AbortController();
    const others = [
      this.#repeat(visibleEveryMs, until.signal, () => this.#sendVisible()),
      memoryEveryMs &&
        this.#repeat(memoryEveryMs, until.signal, async () => memory.push(await this.#memory())),
    ];
    const changes = await ended;
    until.abort();
    await Promise.all(others);
    return { changes, answers };
  }

  async #repeat(everyMs, signal, task) {
    for (;;) {
      await sleep(everyMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await task();
    }
  }

  /** The rows change places when endpoints before them come and go. */
  async #sendVisible() {
    this.#writer.send({ visible: await this.#pages[0].addresses() });
  }

  async #memory() {
    const pages = await this.#eachPage((page) => page.memory());
    return {
      at: performance.now(),
      server: await this.#server.ask('memory'),
      pageHeap: Math.max(...pages.map(({ heap }) => heap)),
      pageNodes: Math.max(...pages.map(({ nodes }) => nodes)),
      pagesResident: await residentMemory(this.#browser),
    };
  }

  async #usage() {
    const [server, etcdCpu, page] = await Promise.all([
      this.#server.ask('usage'),
      this.#etcd.metric('process_cpu_seconds_total'),
      this.#pages[0].usage(),
    ]);
    return {
      at: performance.now() / 1_000,
      serverCpu: server.cpu / 1e6,
      sent: server.sent,
      etcdCpu,
      ...page,
    };
  }

  async #startProfiles() {
    await this.#server.ask('startProfile');
    await this.#pages[0].startProfile();
  }

  async #stopProfiles(folder) {
    await this.#server.ask('stopProfile', { file: join(folder, 'server.cpuprofile') });
    await this.#pages[0].stopProfile(join(folder, 'page.cpuprofile'));
  }

  #eachPage(task) {
    return Promise.all(this.#pages.map(task));
  }
}

function difference(before, after) {
  return Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));
}

/** The delays in milliseconds of each marker that the page showed; a marker of an earlier stretch has no answer. */
function onWallClock({ markers, bias, ...page }, answers) {
  const delays = markers.flatMap(({ marker, dom, frame }) => {
    const answer = answers.get(marker);
    if (!answer) return [];
    return {
      fromAnswer: dom + bias - answer.answered,
      fromRequest: dom + bias - answer.requested,
      toFrame: frame === undefined ? undefined : frame + bias - answer.answered,
    };
  });
  return { ...page, delays };
}

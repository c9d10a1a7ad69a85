import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import {
  channelTarget,
  compare,
  EtcdClient,
  EtcdError,
  op,
  type Registration,
  register,
  registerEtcdResolver,
  ServiceDirectory,
} from '#src/index.js';
import { Random } from '../../sim/random.js';
import { secretOf } from '../../support/canary.js';
import type { Findings } from './findings.js';
import { RunningClock } from './running-clock.js';

/** Per call; also the cost of an answer that never comes. */
const timeoutMs = 1_500;
/** A call that takes this much longer than all its deadlines counts as hung. */
const slackMs = 15_000;
const service = 'svc';
const addr = '127.0.0.1:1';
/** Operations that run until they fail. */
const longRunning = new Set([
  'watch',
  'watch from the start',
  'watch with a small buffer',
  'mirror',
  'directory',
  'hold',
  'register',
  'resolver',
]);

/** Runs every operation of the client repeatedly, until stopped. */
export class Workload {
  readonly #client: EtcdClient;
  readonly #findings: Findings;
  readonly #random: Random;
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #directory: ServiceDirectory;
  #registration: Registration | undefined;
  /** What each subscription last showed of the key that is written at the end. */
  readonly #lastSeen = new Map<string, string>();

  constructor(endpoint: string, seed: number, findings: Findings) {
    this.#findings = findings;
    this.#random = new Random(seed);
    this.#client = new EtcdClient({
      endpoints: [endpoint],
      auth: { username: 'root', password: secretOf('fuzz password') },
      timeoutMs,
      maxReceiveBytes: 8 * 1024 * 1024,
      sync: { allow: (advertised) => advertised.endsWith(endpoint) },
    });
    this.#directory = new ServiceDirectory(this.#client);
  }

  start(): void {
    for (const [name, call] of Object.entries(this.#calls())) this.#repeat(name, call);
    this.#repeat('watch', () => this.#watch(undefined));
    this.#repeat('watch from the start', () => this.#watch(1n, 300));
    this.#repeat('watch with a small buffer', () => this.#watch(1n, 200, 3));
    this.#repeat('mirror', () => this.#mirror());
    this.#repeat('directory', () => this.#follow());
    this.#repeat('hold', () => this.#hold());
    this.#repeat('register', () => this.#register());
    this.#repeat('resolver', () => this.#resolve());
  }

  /** Checks that, with a correct server, every operation works and every subscription shows a new write within `ms` of running. */
  async checkRecovery(ms: number): Promise<void> {
    const clock = new RunningClock();
    const value = `end ${Math.floor(this.#random.next() * 1e9)}`;
    const waitFor = async (what: string, probe: () => Promise<boolean> | boolean) => {
      let last: unknown;
      do {
        const isWell = await Promise.resolve(probe()).catch((error: unknown) => {
          last = error;
          return false;
        });
        if (isWell) return;
        await sleep(200);
      } while (clock.ms < ms);
      const why = last instanceof Error ? `: ${last.message}` : '';
      this.#findings.fail('hang', `${what} has not recovered ${ms} ms after the faults ended${why}`);
    };
    const { kv } = this.#client;
    await waitFor('a put', () => kv.put('k/end', value).then(() => true));
    await waitFor('a get', async () => String((await kv.get('k/end')).kv?.value) === value);
    for (const feed of ['watch', 'mirror'])
      await waitFor(`the ${feed}`, async () => {
        await kv.put('k/end', value); // a subscription that starts now shows only new writes
        return this.#lastSeen.get(feed) === value;
      });
    await waitFor('the registration', async () => {
      if (this.#registration?.state === 'registered') return true;
      throw new Error(`its state is ${this.#registration?.state}`);
    });
    await waitFor('the directory', () => this.#lastSeen.get('directory') === addr);
    clock.stop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the workload stops'));
    await this.#settlesWithin(slackMs, 'the workload does not stop', Promise.all(this.#loops));
    await this.#settlesWithin(slackMs, 'close() of the directory does not return', this.#directory.close());
    await this.#settlesWithin(slackMs, 'close() of the client does not return', this.#client.close());
  }

  async #settlesWithin(ms: number, what: string, work: Promise<unknown>): Promise<void> {
    const settled = work.then(() => true);
    if (!(await Promise.race([settled, sleep(ms, false, { ref: false })]))) this.#findings.fail('hang', what);
  }

  #calls(): Record<string, () => Promise<unknown>> {
    const { kv, lease } = this.#client;
    const key = () => `k/${this.#random.between(0, 9)}`;
    return {
      get: () => kv.get(key()),
      range: () => kv.range({ prefix: 'k/' }, { limit: 5 }),
      put: () => kv.put(key(), `${this.#random.next()}`, { idempotent: true, prevKv: true }),
      'put once': () => kv.put(key(), 'x'),
      delete: () => kv.delete({ prefix: 'k/1' }, { prevKv: true }),
      txn: () =>
        kv.txn({
          compare: [compare.version(key(), '>', 0n)],
          success: [op.put('k/txn', 'a'), op.txn({ success: [op.get('k/txn')] })],
          failure: [op.get('k/txn'), op.delete('k/none')],
        }),
      compact: () => kv.compact(1n),
      stream: async () => {
        for await (const { kvs } of kv.stream({ prefix: 'many/' }, { timeoutMs })) void kvs;
      },
      lease: async () => {
        const { id } = await lease.grant({ ttlSeconds: 5 });
        await lease.keepAliveOnce(id, { timeoutMs });
        await lease.timeToLive(id, { keys: true });
        await lease.revoke(id);
      },
      leases: () => lease.list(),
      lock: async () => {
        const held = await this.#client.tryLock('lock', { ttlSeconds: 5 });
        await held?.release();
      },
      sync: () => this.#client.sync(),
    };
  }

  /** Repeats an operation, with a time limit and a pause. */
  #repeat(name: string, work: () => Promise<unknown>): void {
    const { signal } = this.#stopping;
    const loop = async () => {
      while (!signal.aborted) {
        const began = performance.now();
        try {
          await work();
          this.#findings.count(name, 'ok');
        } catch (error) {
          if (signal.aborted) return;
          this.#recordError(name, error);
        }
        const tookMs = performance.now() - began;
        if (!longRunning.has(name) && tookMs > 6 * timeoutMs + slackMs)
          this.#findings.fail('hang', `${name} took ${Math.round(tookMs)} ms`);
        await sleep(this.#random.between(50, 150), undefined, { signal }).catch(() => {});
      }
    };
    this.#loops.push(loop());
  }

  #recordError(name: string, error: unknown): void {
    const isTyped = error instanceof EtcdError || (error instanceof Error && error.name === 'NamingError');
    this.#findings.count(name, isTyped ? error.name : 'untyped');
    const text = error instanceof Error ? error.stack : String(error);
    if (!isTyped) this.#findings.fail('untyped error', `${name}: ${text}`);
  }

  /** Watches until stopped, or for a number of batches. */
  async #watch(
    startRevision?: bigint,
    most = Number.POSITIVE_INFINITY,
    maxBufferedEvents = 10_000,
  ): Promise<void> {
    const { signal } = this.#stopping;
    const from = startRevision === undefined ? {} : { startRevision };
    const options = { signal, prevKv: true, progress: true, maxBufferedEvents, ...from };
    const watcher = this.#client.watch({ prefix: 'k/' }, options);
    let checkpoint = 0n;
    let batches = 0;
    for await (const { events, nextRevision } of watcher) {
      if (++batches > most) return;
      if (nextRevision < checkpoint) this.#findings.fail('wrong', 'the checkpoint goes back');
      checkpoint = nextRevision;
      let last = 0n;
      for (const { kv } of events) {
        if (kv.modRevision < last) this.#findings.fail('wrong', 'events out of order are delivered');
        if (!kv.key.toString('latin1').startsWith('k/'))
          this.#findings.fail('wrong', 'an event outside the range is delivered');
        last = kv.modRevision;
        if (startRevision === undefined && String(kv.key) === 'k/end')
          this.#lastSeen.set('watch', String(kv.value));
      }
    }
  }

  async #mirror(): Promise<void> {
    const mirror = this.#client.mirror({ prefix: 'k/' }, { signal: this.#stopping.signal });
    for await (const update of mirror) {
      const kvs = update.type === 'snapshot' ? update.kvs : update.puts;
      const end = kvs.get('k/end');
      if (end) this.#lastSeen.set('mirror', String(end.value));
    }
  }

  async #follow(): Promise<void> {
    for await (const { endpoints } of this.#directory.subscribe(service, { signal: this.#stopping.signal }))
      this.#lastSeen.set('directory', [...endpoints].map((one) => one.addr).join());
  }

  async #hold(): Promise<void> {
    const { signal } = this.#stopping;
    const lease = await this.#client.lease.hold({ ttlSeconds: 3, signal });
    await Promise.race([lease.ended, sleep(3_000, undefined, { signal }).catch(() => {})]);
    await lease.revoke();
  }

  async #register(): Promise<void> {
    const { signal } = this.#stopping;
    const options = { target: service, addr, id: 'one', ttlSeconds: 5, signal };
    const registration = await register(this.#client, options);
    this.#registration = registration;
    const close = () => void registration.close();
    signal.addEventListener('abort', close, { once: true });
    while (registration.state !== 'closed' && !signal.aborted) {
      await sleep(1_000, undefined, { signal }).catch(() => {});
      const metadata = { n: this.#random.between(0, 9) };
      await registration.update({ metadata }, { signal: AbortSignal.timeout(2_000) }).catch(() => {});
    }
    await registration.close();
  }

  async #resolve(): Promise<void> {
    using _ = registerEtcdResolver(this.#client);
    const { target, options } = channelTarget(service);
    const channel = new Client(target, credentials.createInsecure(), options);
    try {
      for (let i = 0; i < 20 && !this.#stopping.signal.aborted; i++) {
        await new Promise<void>((resolve) => {
          const same = (bytes: Buffer) => bytes;
          const late = { deadline: Date.now() + 500 };
          channel.makeUnaryRequest('/a/b', same, same, Buffer.alloc(0), late, () => resolve());
        });
        await sleep(100);
      }
    } finally {
      channel.close();
    }
  }
}

// The callers of one kind: node caller.js <part as JSON>.
import { setTimeout as sleep } from 'node:timers/promises';
import grpc, { type ChannelOptions } from '@grpc/grpc-js';
import { dial, EtcdClient, registerEtcdResolver, ServiceDirectory } from '#src/index.js';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import { ask } from './ask.js';
import { ConnectionEnds } from './connection-ends.js';
import { type CallerPart, type Report, service } from './messages.js';

const part = JSON.parse(process.argv[2] ?? '') as CallerPart;
const report = (of: Report) => void process.send?.(of);
process.once('disconnect', () => process.exit());

const ends = new ConnectionEnds();
const random = new Random(part.seed);
const client = new EtcdClient({ endpoints: part.endpoints });
/** So long after a call failed, its connection is surely seen to have ended. */
const settledMs = 250;
/** Time between the calls of one loop of a steady caller, and between those of a caller with fresh channels. */
const gapMs = { steady: 20, fresh: 150 };
/** From shorter than a channel takes to idle to longer than the directory follows a service after that. */
const quietMs = [800, 2_000, 4_000, 9_000, 14_000];
const idleMs = 1_200;

/** A directory of its own, so that nothing but its own channel keeps the service followed. */
class Caller {
  readonly name: string;
  readonly #scheme: string;
  readonly #directory: ServiceDirectory;
  #made = 0;
  #fewest: number | undefined;

  constructor(name: string) {
    this.name = name;
    this.#scheme = name;
    this.#directory = new ServiceDirectory(client, {
      lossProtection: { protectionMs: part.protectionMs },
    });
    registerEtcdResolver(this.#directory, {
      scheme: this.#scheme,
      ...(part.policy === 'balance' ? { balance: {} } : {}),
    });
    setInterval(() => this.#reportCalls(), 1_000);
  }

  async ready(): Promise<void> {
    await this.#directory.ready(service, { minEndpoints: 7, timeoutMs: 60_000 });
  }

  /** Reports each view; the service stays followed. */
  follow(): void {
    this.#directory.follow(service, {
      view: ({ endpoints, held }) => {
        this.#saw(endpoints.length);
        report({
          type: 'view',
          caller: this.name,
          addrs: [...new Set(endpoints.map(({ addr }) => addr))],
          held: held.size,
        });
      },
      trouble: () => {},
    });
  }

  open(options: ChannelOptions = {}): grpc.Client {
    const dialled = dial(service, { scheme: this.#scheme });
    return new grpc.Client(dialled.target, grpc.credentials.createInsecure(), {
      ...dialled.options,
      ...options,
    });
  }

  async call(channel: grpc.Client): Promise<void> {
    const startedAt = nowMs();
    const failure = await ask(channel);
    this.#made++;
    const { state, endpoints } = this.#directory.status(service);
    if (state !== 'unknown') this.#saw(endpoints);
    if (!failure) return;
    const { error, peer } = failure;
    const { code, details: text } = error;
    const endedAt = nowMs();
    setTimeout(() => {
      const connectionEnds = ends.since(peer, startedAt);
      report({ type: 'failed', caller: this.name, code, text, peer, startedAt, endedAt, connectionEnds });
    }, settledMs);
  }

  #saw(endpoints: number): void {
    this.#fewest = Math.min(this.#fewest ?? endpoints, endpoints);
  }

  #reportCalls(): void {
    report({ type: 'calls', caller: this.name, made: this.#made, fewest: this.#fewest });
    [this.#made, this.#fewest] = [0, undefined];
  }
}

const callers = Array.from(
  { length: part.kind === 'idle' ? 4 : 2 },
  (_, i) => new Caller(`${part.name}${i}`),
);
await Promise.all(callers.map((caller) => caller.ready()));
report({ type: 'ready' });
await Promise.all(callers.map((caller, i) => run(caller, i)));

function run(caller: Caller, i: number): Promise<unknown> {
  switch (part.kind) {
    case 'steady': {
      caller.follow();
      const channel = caller.open();
      return Promise.all([0, 1, 2].map(() => keepCalling(caller, channel)));
    }
    case 'idle':
      return callBetweenIdles(caller);
    case 'fresh':
      return callAfresh(caller, i % 2 === 0 ? { 'grpc.use_local_subchannel_pool': 1 } : {});
  }
}

async function keepCalling(caller: Caller, channel: grpc.Client): Promise<never> {
  for (;;) {
    await caller.call(channel);
    await sleep(gapMs.steady);
  }
}

async function callBetweenIdles(caller: Caller): Promise<never> {
  const channel = caller.open({ 'grpc.client_idle_timeout_ms': idleMs });
  for (;;) {
    await Promise.all([0, 1, 2].map(() => caller.call(channel)));
    await sleep(random.pick(quietMs));
  }
}

async function callAfresh(caller: Caller, options: ChannelOptions): Promise<never> {
  for (;;) {
    const channel = caller.open(options);
    await caller.call(channel);
    channel.close();
    await sleep(gapMs.fresh);
  }
}

// The callers of one kind: node caller.js <config as JSON>.
import { setTimeout as sleep } from 'node:timers/promises';
import grpc, { type ChannelOptions } from '@grpc/grpc-js';
import { channelTarget, EtcdClient, registerEtcdResolver, ServiceDirectory } from '#src/index.js';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import { ConnectionEnds } from './connection-ends.js';
import { type CallerConfig, type Report, service } from './messages.js';
import { callOnce } from './rpc.js';

const config = JSON.parse(process.argv[2] ?? '') as CallerConfig;
const report = (of: Report) => void process.send?.(of);
process.once('disconnect', () => process.exit());

const connectionEndings = new ConnectionEnds();
const random = new Random(config.seed);
const client = new EtcdClient({ endpoints: config.endpoints });
/** Within this time after a failed call, the end of its connection is observed. */
const closeDetectionMs = 250;
/** Pause between the calls of a steady caller's loop, and between those of a caller with fresh channels. */
const gapMs = { steady: 20, fresh: 150 };
/** From shorter than the channel's idle timeout to longer than the directory follows a service after it. */
const idlePausesMs = [800, 2_000, 4_000, 9_000, 14_000];
const idleTimeoutMs = 1_200;

/** A caller with its own directory, so that only its own channel keeps the service followed. */
class Caller {
  readonly name: string;
  readonly #scheme: string;
  readonly #directory: ServiceDirectory;
  #calls = 0;
  #fewestEndpoints: number | undefined;

  constructor(name: string) {
    this.name = name;
    this.#scheme = name;
    this.#directory = new ServiceDirectory(client, {
      lossProtection: { protectionMs: config.protectionMs },
    });
    registerEtcdResolver(this.#directory, {
      scheme: this.#scheme,
      ...(config.policy === 'balance' ? { balance: {} } : {}),
    });
    setInterval(() => this.#reportCalls(), 1_000);
  }

  async ready(): Promise<void> {
    await this.#directory.ready(service, { minEndpoints: 7, timeoutMs: 60_000 });
  }

  /** Keeps the service followed, and reports each view. */
  follow(): void {
    this.#directory.follow(service, {
      onView: ({ endpoints, unconfirmed }) => {
        this.#countEndpoints(endpoints.length);
        report({
          type: 'view',
          caller: this.name,
          addrs: [...new Set(endpoints.map(({ addr }) => addr))],
          unconfirmed: unconfirmed.size,
        });
      },
      onFailure: () => {},
    });
  }

  open(options: ChannelOptions = {}): grpc.Client {
    const { target, options: required } = channelTarget(service, { scheme: this.#scheme });
    return new grpc.Client(target, grpc.credentials.createInsecure(), { ...required, ...options });
  }

  async call(channel: grpc.Client): Promise<void> {
    const startedAt = nowMs();
    const failure = await callOnce(channel);
    this.#calls++;
    const { state, endpoints } = this.#directory.status(service);
    if (state !== 'unknown') this.#countEndpoints(endpoints);
    if (!failure) return;
    const { error, peer } = failure;
    const { code, details: text } = error;
    const endedAt = nowMs();
    setTimeout(() => {
      const connectionEnds = connectionEndings.since(peer, startedAt);
      report({ type: 'failed', caller: this.name, code, text, peer, startedAt, endedAt, connectionEnds });
    }, closeDetectionMs);
  }

  #countEndpoints(endpoints: number): void {
    this.#fewestEndpoints = Math.min(this.#fewestEndpoints ?? endpoints, endpoints);
  }

  #reportCalls(): void {
    report({ type: 'calls', caller: this.name, made: this.#calls, fewest: this.#fewestEndpoints });
    [this.#calls, this.#fewestEndpoints] = [0, undefined];
  }
}

const callers = Array.from(
  { length: config.kind === 'idle' ? 4 : 2 },
  (_, i) => new Caller(`${config.name}${i}`),
);
await Promise.all(callers.map((caller) => caller.ready()));
report({ type: 'ready' });
await Promise.all(callers.map((caller, i) => run(caller, i)));

function run(caller: Caller, i: number): Promise<unknown> {
  switch (config.kind) {
    case 'steady': {
      caller.follow();
      const channel = caller.open();
      return Promise.all([0, 1, 2].map(() => callSteadily(caller, channel)));
    }
    case 'idle':
      return callAfterIdling(caller);
    case 'fresh':
      return callOnFreshChannels(caller, i % 2 === 0 ? { 'grpc.use_local_subchannel_pool': 1 } : {});
  }
}

async function callSteadily(caller: Caller, channel: grpc.Client): Promise<never> {
  for (;;) {
    await caller.call(channel);
    await sleep(gapMs.steady);
  }
}

async function callAfterIdling(caller: Caller): Promise<never> {
  const channel = caller.open({ 'grpc.client_idle_timeout_ms': idleTimeoutMs });
  for (;;) {
    await Promise.all([0, 1, 2].map(() => caller.call(channel)));
    await sleep(random.pick(idlePausesMs));
  }
}

async function callOnFreshChannels(caller: Caller, options: ChannelOptions): Promise<never> {
  for (;;) {
    const channel = caller.open(options);
    await caller.call(channel);
    channel.close();
    await sleep(gapMs.fresh);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError, type Lock } from '#src/index.js';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import type { Control } from './control.js';
import type { WorkerConfig } from './messages.js';
import { describeError, giveUp, type Owner, own, ownUntil } from './owner.js';
import type { Waiting } from './waiting.js';
import type { WireTap } from './wire-tap.js';

export interface Program {
  readonly client: EtcdClient;
  readonly control: Control;
  readonly tap: WireTap;
  readonly config: WorkerConfig;
  /** Numbers the requests of the process. */
  readonly nextRequest: () => number;
  readonly waiting: Waiting;
}

/** Takes a lock, uses it and releases it, again and again. */
export async function runLocker(program: Program, loop: number): Promise<void> {
  const { config, control } = program;
  const random = new Random(config.seed * 31 + loop);
  while (!control.draining) {
    const request = program.nextRequest();
    const how = random.weighted(modes);
    const name = program.waiting.pick(config.names, how === 'requeue', random);
    program.waiting.begin(request, name, how === 'requeue');
    control.report({ type: 'waiting', request, name, at: nowMs() });
    const lock = await acquire(program, name, { request, how }, random);
    program.waiting.end(request);
    if (lock) await useLock(lock, { ...program, ...config, random, name, request });
    await sleep(random.between(0, 60));
  }
}

/** Waits without a limit, or with a timeout or a signal, or does not wait. */
const modes = [
  [50, 'wait'],
  [20, 'requeue'],
  [10, 'timeout'],
  [10, 'signal'],
  [10, 'try'],
] as const;

async function acquire(
  { client, config, control }: Program,
  name: string,
  { request, how }: { readonly request: number; readonly how: (typeof modes)[number][1] },
  random: Random,
): Promise<Lock | undefined> {
  const { ttlSeconds } = config;
  const failed = (error: string) => {
    control.report({ type: 'failed', request, at: nowMs(), error });
    return undefined;
  };
  const signal = AbortSignal.timeout(random.between(5, 3_000));
  const acquireBy = {
    wait: () => client.lock(name, { ttlSeconds }),
    requeue: () => client.lock(name, { ttlSeconds, requeue: true }),
    timeout: () => client.lock(name, { ttlSeconds, timeoutMs: random.between(100, 3_000) }),
    signal: () => client.lock(name, { ttlSeconds, signal }),
    try: () => client.tryLock(name, { ttlSeconds }),
  };
  try {
    return (await acquireBy[how]()) ?? failed('another holds it');
  } catch (error) {
    if (!(error instanceof EtcdError) && error !== signal.reason) throw error;
    return failed(describeError(error as Error));
  }
}

async function useLock(lock: Lock, owner: Owner): Promise<void> {
  const isHeld = await own(lock, owner, ownUntil(owner.random, 10, 250));
  await giveUp(lock, isHeld, owner, () => lock.release());
}

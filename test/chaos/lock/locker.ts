import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError, type Lock } from '#src/index.js';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import type { Control } from './control.js';
import type { WorkerConfig } from './messages.js';
import { type Owner, own, ownUntil } from './owner.js';
import type { WireTap } from './wire-tap.js';

export interface Program {
  readonly client: EtcdClient;
  readonly control: Control;
  readonly tap: WireTap;
  readonly config: WorkerConfig;
  /** Numbers the requests of the process. */
  readonly nextRequest: () => number;
  /** The requests that wait at present, with the name that they wait for. */
  readonly waiting: Map<number, string>;
}

/** Takes a lock, uses it and releases it, again and again. */
export async function runLocker(program: Program, loop: number): Promise<void> {
  const { config, control } = program;
  const random = new Random(config.seed * 31 + loop);
  while (!control.draining) {
    const request = program.nextRequest();
    const name = random.pick(config.names);
    control.report({ type: 'waiting', request, name, at: nowMs() });
    program.waiting.set(request, name);
    const lock = await acquire(program, name, request, random);
    program.waiting.delete(request);
    if (lock) await useLock(lock, { ...program, ...config, random, name, request });
    await sleep(random.between(0, 60));
  }
}

/** Waits without a limit, or with a timeout or a signal, or does not wait. */
async function acquire(
  { client, config, control }: Program,
  name: string,
  request: number,
  random: Random,
): Promise<Lock | undefined> {
  const { ttlSeconds } = config;
  const failed = (error: string) => {
    control.report({ type: 'failed', request, at: nowMs(), error });
    return undefined;
  };
  const signal = AbortSignal.timeout(random.between(5, 3_000));
  const requests: readonly (readonly [number, () => Promise<Lock | undefined>])[] = [
    [50, () => client.lock(name, { ttlSeconds })],
    [20, () => client.lock(name, { ttlSeconds, requeue: true })],
    [10, () => client.lock(name, { ttlSeconds, timeoutMs: random.between(100, 3_000) })],
    [10, () => client.lock(name, { ttlSeconds, signal })],
    [10, () => client.tryLock(name, { ttlSeconds })],
  ];
  try {
    return (await random.weighted(requests)()) ?? failed('another holds it');
  } catch (error) {
    if (!(error instanceof EtcdError) && error !== signal.reason) throw error;
    const { name: kind, message } = error as Error;
    return failed(`${kind}: ${message}`);
  }
}

async function useLock(lock: Lock, owner: Owner): Promise<void> {
  const { control, request, random } = owner;
  const isHeld = await own(lock, owner, ownUntil(random, 10, 250));
  if (isHeld) control.report({ type: 'releasing', request, at: nowMs() });
  const error = await lock.release().then(
    () => undefined,
    (reason: Error) => `${reason.name}: ${reason.message}`,
  );
  if (lock.held) throw new Error('held after its release');
  if (isHeld) control.report({ type: 'released', request, at: nowMs(), ...(error && { error }) });
}

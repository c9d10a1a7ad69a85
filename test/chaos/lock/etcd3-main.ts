// A worker that uses the lock of etcd3: node etcd3-main.js <config as JSON>.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import { Control } from './control.js';
import { logKeyOf, logValue } from './log-keys.js';
import type { WorkerConfig } from './messages.js';
import { ownUntil } from './owner.js';
import { HeldSamples } from './samples.js';

interface PeerLock {
  ttl(seconds: number): PeerLock;
  acquire(): Promise<unknown>;
  leaseId(): Promise<string | null>;
  release(): Promise<void>;
}

interface PeerClient {
  lock(name: string): PeerLock;
  put(key: string): { value(value: string): PromiseLike<unknown> };
}

const config = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
const load = createRequire(join(import.meta.dirname, '../../../../test/migration/peer/package.json'));
const { Etcd3 } = load('etcd3') as { Etcd3: new (options: object) => PeerClient };
const client = new Etcd3({ hosts: config.endpoints.map((endpoint) => `http://${endpoint}`) });
const control = new Control();
let requests = 0;

/** It cannot wait for a lock: its users try again. */
async function run(random: Random): Promise<void> {
  while (!control.draining) {
    const request = requests++;
    const name = random.pick(config.names);
    control.report({ type: 'waiting', request, name, at: nowMs() });
    const lock = client.lock(name).ttl(config.ttlSeconds);
    const error = await lock.acquire().then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (error) {
      control.report({ type: 'failed', request, at: nowMs(), error: error.name });
      await sleep(random.between(20, 150));
    } else await use(lock, name, request, random);
  }
}

const believed = { held: true, signal: { aborted: false } };

/** A lock has neither a token nor a state: its holder believes to hold it until it releases it. */
async function use(lock: PeerLock, name: string, request: number, random: Random): Promise<void> {
  const lease = (await lock.leaseId()) ?? '0';
  const until = ownUntil(random, 10, 250);
  control.report({ type: 'acquired', request, key: name, lease, at: nowMs(), until });
  const samples = new HeldSamples(nowMs);
  for (let turn = 0; ; ) {
    samples.take(believed);
    control.report(samples.report(request, undefined));
    if (nowMs() >= until) break;
    if (random.chance(0.2))
      await write(logKeyOf(name), logValue(config.incarnation, request, turn++), request);
    await sleep(random.between(1, 20));
  }
  control.report({ type: 'releasing', request, at: nowMs() });
  const error = await lock.release().then(
    () => undefined,
    (reason: Error) => reason.name,
  );
  control.report({ type: 'released', request, at: nowMs(), ...(error && { error }) });
}

async function write(key: string, value: string, request: number): Promise<void> {
  try {
    await client.put(key).value(value);
    control.report({ type: 'wrote', request, value, at: nowMs(), outcome: 'applied' });
  } catch (error) {
    const { name } = error as Error;
    control.report({ type: 'wrote', request, value, at: nowMs(), outcome: 'unknown', error: name });
  }
}

await Promise.all(
  Array.from({ length: config.loops }, (_, loop) => run(new Random(config.seed * 31 + loop))),
);
control.report({ type: 'drained', at: nowMs() });

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../sim/random.js';
import type { Condition, Step } from '../history/operations.js';
import { keys } from './keys.js';
import type { TrafficClient } from './traffic-client.js';

type Generator = (client: TrafficClient, random: Random) => Promise<unknown>;

/** Operations that Go's model knows, weighted as in the traffic `EtcdPutDeleteLease` of etcd's robustness tests. */
const generators: readonly (readonly [weight: number, Generator])[] = [
  [20, (client, random) => client.put(random.pick(keys))],
  [15, (client, random) => client.get(random.pick(keys))],
  [8, (client, random) => client.range({ limit: random.pick([0, 0, 1, 3, 9]) })],
  [5, (client) => client.stream()],
  [10, (client, random) => client.get(random.pick(keys), pastRevision(client, random))],
  [
    5,
    (client, random) => client.range({ limit: random.pick([0, 4]), revision: pastRevision(client, random) }),
  ],
  [10, multipleOperations],
  [6, compareAndPut],
  [4, create],
  [4, moveValue],
  [3, removeKey],
  [6, putWithLease],
  [2, revokeLease],
];

/** Only reads, until one succeeds: a client whose write has failed does not add further writes of unknown outcome. */
const recovery: Generator = (client) => client.range({ limit: 0 });

/** One client's operations, one after the other, until the signal aborts. */
export async function runKvTraffic(
  client: TrafficClient,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  let lastSucceeded = true;
  while (!signal.aborted) {
    const generator: Generator = lastSucceeded ? random.weighted(generators) : recovery;
    lastSucceeded = (await generator(client, random)) !== undefined;
    await sleep(random.between(5, 25));
  }
}

/**
 * Reads several keys at the same time through one client, so that the reads travel together in batches. Each reader has
 * a history of its own, because the reads of one history must follow one another.
 */
export async function runBatchedReads(
  readers: readonly TrafficClient[],
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const chosen = readers.slice(0, random.between(2, readers.length));
    await Promise.all(chosen.map((reader) => reader.get(random.pick(keys))));
    await sleep(random.between(30, 80));
  }
}

/** Compacted, recent, current or in the future. */
function pastRevision(client: TrafficClient, random: Random): bigint {
  const revision = client.lastRevision - BigInt(random.between(-3, 150));
  return revision < 1n ? 1n : revision;
}

/** Four operations on four keys, at least one of them a put, which makes the transaction unique. */
function multipleOperations(client: TrafficClient, random: Random) {
  const steps = sample(random, keys, 4).map((key, i) => randomStep(client, random, key, i === 0));
  return client.txn({ compare: [], success: steps, failure: [] });
}

function randomStep(client: TrafficClient, random: Random, key: string, mustPut: boolean): Step {
  if (mustPut || random.chance(0.5)) return { type: 'put', key, value: client.newValue() };
  return { type: random.chance(0.8) ? 'range' : 'delete', key };
}

/** Writes a key only if it has not changed since it was read. */
async function compareAndPut(client: TrafficClient, random: Random) {
  const key = random.pick(keys);
  const read = await client.get(key);
  if (read === undefined) return undefined;
  const compare: Condition =
    read.kv !== undefined && random.chance(0.5)
      ? { key, version: read.kv.version }
      : { key, modRevision: read.kv?.modRevision ?? 0n };
  return client.txn({
    compare: [compare],
    success: [{ type: 'put', key, value: client.newValue() }],
    failure: random.chance(0.5) ? [{ type: 'range', key }] : [],
  });
}

function create(client: TrafficClient, random: Random) {
  const key = random.pick(keys);
  return client.txn({
    compare: [{ key, modRevision: 0n }],
    success: [{ type: 'put', key, value: client.newValue() }],
    failure: [{ type: 'range', key }],
  });
}

/** Deletes one key and writes another: a delete that is recognized in the members' logs by the value beside it. */
function moveValue(client: TrafficClient, random: Random) {
  const [from, to] = sample(random, keys, 2) as [string, string];
  const success: Step[] = [
    { type: 'delete', key: from },
    { type: 'put', key: to, value: client.newValue() },
  ];
  return client.txn({ compare: [], success, failure: [] });
}

/**
 * Nothing distinguishes two deletes of one key, so those of unknown outcome are expensive to judge: one client at a time
 * deletes.
 */
function removeKey(client: TrafficClient, random: Random) {
  return client.exclusively(() => client.delete(random.pick(keys)));
}

async function putWithLease(client: TrafficClient, random: Random) {
  client.lease ??= await client.grant();
  if (client.lease === undefined) return undefined;
  return client.put(random.pick(keys), client.lease);
}

/** Also deletes its keys, in one revision. */
function revokeLease(client: TrafficClient) {
  return client.exclusively(async () => {
    if (client.lease === undefined) return true;
    const revoked = await client.revoke(client.lease);
    client.lease = undefined;
    return revoked;
  });
}

function sample<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(random.between(0, left.length - 1), 1)[0] as T);
}

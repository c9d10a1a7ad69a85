import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../sim/random.js';
import type { OpFact, StoredKv, TxnOperation } from '../history.js';
import { CallAborted } from '../journal.js';
import type { CallLimits, RecordedClient } from './client.js';

const registers = ['r/0', 'r/1', 'r/2', 'r/3'];
const counters = ['c/0', 'c/1'];
const deletable = ['d/0', 'd/1', 'd/2'];
const pair = ['p/a', 'p/b'] as const;

type Generator = (client: RecordedClient, random: Random, limits: () => CallLimits) => Promise<unknown>;

const generators: readonly (readonly [weight: number, Generator])[] = [
  [24, putRegister],
  [12, (client, random, limits) => read(client, random, limits, false)],
  [8, (client, random, limits) => read(client, random, limits, true)],
  [8, readTogether],
  [6, (client, random, limits) => readRange(client, random, limits, false)],
  [4, (client, random, limits) => readRange(client, random, limits, true)],
  [7, putOrDelete],
  [10, compareAndPut],
  [10, increment],
  [6, create],
  [7, writePair],
  [6, readPair],
];

/** One client's ops, one after the other, until the signal aborts. Short timeouts produce ambiguous writes. */
export async function runKvOps(client: RecordedClient, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await random.weighted(generators)(client, random, () => drawLimits(random));
    await sleep(random.between(5, 25));
  }
}

function drawLimits(random: Random): CallLimits {
  const timeoutMs = random.weighted([
    [2, 150],
    [4, 400],
    [4, 1_000],
    [1, 3_000],
  ]);
  if (!random.chance(0.02)) return { timeoutMs };
  return { timeoutMs, signal: abortSoon(random) };
}

function abortSoon(random: Random): AbortSignal {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new CallAborted('no longer wanted')), random.between(0, 40));
  return abort.signal;
}

function putRegister(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(registers);
  const idempotent = random.chance(0.25);
  return client.put({ type: 'put', key, value: client.newValue(), lease: 0n, idempotent }, limits());
}

function read(client: RecordedClient, random: Random, limits: () => CallLimits, serializable: boolean) {
  const key = random.pick([...registers, ...counters, ...deletable]);
  return client.get({ type: 'get', key, serializable }, limits());
}

/**
 * Reads many keys at the same time, some of them several times. The reads travel together in batches, with different
 * deadlines; some are aborted, and a batch with many keys is refused because of the members' `--max-txn-ops`. If etcd
 * requires authentication, some keys are refused.
 */
async function readTogether(client: RecordedClient, random: Random, limits: () => CallLimits): Promise<void> {
  const keys = [...registers, ...counters, ...deletable, ...pair];
  const { refusedKeys } = client;
  const common = limits();
  const serializable = random.chance(0.3);
  const reads = Array.from({ length: random.between(2, 16) }, () => {
    const key = random.pick(refusedKeys.length > 0 && random.chance(0.1) ? refusedKeys : keys);
    const own = random.chance(0.7) ? common : limits();
    const aborted = random.chance(0.1) ? { ...own, signal: abortSoon(random) } : own;
    return client.get({ type: 'get', key, serializable: serializable && random.chance(0.8) }, aborted);
  });
  await Promise.all(reads);
}

function readRange(client: RecordedClient, random: Random, limits: () => CallLimits, serializable: boolean) {
  return client.range({ type: 'range', prefix: random.pick(['r/', 'p/', 'd/', '']), serializable }, limits());
}

function putOrDelete(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(deletable);
  if (random.chance(0.5)) return client.delete({ type: 'delete', key }, limits());
  return client.put({ type: 'put', key, value: client.newValue(), lease: 0n }, limits());
}

/** Writes a register only if it has not changed since it was read. */
async function compareAndPut(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(registers);
  const current = firstKv(await client.get({ type: 'get', key, serializable: random.chance(0.3) }, limits()));
  if (!current) return;
  const value = random.chance(0.5)
    ? ({ key, target: 'mod', result: '=', value: current.modRevision } as const)
    : ({ key, target: 'value', result: '=', value: current.value } as const);
  await client.txn(
    {
      type: 'txn',
      compare: [value],
      success: [{ type: 'get', key }, put(client, key)],
      failure: [{ type: 'get', key }],
    },
    limits(),
  );
}

/** Increments a counter; one call must never increment twice. The count precedes the unique part of the value. */
async function increment(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(counters);
  const fact = await client.get({ type: 'get', key, serializable: false }, limits());
  if (fact.outcome.type !== 'ok') return;
  const current = firstKv(fact);
  const next = Number(current?.value.split(' ')[0] ?? 0) + 1;
  await client.txn(
    {
      type: 'txn',
      compare: [{ key, target: 'mod', result: '=', value: current?.modRevision ?? 0n }],
      success: [{ type: 'put', key, value: `${next} ${client.newValue()}`, lease: 0n }],
      failure: [],
    },
    limits(),
  );
}

function create(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(deletable);
  const txn: TxnOperation = {
    type: 'txn',
    compare: [{ key, target: 'version', result: '=', value: 0n }],
    success: [put(client, key)],
    failure: [
      { type: 'get', key },
      { type: 'delete', key },
    ],
  };
  return client.txn(txn, limits());
}

/** Writes both keys of the pair in one transaction, or deletes both. */
function writePair(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const success = random.chance(0.75)
    ? pair.map((key) => put(client, key))
    : pair.map((key) => ({ type: 'delete', key }) as const);
  return client.txn({ type: 'txn', compare: [], success, failure: [] }, limits());
}

function readPair(client: RecordedClient, random: Random, limits: () => CallLimits) {
  const key = random.pick(registers);
  const success = [{ type: 'range', prefix: 'p/' } as const, { type: 'get', key } as const];
  return client.txn({ type: 'txn', compare: [], success, failure: [] }, limits());
}

function put(client: RecordedClient, key: string) {
  return { type: 'put', key, value: client.newValue(), lease: 0n } as const;
}

function firstKv({ outcome }: OpFact): StoredKv | undefined {
  return outcome.type === 'ok' && outcome.result.type === 'read' ? outcome.result.kvs[0] : undefined;
}

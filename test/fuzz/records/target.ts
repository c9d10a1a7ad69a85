import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { endpointToJson, parseRecord } from '#src/cli/data/records.js';
import { toJson } from '#src/cli/output/json.js';
import { alignColumns } from '#src/cli/output/text.js';
import { type KeyValue, keyText } from '#src/model/index.js';
import { decodeSnapshot, encodeSnapshot } from '#src/naming/directory/snapshots/snapshot.js';
import { isSameView, type ServiceView } from '#src/naming/directory/views/view.js';
import { EndpointSet } from '#src/naming/endpoint-set.js';
import { decodeEndpoint, type EndpointRecord, encodeEndpoint } from '#src/naming/index.js';
import { DesiredEndpoint } from '#src/naming/register/core/record/desired-endpoint.js';
import { selectAddresses } from '#src/naming/selection/index.js';
import { Random } from '../../sim/random.js';
import { defaultFormat } from '../../support/naming/format.js';
import { randomValue } from '../json/generate.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';

const target = 'svc';
const goodKey = `${target}/good`;
const goodValue = encodeEndpoint({ addr: 'good:1', metadata: { zone: 'a' } });
const maxFailures = 20;

/**
 * Puts arbitrary bytes beside a valid endpoint, through the view, address selection, snapshots, a registration and the
 * command.
 */
export const recordsTarget: FuzzTarget = {
  name: 'records',
  about: 'arbitrary bytes beside a valid endpoint, which they must not affect',
  run: async ({ seconds, seed, onStart }) => {
    const end = performance.now() + seconds * 1_000;
    return tryRecords(seed, () => performance.now() < end, onStart);
  },
};

async function tryRecords(
  seed: number,
  shouldContinue: () => boolean,
  onStart: FuzzOptions['onStart'],
): Promise<FuzzResult> {
  const random = new Random(seed);
  const counts: Record<string, number> = { endpoints: 0, 'not endpoints': 0 };
  const failures: string[] = [];
  let services = 0;
  onStart?.(() => `${services} services, ${failures.length} failures`);
  for (; shouldContinue() && failures.length < maxFailures; services++) {
    const others = Array.from({ length: random.between(1, 4) }, () => randomRecord(random));
    try {
      const { records, invalid } = processAll(others);
      counts['endpoints'] = (counts['endpoints'] ?? 0) + records;
      counts['not endpoints'] = (counts['not endpoints'] ?? 0) + invalid;
    } catch (error) {
      const shown = others.map(({ value }) => value.subarray(0, 300).toString('base64')).join(' ');
      failures.push(`beside (base64) ${shown}: ${(error as Error).stack?.slice(0, 600)}`);
    }
    // Lets the caller's timers run.
    if (services % 100 === 0) await new Promise(setImmediate);
  }
  return { counts, figures: [`${services} services`], failures };
}

function randomRecord(random: Random): KeyValue {
  const id = Buffer.from(Array.from({ length: random.between(0, 6) }, () => random.between(0, 255)));
  return kv(Buffer.concat([Buffer.from(`${target}/~`), id]), randomBytes(random));
}

/** A value that any client may store, at times extremely deep or long. */
export function randomBytes(random: Random): Buffer {
  return random.weighted([
    [20, randomValue],
    [2, (one: Random) => Buffer.from(Array.from({ length: one.between(0, 40) }, () => one.between(0, 255)))],
    [0.05, (one: Random) => deep(one.pick(['Op', 'Addr', 'Metadata', 'Other']), one.between(1_000, 200_000))],
    [0.05, (one: Random) => deepEndpoint(one.between(1_000, 9_999))],
    [0.02, (one: Random) => long(one.pick(['Addr', 'Other']))],
    [0.02, () => Buffer.from(`{"Addr":"x:1","Metadata":{"zone":"${'z'.repeat(1_400_000)}"}}`)],
  ])(random);
}

function deep(name: string, depth: number): Buffer {
  return Buffer.from(`{"${name}":${'['.repeat(depth)}`);
}

/** A deep value that Go decodes too. */
function deepEndpoint(depth: number): Buffer {
  return Buffer.from(`{"Addr":"deep:1","Metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`);
}

function long(name: string): Buffer {
  return Buffer.from(`{"${name}":"${'a'.repeat(1_400_000)}"}`);
}

function kv(key: Buffer, value: Buffer): KeyValue {
  return { key, value, createRevision: 5n, modRevision: 5n, version: 1n, lease: 0n };
}

/** Processes a service with these records and a valid one in every way. */
function processAll(others: readonly KeyValue[]): { records: number; invalid: number } {
  const all = [...others, kv(Buffer.from(goodKey), goodValue)];
  const set = new EndpointSet(defaultFormat());
  const kvs = new Map(all.map((one) => [keyText(one.key), one]));
  set.apply({ type: 'snapshot', reason: 'initial', revision: 5n, kvs });
  set.apply({ type: 'delta', revision: 6n, puts: kvs, deletes: new Set() });
  const endpoints = [...set.records.values()];
  const view = { target, endpoints, revision: 6n, invalid: set.invalid, unconfirmed: new Set<string>() };
  expectGood(endpoints);
  assert.ok(isSameView(view, { ...view, endpoints: endpoints.map((one) => ({ ...one })) }));
  assert.ok(selectAddresses(endpoints, {}).addresses.some(({ name }) => name === 'good 1'));
  expectSaved(view);
  expectShown(all);
  for (const one of others) expectAdopted(one);
  return { records: set.records.size, invalid: set.invalid.size };
}

function expectGood(endpoints: readonly EndpointRecord[]): void {
  const good = endpoints.find(({ key }) => key === goodKey);
  assert.deepEqual([good?.addr, good?.metadata], ['good:1', { zone: 'a' }]);
}

function expectSaved(view: ServiceView): void {
  const read = decodeSnapshot(target, encodeSnapshot(view, 0));
  assert.ok(read, 'the snapshot cannot be read');
  assert.equal(read.view.endpoints.length, view.endpoints.length);
  expectGood(read.view.endpoints);
}

/** The command prints one line of JSON, whatever the records contain. */
function expectShown(all: readonly KeyValue[]): void {
  const records = all.map((one) => parseRecord(parseTargetArgument(target), one));
  const documents = records.flatMap(({ id, endpoint }) =>
    endpoint ? [endpointToJson(id, `${target}/${id}`, endpoint)] : [],
  );
  const line = toJson({ endpoints: documents });
  assert.ok(!line.includes('\n'));
  assert.equal((JSON.parse(line) as { endpoints: unknown[] }).endpoints.length, documents.length);
  assert.equal(
    alignColumns(records.map(({ id, endpoint }) => [id, endpoint?.addr ?? '-'])).length,
    all.length,
  );
}

/** A registration whose record is overwritten with these bytes continues, and stores a valid record. */
function expectAdopted(other: KeyValue): void {
  const desired = new DesiredEndpoint({ addr: 'good:1' }, 'svc/good', defaultFormat());
  desired.adopt(other);
  desired.startDraining();
  assert.equal(decodeEndpoint(desired.value).addr, 'good:1');
}

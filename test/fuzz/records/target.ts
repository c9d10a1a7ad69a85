import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { endpointToJson, parseRecord } from '#src/cli/data/records.js';
import { toJson } from '#src/cli/output/json.js';
import { alignColumns } from '#src/cli/output/text.js';
import type { KeyValue } from '#src/model/index.js';
import { encodeEndpoint } from '#src/naming/index.js';
import { Random } from '../../sim/random.js';
import { defaultFormat } from '../../support/naming/format.js';
import { randomValue } from '../json/generate.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { kv, processAll, type StoredService } from './process.js';

const target = 'svc';
const service: StoredService = {
  service: target,
  format: defaultFormat(target),
  good: { addr: 'good:1', metadata: { zone: 'a' } },
  goodId: 'good',
};
const goodValue = encodeEndpoint(service.good);
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
      const { records, invalid } = processAll(service, others);
      expectShown([...others, kv(Buffer.from(`${target}/good`), goodValue)]);
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

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { EncodedRecord, RecordPlace } from '#src/codecs/index.js';
import { recordFormat } from '#src/naming/codec/format-of.js';
import { type Endpoint, EndpointDecodeError, NamingError } from '#src/naming/index.js';
import { goJson } from '#src/naming/json/go-json.js';
import { sameJson } from '#src/naming/json/same-json.js';
import { Random } from '../../sim/random.js';
import { kv, processAll, type StoredService } from '../records/process.js';
import type { FuzzOptions, FuzzResult, FuzzTarget } from '../target.js';
import { type FormatUnderTest, formats, idOf, recordOf } from './formats.js';
import { anyEndpoint } from './metadata.js';
import { valueFor } from './values.js';

const maxFailures = 20;
/** A value of 64 KiB takes milliseconds. The limit allows for a busy machine. */
const maxDecodeMs = 4_000;

/** Values that any client may store below a service, for every codec: alone, and beside a valid endpoint. */
export const codecsTarget: FuzzTarget = {
  name: 'codecs',
  about: 'stored values, decoded and encoded by every codec, alone and beside a valid endpoint',
  run: async ({ seconds, seed, onStart }) => {
    const end = performance.now() + seconds * 1_000;
    return tryValues(seed, () => performance.now() < end, onStart);
  },
};

async function tryValues(
  seed: number,
  shouldContinue: () => boolean,
  onStart: FuzzOptions['onStart'],
): Promise<FuzzResult> {
  const random = new Random(seed);
  const counts: Record<string, number> = {};
  const failures: string[] = [];
  let services = 0;
  onStart?.(() => `${services} services, ${failures.length} failures`);
  for (; shouldContinue() && failures.length < maxFailures; services++) {
    const format = random.pick(formats);
    const values = Array.from({ length: random.between(1, 4) }, () => valueFor(format, random));
    const endpoint = anyEndpoint(format, random);
    try {
      const outcome = `${format.codec.name}: ${checkEndpoint(format, endpoint)}`;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      for (const value of values) {
        const kind = `${format.codec.name}: ${checkValue(format, value)}`;
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      processAll(
        storedService(format),
        values.map((value) => kv(randomKey(format, random), value)),
      );
    } catch (error) {
      failures.push(describe(format, values, endpoint, error as Error));
    }
    // Lets the caller's timers run.
    if (services % 100 === 0) await new Promise(setImmediate);
  }
  return { counts, figures: [`${services} services`], failures };
}

function storedService(format: FormatUnderTest): StoredService {
  const { service, codec, good } = format;
  return { service, format: recordFormat(service, codec), good, goodId: idOf(format) };
}

function randomKey({ codec, service }: FormatUnderTest, random: Random): Buffer {
  const id = Buffer.from(Array.from({ length: random.between(0, 6) }, () => random.between(0, 255)));
  return Buffer.concat([Buffer.from(`${codec.keyPrefix(service)}~`), id]);
}

function describe(
  { codec }: FormatUnderTest,
  values: readonly Buffer[],
  endpoint: Endpoint,
  error: Error,
): string {
  const shown = values.map((value) => JSON.stringify(value.toString('latin1').slice(0, 400)));
  return `${codec.name}: ${shown.join(' ')} ${inspect(endpoint, { depth: 9 })}: ${error.stack?.slice(0, 900)}`;
}

/** Decodes a value, and returns what it is. An endpoint is encoded and decoded again. */
function checkValue(format: FormatUnderTest, value: Buffer): string {
  const before = value.length < 1_024 ? Buffer.from(value) : undefined;
  const record = recordOf(format, idOf(format), value);
  const started = performance.now();
  const decoded = decode(format, record);
  const took = performance.now() - started;
  assert.ok(took < maxDecodeMs, `decoding took ${Math.round(took)} ms`);
  assert.ok(before?.equals(value) ?? true, 'the value was changed');
  if (typeof decoded === 'string') return decoded;
  expectWellFormed(decoded);
  return expectStable(format, record, decoded);
}

function decode({ codec }: FormatUnderTest, record: EncodedRecord): Endpoint | 'invalid' | 'left out' {
  try {
    return codec.decode(record) ?? 'left out';
  } catch (error) {
    if (error instanceof EndpointDecodeError) return 'invalid';
    throw error;
  }
}

/** Go's format reads any text as an address: its own readers do. */
function expectWellFormed({ addr, metadata }: Endpoint): void {
  assert.equal(typeof addr, 'string');
  goJson(metadata); // throws for what is not JSON
}

/** Encodes a caller's endpoint. What is not refused is read, with its address, and that is written unchanged. */
function checkEndpoint(format: FormatUnderTest, endpoint: Endpoint): string {
  const { codec, service } = format;
  const id = codec.defaultId?.(endpoint.addr) ?? endpoint.addr;
  const place = { service, id, key: codec.keyPrefix(service) + id };
  const value = encode(format, endpoint, place);
  if (!value) return 'refused';
  const read = decode(format, { ...place, value });
  assert.ok(typeof read === 'object', `what was written is ${read}: ${value}`);
  assert.equal(read.addr, endpoint.addr);
  assert.equal(String(encode(format, read, place)), String(value), 'it is written differently again');
  return 'stored';
}

/** What is written is what was read, and that is written unchanged. */
function expectStable(format: FormatUnderTest, place: EncodedRecord, endpoint: Endpoint): string {
  const value = encode(format, endpoint, place);
  if (!value) return 'read only';
  const again = decode(format, { ...place, value });
  expectSame(again, withAdded(format, endpoint), format.orReads?.(endpoint));
  assert.deepEqual(
    encode(format, again as Endpoint, place),
    value,
    'the same endpoint is written differently',
  );
  return 'read and written';
}

function withAdded({ adds }: FormatUnderTest, { addr, metadata }: Endpoint): Endpoint {
  return adds === undefined ? { addr, metadata } : { addr, metadata: { ...adds, ...(metadata as object) } };
}

/** Not assert.deepEqual(), which is recursive: metadata may be nested deeper than the stack. */
function expectSame(found: Endpoint | string, expected: Endpoint, other: Endpoint['metadata']): void {
  assert.ok(typeof found === 'object', `what was written is ${found}`);
  assert.equal(found.addr, expected.addr);
  const isSame = [expected.metadata, other].some((one) => sameJson(found.metadata ?? null, one ?? null));
  assert.ok(isSame, `metadata ${goJson(expected.metadata)} is read as ${goJson(found.metadata)}`);
}

/** Undefined for an endpoint that the format cannot express. */
function encode({ codec }: FormatUnderTest, endpoint: Endpoint, place: RecordPlace): Buffer | undefined {
  try {
    const value = codec.encode?.(endpoint, place);
    return value === undefined ? undefined : Buffer.from(value);
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}

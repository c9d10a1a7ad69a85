import {
  decodeEndpoint,
  type Endpoint,
  EndpointDecodeError,
  type EtcdClient,
  type JsonValue,
  type KeyValue,
  keyText,
  type Revision,
  readTraits,
} from '../index.js';
import { CliError } from './failure.js';
import { idJson } from './target.js';

/** A key below a target, and what can be made of its value. */
export interface StoredRecord {
  /** What follows the target's prefix, as text; see {@link keyText}. */
  readonly id: string;
  readonly kv: KeyValue;
  readonly endpoint: Endpoint | undefined;
  /** Why the value is no endpoint. */
  readonly problem: string | undefined;
}

export function toRecord(prefix: string, kv: KeyValue): StoredRecord {
  const id = keyText(kv.key).slice(prefix.length);
  try {
    return { id, kv, endpoint: decodeEndpoint(kv.value), problem: undefined };
  } catch (error) {
    if (!(error instanceof EndpointDecodeError)) throw error;
    return { id, kv, endpoint: undefined, problem: error.message.replace(/^[A-Z_]+: /, '') };
  }
}

/**
 * JSON from outside that is to be written back: a JavaScript number cannot hold every integer.
 * @throws {CliError} naming the first that it cannot.
 */
export function checkIntegers(json: string): void {
  const numbers =
    json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];
  const lost = numbers.find((text) => /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)));
  if (lost !== undefined)
    throw new CliError(`the integer ${lost} is beyond 2^53, and would be written as ${Number(lost)}`);
}

/**
 * All keys below a prefix at one revision, however many they are: without their values, which may be larger than the
 * memory, unless those are asked for.
 */
export async function readRecords(
  client: Pick<EtcdClient, 'kv'>,
  prefix: string,
  options: { readonly values?: boolean } = {},
): Promise<{ records: StoredRecord[]; revision: Revision }> {
  const records: StoredRecord[] = [];
  let revision: Revision = 0n;
  for await (const batch of client.kv.stream({ prefix })) {
    revision = batch.revision;
    for (const kv of batch.kvs) {
      const record = toRecord(prefix, kv);
      records.push(options.values ? record : { ...record, kv: withoutValue(kv) });
    }
  }
  return { records, revision };
}

function withoutValue({ key, createRevision, modRevision, version, lease }: KeyValue): KeyValue {
  return { key, value: Buffer.alloc(0), createRevision, modRevision, version, lease };
}

/** What a record's metadata says, as the columns of a table; `-` for what it does not say. */
export function traitCells({ metadata }: Endpoint): { weight: string; zone: string; status: string } {
  const { weight, zone } = readTraits(metadata);
  return { weight: String(weight), zone: zone ?? '-', status: statusOf(metadata) ?? '-' };
}

export function statusOf(metadata: JsonValue | undefined): string | undefined {
  if (!isPlain(metadata)) return undefined;
  const { status } = metadata;
  return typeof status === 'string' && status !== '' ? status : undefined;
}

export function isPlain(
  metadata: JsonValue | undefined,
): metadata is { readonly [name: string]: JsonValue | undefined } {
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
}

/** What every JSON document of the command says of an endpoint. */
export function endpointJson(id: string, key: string, { addr, metadata }: Endpoint) {
  const { weight, zone } = readTraits(metadata);
  const status = statusOf(metadata) ?? null;
  return { ...idJson(id, key), addr, metadata: metadata ?? null, weight, zone: zone ?? null, status };
}

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
} from '../../index.js';
import { recordIdToJson } from '../args/target.js';
import { CliError, messageWithoutCode } from '../errors.js';
import { toJson } from '../output/json.js';
import { styled, type Text } from '../output/line.js';

/** A key below a target, with its value decoded if it is an endpoint. */
export interface StoredRecord {
  /** The key without the target's prefix, as text; see {@link keyText}. */
  readonly id: string;
  readonly kv: KeyValue;
  readonly endpoint: Endpoint | undefined;
  /** Why the value is not an endpoint. */
  readonly problem: string | undefined;
}

/** Decodes a key below a prefix. A value that is not an endpoint does not throw; see `problem`. */
export function parseRecord(prefix: string, kv: KeyValue): StoredRecord {
  const id = keyText(kv.key).slice(prefix.length);
  try {
    return { id, kv, endpoint: decodeEndpoint(kv.value), problem: undefined };
  } catch (error) {
    if (!(error instanceof EndpointDecodeError)) throw error;
    return { id, kv, endpoint: undefined, problem: messageWithoutCode(error) };
  }
}

/**
 * Checks JSON that the command is about to write: a JavaScript number cannot represent every integer.
 * @throws {CliError} that names the first integer beyond 2^53.
 */
export function rejectUnsafeIntegers(json: string): void {
  const numbers =
    json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];
  const unsafe = numbers.find((text) => /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)));
  if (unsafe !== undefined)
    throw new CliError(`the integer ${unsafe} is beyond 2^53 and would be written as ${Number(unsafe)}`);
}

/**
 * Reads all keys below a prefix at one revision.
 * @param options `values`: keep the values. By default they are dropped after decoding, because together they may
 * exceed the memory.
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
      const record = parseRecord(prefix, kv);
      records.push(options.values ? record : { ...record, kv: withoutValue(kv) });
    }
  }
  return { records, revision };
}

function withoutValue({ key, createRevision, modRevision, version, lease }: KeyValue): KeyValue {
  return { key, value: Buffer.alloc(0), createRevision, modRevision, version, lease };
}

/** The metadata's weight, zone and status as cells of a table; `-` for an absent one. */
export function traitCells({ metadata }: Endpoint): { weight: string; zone: string; status: string } {
  const { weight, zone } = readTraits(metadata);
  return { weight: String(weight), zone: zone ?? '-', status: statusOf(metadata) ?? '-' };
}

/** The cell of a status. A draining endpoint stands out. */
export function statusCell(status: string): Text {
  return styled(status, status === 'draining' ? 'yellow' : undefined);
}

/** The metadata as one line of JSON; `-` if there is none. */
export function metadataCell({ metadata }: Endpoint): string {
  return metadata === undefined || metadata === null ? '-' : toJson(metadata);
}

/** The metadata's `status`, if it is a non-empty string. */
export function statusOf(metadata: JsonValue | undefined): string | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const { status } = metadata;
  return typeof status === 'string' && status !== '' ? status : undefined;
}

export function isJsonObject(
  value: JsonValue | undefined,
): value is { readonly [name: string]: JsonValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members that describe an endpoint in every JSON document of the command. */
export function endpointToJson(id: string, key: string, { addr, metadata }: Endpoint) {
  const { weight, zone } = readTraits(metadata);
  const status = statusOf(metadata) ?? null;
  return { ...recordIdToJson(id, key), addr, metadata: metadata ?? null, weight, zone: zone ?? null, status };
}

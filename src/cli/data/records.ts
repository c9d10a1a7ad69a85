import {
  type EncodedRecord,
  type Endpoint,
  type EtcdClient,
  goEndpoints,
  type JsonValue,
  type KeyValue,
  keyText,
  type Revision,
  readTraits,
} from '../../index.js';
import { recordIdToJson, type Target } from '../args/target.js';
import { CliError, messageWithoutCode } from '../errors.js';
import { toJson } from '../output/json.js';
import { styled, type Text } from '../output/line.js';
import { hasShapeOf } from './record-shape.js';

/** A key below a target, with its value decoded if it is an endpoint. */
export interface StoredRecord {
  /** The key without the target's prefix, as text; see {@link keyText}. */
  readonly id: string;
  readonly kv: KeyValue;
  readonly endpoint: Endpoint | undefined;
  /** Why the value is not an endpoint. */
  readonly problem: string | undefined;
  /** Whether the value is a record of the codec's format nevertheless: others may use it. Default false. */
  readonly isOfFormat?: boolean;
}

/** Decodes a key of a target. A value that is not an endpoint does not throw; see `problem`. */
export function parseRecord(target: Target, kv: KeyValue): StoredRecord {
  const key = keyText(kv.key);
  const id = key.slice(target.prefix.length);
  const endpoint = target.format.decode(key, kv.value);
  return typeof endpoint === 'object'
    ? { id, kv, endpoint, problem: undefined }
    : { id, kv, endpoint: undefined, ...explain(target, { key, id, value: kv.value }) };
}

/** Why a value is not an endpoint. The format alone does not say it. */
export function explain(
  { service, codec = goEndpoints }: Pick<Target, 'service' | 'codec'>,
  record: Omit<EncodedRecord, 'service'>,
): { problem: string; isOfFormat: boolean } {
  try {
    const isForeign = codec.decode({ service, ...record }) === undefined;
    return isForeign
      ? { problem: 'it is a record of another service', isOfFormat: true }
      : { problem: 'it is not readable', isOfFormat: false };
  } catch (error) {
    return { problem: messageWithoutCode(error), isOfFormat: hasShapeOf(codec.name, record.value) };
  }
}

/**
 * Checks JSON that the command is about to write: a JavaScript number cannot represent every integer.
 * @throws {CliError} that names the first integer beyond 2^53.
 */
export function rejectUnsafeIntegers(json: string): void {
  const unsafe = numbersIn(json).find((text) => /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)));
  if (unsafe !== undefined)
    throw new CliError(`the integer ${unsafe} is beyond 2^53 and would be written as ${Number(unsafe)}`);
}

/** The digits of all numbers in JSON. */
export function numbersIn(json: string): readonly string[] {
  return withoutStrings(json).match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];
}

/** JSON with empty strings in the place of all strings. */
export function withoutStrings(json: string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""');
}

/**
 * Reads all keys of a target at one revision.
 * @param options `values`: keep the values. By default they are dropped after decoding, because together they may
 * exceed the memory.
 */
export async function readRecords(
  client: Pick<EtcdClient, 'kv'>,
  target: Target,
  options: { readonly values?: boolean } = {},
): Promise<{ records: StoredRecord[]; revision: Revision }> {
  const records: StoredRecord[] = [];
  let revision: Revision = 0n;
  for await (const batch of client.kv.stream({ prefix: target.prefix })) {
    revision = batch.revision;
    for (const kv of batch.kvs) {
      const record = parseRecord(target, kv);
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

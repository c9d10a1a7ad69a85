import { type EtcdClient, EtcdError, goEndpoints, keyText } from '../../index.js';
import {
  type CodecName,
  type Framework,
  type FrameworkName,
  type Frameworks,
  loadFrameworks,
} from '../args/codec.js';
import type { Target } from '../args/target.js';
import type { StoredRecord } from '../data/records.js';
import { codecPrefix } from '../data/services.js';
import { type KeyAndValue, type RecognizedFormat, recognizeFormat } from './recognize.js';

/** How many keys are read to recognize a format. The values of records may be large. */
const maxKeys = 5;

/** A record that its codec cannot read, and the format that it has. */
export interface RecognizedRecord {
  readonly id: string;
  readonly format: RecognizedFormat;
}

/** Recognizes the formats of some records from which the target's codec reads no address. */
export async function recognizeRecords(
  client: EtcdClient,
  target: Target,
  records: readonly StoredRecord[],
): Promise<RecognizedRecord[]> {
  const unreadable = records.filter(({ endpoint }) => !endpoint?.addr).slice(0, maxKeys);
  if (unreadable.length === 0) return [];
  const frameworks = await loadFrameworks();
  const recognized: RecognizedRecord[] = [];
  for (const { id, kv } of unreadable) {
    const { kv: current } = await client.kv.get(kv.key); // its value was dropped
    const record = { key: target.prefix + id, value: current?.value ?? Buffer.alloc(0) };
    const format = recognizeFormat(record, frameworks, nameOf(target));
    if (format) recognized.push({ id, format });
  }
  return recognized;
}

/** Finds the formats in which the service has records, where their codecs look for them. */
export async function findInOtherFormats(client: EtcdClient, target: Target): Promise<RecognizedFormat[]> {
  const frameworks = await loadFrameworks();
  const found: RecognizedFormat[] = [];
  for (const [prefix, names] of namesByPrefix(frameworks, target)) {
    const records = await firstRecords(client, prefix);
    const formats = records.map((record) => recognizeFormat(record, frameworks, nameOf(target)));
    for (const name of names) {
      const format = formats.find((one) => one?.codec === name && one.service !== undefined);
      if (format) found.push({ ...format, service: target.service });
    }
    // With another root, the codec would look here: as for kratos's records in '/shop/', with the target '/shop'.
    const moved = formats.find(
      (one, i) =>
        one?.args?.includes('--codec-prefix') && !records[i]?.key.slice(prefix.length).includes('/'),
    );
    if (moved) found.push(moved);
  }
  return found;
}

/** The prefixes under which other codecs look for the service, with the names of these codecs. */
function namesByPrefix(frameworks: Frameworks, { service, prefix: own }: Target): Map<string, CodecName[]> {
  const names = new Map<string, CodecName[]>([[`${service}/`, ['endpoints']]]);
  for (const [name, { create }] of Object.entries(frameworks) as [FrameworkName, Framework][]) {
    const prefix = codecPrefix(service, create());
    if (prefix !== undefined) names.set(prefix, [...(names.get(prefix) ?? []), name]);
  }
  names.delete(own);
  return names;
}

/** Returns no records for a prefix that cannot be read. */
async function firstRecords(client: EtcdClient, prefix: string): Promise<KeyAndValue[]> {
  try {
    const { kvs } = await client.kv.range({ prefix }, { limit: maxKeys });
    return kvs.map(({ key, value }) => ({ key: keyText(key), value }));
  } catch (error) {
    if (error instanceof EtcdError) return [];
    throw error;
  }
}

function nameOf({ codec = goEndpoints }: Target): string {
  return codec.name;
}

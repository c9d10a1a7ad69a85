import type { KeyValue, MirrorUpdate, ResyncReason } from '#src/index.js';
import { keyBytes, keyText } from '#src/index.js';

export interface KvOptions {
  readonly lease?: bigint;
  readonly create?: bigint;
  readonly mod?: bigint;
  readonly version?: bigint;
}

/** A key-value as the mirror yields it. By default it was created at its `mod` revision, which is 1. */
export function kvOf(key: string, value: string | Buffer, options: KvOptions = {}): KeyValue {
  const { lease = 0n, mod = 1n, create = mod, version = 1n } = options;
  return {
    key: keyBytes(key),
    value: Buffer.from(value),
    createRevision: create,
    modRevision: mod,
    version,
    lease,
  };
}

/** A value in Go's format. */
export function endpointValue(addr: string, metadata: unknown = null): string {
  return JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata });
}

export function endpointKv(
  key: string,
  addr: string,
  options: KvOptions & { metadata?: unknown } = {},
): KeyValue {
  return kvOf(key, endpointValue(addr, options.metadata), options);
}

/** The list of these key-values. */
export function listOf(
  revision: bigint,
  kvs: readonly KeyValue[],
  reason: ResyncReason = 'initial',
): MirrorUpdate {
  return { type: 'snapshot', reason, revision, kvs: byKey(kvs) };
}

export function putsOf(revision: bigint, ...kvs: KeyValue[]): MirrorUpdate {
  return {
    type: 'delta',
    revision,
    puts: byKey(kvs),
    deletes: new Set(),
  };
}

export function deletesOf(revision: bigint, ...keys: string[]): MirrorUpdate {
  return { type: 'delta', revision, puts: new Map(), deletes: new Set(keys) };
}

function byKey(kvs: readonly KeyValue[]): ReadonlyMap<string, KeyValue> {
  return new Map(kvs.map((kv) => [keyText(kv.key), kv]));
}

import type { KvClient } from '../kv/index.js';
import type { KeyRange, KeyValue, Revision } from '../model/index.js';

/** Options of the mirror's reads, all of which are linearizable. */
export interface ReadOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** Reads all key-values of the range at one revision. `retain` maps each one as it arrives. */
export async function listRange(
  client: Pick<KvClient, 'stream'>,
  range: KeyRange,
  options: ReadOptions & { readonly pageSize?: number },
  retain: ((kv: KeyValue) => KeyValue) | undefined,
): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: Revision }> {
  const kvs: KeyValue[] = [];
  let revision = 0n;
  for await (const batch of client.stream(range, options)) {
    for (const kv of batch.kvs) kvs.push(retain ? retain(kv) : kv);
    revision = batch.revision;
  }
  return { kvs, revision };
}

/**
 * Reads the number of keys in the range and the one that changed last, at a revision (0 for the current one). The size
 * of the answer does not depend on the range.
 */
export async function readFingerprint(
  kv: Pick<KvClient, 'range'>,
  range: KeyRange,
  revision: Revision,
  options: ReadOptions,
): Promise<{ readonly count: bigint; readonly newest: KeyValue | undefined; readonly revision: Revision }> {
  const sort = { by: 'mod', order: 'descend' } as const;
  const end = await kv.range(range, { ...options, limit: 1, revision, sort });
  return { count: end.count, newest: end.kvs[0], revision: end.revision };
}

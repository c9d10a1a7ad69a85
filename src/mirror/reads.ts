import type { KvClient } from '../kv/index.js';
import type { KeyRange, KeyValue, Revision } from '../model/index.js';

/** How reads are made: linearizable, all of them. */
export interface ReadOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** All keys of the range, at one revision of one store; of each what `retain` makes of it, as the answers come. */
export async function listRange(
  kv: Pick<KvClient, 'stream'>,
  range: KeyRange,
  options: ReadOptions & { readonly pageSize?: number },
  retain: ((kv: KeyValue) => KeyValue) | undefined,
): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: Revision }> {
  const kvs: KeyValue[] = [];
  let revision = 0n;
  for await (const batch of kv.stream(range, options)) {
    for (const one of batch.kvs) kvs.push(retain ? retain(one) : one);
    revision = batch.revision;
  }
  return { kvs, revision };
}

/** How many keys the range has and which of them changed last, at a revision (0: now). Its cost does not grow with the values. */
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

import type { KvClient } from '../kv/index.js';
import { type KeyRange, type KeyValue, type Revision, toWireRange } from '../model/index.js';

/** How reads are made: linearizable, all of them. */
export interface ReadOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** All keys of the range, in pages, every page at the first one's revision. */
export async function listRange(
  kv: Pick<KvClient, 'range'>,
  range: KeyRange,
  pageSize: number,
  options: ReadOptions,
): Promise<{ readonly kvs: readonly KeyValue[]; readonly revision: Revision }> {
  const { key: start, rangeEnd } = toWireRange(range);
  const kvs: KeyValue[] = [];
  let revision = 0n;
  for (let key = start; ; ) {
    const from = rangeEnd.length > 0 ? { key, rangeEnd } : { key };
    const page = await kv.range(from, { ...options, limit: pageSize, revision });
    for (const one of page.kvs) kvs.push(one);
    if (revision === 0n) revision = page.revision;
    const last = page.kvs[page.kvs.length - 1];
    if (!page.more || !last) return { kvs, revision };
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/** How many keys the range has and which of them changed last, at a revision (0: now). Its cost does not grow with the values. */
export async function readEnd(
  kv: Pick<KvClient, 'range'>,
  range: KeyRange,
  revision: Revision,
  options: ReadOptions,
): Promise<{ readonly count: bigint; readonly newest: KeyValue | undefined; readonly revision: Revision }> {
  const sort = { by: 'mod', order: 'descend' } as const;
  const end = await kv.range(range, { ...options, limit: 1, revision, sort });
  return { count: end.count, newest: end.kvs[0], revision: end.revision };
}

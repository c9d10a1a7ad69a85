import { EtcdError } from '../../errors/index.js';
import type { KeyValue, LeaseId, Revision } from '../../model/index.js';
import type { NamingClient } from '../ports.js';
import type { Claim } from './claim.js';

/** What became of a write that compares: the record's new revision, or what was found instead. */
export type StoreResult =
  | { readonly type: 'stored'; readonly revision: Revision }
  | { readonly type: 'found'; readonly kv: KeyValue | undefined; readonly revision: Revision };

/** Stores the record if the key is free, or still as it was at the expected revision. @throws as a transaction. */
export async function store(
  client: NamingClient,
  claim: Claim,
  write: { readonly lease: LeaseId; readonly expected: Revision | undefined },
  options: { readonly signal: AbortSignal; readonly timeoutMs?: number; readonly idempotent?: boolean },
): Promise<StoreResult> {
  const txn = claim.storeTxn(write.lease, write.expected);
  const { succeeded, results, revision } = await client.kv.txn(txn, options);
  if (succeeded) return { type: 'stored', revision };
  return { type: 'found', kv: results[0]?.type === 'range' ? results[0].kvs[0] : undefined, revision };
}

/**
 * Deletes the record where it has our bytes and no lease: at the end of a registration it would stay for good. An
 * etcd out of reach leaves it there.
 */
export async function deleteOrphan(client: NamingClient, claim: Claim, timeoutMs: number): Promise<void> {
  const { key } = claim;
  const options = { timeoutMs: timeoutMs / 2 };
  try {
    const [kv] = (await client.kv.range(key, options)).kvs;
    if (!kv || !claim.isOrphan(kv)) return;
    const isSame = { target: 'mod', key, result: '=', value: kv.modRevision } as const;
    await client.kv.txn({ compare: [isSame], success: [{ type: 'delete', range: key }] }, options);
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
  }
}

/** For people: the start of what a record holds. */
export function textOf(kv: KeyValue): string {
  return kv.value.toString('utf8').slice(0, 200);
}

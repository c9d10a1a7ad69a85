import { compare, type EtcdClient, type KeyValue, type Op, op, type Revision } from '../../index.js';
import { type Change, provesNotApplied } from '../../internal.js';

/** The answer to a write that holds for one version of a record. */
export type ConditionalResult =
  | { readonly succeeded: true; readonly revision: Revision }
  /** The record is another one than was read; `found` is undefined if it is gone. */
  | { readonly succeeded: false; readonly revision: Revision; readonly found: KeyValue | undefined };

/** What a conditional write does to a record. */
export type RecordChange = Change;

/**
 * Writes a record only in the version that was read, in one transaction. The record keeps its lease.
 * @throws {AmbiguousWriteError} if the answer was lost; see {@link outcomeOf}.
 */
export async function writeIfUnchanged(
  client: Pick<EtcdClient, 'kv'>,
  { key, modRevision }: KeyValue,
  change: RecordChange,
): Promise<ConditionalResult> {
  const { succeeded, results, revision } = await client.kv.txn({
    compare: [compare.modRevision(key, '=', modRevision)],
    success: [toOp(key, change)],
    failure: [op.get(key)],
  });
  if (succeeded) return { succeeded, revision };
  const [result] = results;
  return { succeeded, revision, found: result?.type === 'range' ? result.kvs[0] : undefined };
}

function toOp(key: Buffer, change: RecordChange): Op {
  return change.type === 'put' ? op.put(key, change.value, { ignoreLease: true }) : op.delete(key);
}

/**
 * - `applied`: the record is as the change leaves it, and was written once since it was read;
 * - `not-applied`: another write came first, so it never will be;
 * - `not-yet`: the record is as it was read; the request may still arrive;
 * - `unknown`: the record was written several times, or deleted.
 */
export type WriteOutcome = 'applied' | 'not-applied' | 'not-yet' | 'unknown';

/**
 * What a later read proves about a conditional write whose answer was lost.
 * @param read the version for which the write holds.
 * @param found the record now; undefined if it is gone.
 */
export function outcomeOf(read: KeyValue, change: RecordChange, found: KeyValue | undefined): WriteOutcome {
  if (found?.modRevision === read.modRevision) return 'not-yet';
  if (provesNotApplied(read, change, found, undefined)) return 'not-applied';
  const isNext = found?.createRevision === read.createRevision && found.version === read.version + 1n;
  return isNext ? 'applied' : 'unknown';
}

import { toRecord } from '../endpoint-set.js';
import type { NamingClient } from '../ports.js';

/** It is not tried longer: the record expires with its lease anyway. */
const timeoutMs = 2_000;

/**
 * Deletes the record that an older release stored for this address under a key with slashes, as its successor under the
 * same key would write over it: else callers would call the address by it until its lease ends, also when this
 * registration has drained. A process that lives and owns it stores it again. What fails is left to the lease.
 */
export async function deleteNestedRecord({ kv }: NamingClient, key: string, addr: string): Promise<void> {
  try {
    const [found] = (await kv.range({ key }, { timeoutMs })).kvs;
    if (!found || toRecord(found)?.addr !== addr) return;
    const isUnchanged = { target: 'mod', key, result: '=', value: found.modRevision } as const;
    const txn = { compare: [isUnchanged], success: [{ type: 'delete', range: key } as const] };
    await kv.txn(txn, { timeoutMs });
  } catch {
    // Nothing waits for it, and the new record stands.
  }
}

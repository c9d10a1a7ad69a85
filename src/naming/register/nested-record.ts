import type { RecordFormat } from '../codec/record-format.js';
import type { NamingClient } from '../ports.js';

/** The time limit of each request. Short, because the record expires with its lease anyway. */
const timeoutMs = 2_000;

/**
 * Deletes the record that an older release stored for this address under a key with slashes. Otherwise callers would use
 * that record until its lease expires, even after this registration is drained. If the record's owner still runs, it
 * stores the record again. A failure is ignored: the record then expires with its lease.
 */
export async function deleteNestedRecord(
  { kv }: NamingClient,
  format: RecordFormat,
  key: string,
  addr: string,
): Promise<void> {
  try {
    const [found] = (await kv.range({ key }, { timeoutMs })).kvs;
    if (!found) return;
    const endpoint = format.decode(key, found.value);
    if (typeof endpoint !== 'object' || endpoint.addr !== addr) return;
    const isUnchanged = { target: 'mod', key, result: '=', value: found.modRevision } as const;
    const txn = { compare: [isUnchanged], success: [{ type: 'delete', range: key } as const] };
    await kv.txn(txn, { timeoutMs });
  } catch {
    // Nothing waits for this, and the new record is stored.
  }
}

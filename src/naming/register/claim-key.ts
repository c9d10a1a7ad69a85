import { delay, withEither } from '../../async/index.js';
import type { EtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';
import type { KeyValue, Revision } from '../../model/index.js';
import { ConflictError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import type { Claim } from './claim.js';
import { followKey } from './follow-key.js';
import { leaseLost } from './left-leases.js';
import { retryPacer } from './retry.js';
import { store, textOf } from './store.js';

export interface ClaimKeyPorts {
  readonly client: NamingClient;
  readonly claim: Claim;
  /** Whether this registration never had a record before. */
  readonly isFirst: boolean;
  readonly callOptions: () => { readonly timeoutMs?: number };
  /** Called with each other record that is waited for to go. */
  readonly onWaiting: (error: ConflictError, value: string) => void;
  readonly onTrouble: (error: EtcdError) => void;
}

/**
 * Stores the record under the lease as soon as the key is free or its record may be replaced; gives the revision.
 * @throws {ConflictError} where another's record is not waited for; the end of the lease; as a transaction.
 */
export async function claimKey(
  ports: ClaimKeyPorts,
  lease: KeptLease,
  signal: AbortSignal,
): Promise<Revision> {
  const { client, claim, isFirst, callOptions } = ports;
  const pacer = retryPacer();
  let expected: Revision | undefined;
  for (let isProgress = true; ; ) {
    const result = await store(client, claim, { lease: lease.id, expected }, { signal, ...callOptions() });
    if (result.type === 'stored') return result.revision;
    // The first record that is found and may be replaced, or has gone, is reason to try at once. Whoever takes the key
    // again and again, or says that a free key is not free, is not.
    const { kv } = result;
    if (kv && !claim.mayReplace(kv, isFirst))
      expected = await untilFree(ports, kv, result.revision, lease, signal);
    else expected = kv?.modRevision;
    if (!isProgress || !kv) await delay(pacer.next(), signal);
    isProgress = false;
  }
}

/** Gives the revision of a record that may be replaced by then; undefined when the key is free. */
async function untilFree(
  ports: ClaimKeyPorts,
  found: KeyValue,
  from: Revision,
  lease: KeptLease,
  signal: AbortSignal,
): Promise<Revision | undefined> {
  const { client, claim, isFirst, onTrouble } = ports;
  let present = found;
  waitFor(ports, present);
  try {
    return await withEither(signal, lease.signal, async (gone) => {
      for await (const { kv } of followKey(client, { key: claim.key, from, signal: gone, onTrouble })) {
        if (!kv) return undefined;
        if (claim.mayReplace(kv, isFirst)) return kv.modRevision;
        if (!kv.value.equals(present.value)) waitFor(ports, kv);
        present = kv;
      }
      return undefined;
    });
  } catch (error) {
    if (!signal.aborted && lease.signal.aborted) throw leaseLost(lease);
    throw error;
  }
}

function waitFor({ claim, onWaiting }: ClaimKeyPorts, kv: KeyValue): void {
  const value = textOf(kv);
  if (claim.yields === 'fail')
    throw new ConflictError(`'${claim.key}' is another's record, and is left to it: ${value}`);
  onWaiting(
    new ConflictError(`'${claim.key}' is another's record, which is waited for to go: ${value}`),
    value,
  );
}

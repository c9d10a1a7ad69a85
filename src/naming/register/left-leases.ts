import { within } from '../../async/index.js';
import { DeadlineError, EtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';

/** An older one that was lost has long run out. */
const mostRemembered = 16;

/**
 * Leases that a registration no longer counts on, and that its record may still be attached to. Revoked at once they
 * would take the record along; so first the record moves to the next lease.
 */
export class LeftLeases {
  readonly #leases: KeptLease[] = [];

  add(lease: KeptLease): void {
    this.#leases.push(lease);
    if (this.#leases.length > mostRemembered) revokeSoon(this.#leases.shift());
  }

  /** Without waiting for it: they run out by themselves. */
  revokeSoon(): void {
    for (const lease of this.#leases.splice(0)) revokeSoon(lease);
  }

  /** Whether etcd has let go of all of them in time. A record, or a write of it still under way, dies with its lease. */
  async revoke(timeoutMs: number): Promise<boolean> {
    const late = () => new DeadlineError('the lease was not revoked in time');
    const revoked = this.#leases.splice(0).map((lease) => within(lease.revoke(), timeoutMs, late));
    const results = await Promise.allSettled(revoked);
    return results.every(({ status }) => status === 'fulfilled');
  }
}

function revokeSoon(lease: KeptLease | undefined): void {
  lease?.revoke().catch(() => {});
}

/** The end of a lease as an error, with its reason. */
export function leaseLost(lease: KeptLease): EtcdError {
  const end = lease.signal.reason as { readonly reason: string; readonly cause?: EtcdError };
  return new EtcdError(`the lease is gone: ${end.reason}`, {
    code: 5,
    verdict: 'not-applied',
    cause: end.cause,
  });
}

import { within } from '../../async/index.js';
import { Code, DeadlineError, EtcdError } from '../../errors/index.js';
import type { KeptLease } from '../../lease/index.js';

/** Older ones are given back, the record they may have with them. */
export const mostLeft = 16;

/**
 * Leases that a registration no longer counts on, and that its record may still be attached to. Revoked at once they
 * would take the record along; so first the record moves to the next lease.
 */
export class LeftLeases {
  readonly #leases: KeptLease[] = [];

  add(lease: KeptLease): void {
    this.#leases.push(lease);
    if (this.#leases.length > mostLeft) revokeSoon(this.#leases.shift());
  }

  /** Without waiting for it: they run out by themselves. */
  revokeSoon(): void {
    for (const lease of this.#leases.splice(0)) revokeSoon(lease);
  }

  /**
   * Gives the TTL in seconds of those that etcd did not let go of in time; 0 when it did. A record, or a write of it still
   * under way, dies with its lease.
   */
  async revoke(timeoutMs: number): Promise<number> {
    const late = () => new DeadlineError('the lease was not revoked in time');
    const left = this.#leases.splice(0).map((lease) =>
      within(lease.revoke(), timeoutMs, late).then(
        () => 0,
        () => lease.ttlSeconds,
      ),
    );
    return Math.max(0, ...(await Promise.all(left)));
  }
}

function revokeSoon(lease: KeptLease | undefined): void {
  lease?.revoke().catch(() => {});
}

/** The end of a lease as an error, with its reason. */
export function leaseLost(lease: KeptLease): EtcdError {
  const end = lease.signal.reason as { readonly reason: string; readonly cause?: EtcdError };
  return new EtcdError(`the lease is gone: ${end.reason}`, {
    code: Code.NOT_FOUND,
    verdict: 'not-applied',
    cause: end.cause,
  });
}

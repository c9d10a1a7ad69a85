import { Code, EtcdError } from '../errors/index.js';
import { describeLease } from '../model/index.js';
import type { LeaseEnd } from './core/index.js';
import type { HeldLease } from './held-lease.js';

/** The error that explains why a lease ended. */
export function leaseLossError(lease: HeldLease, end: LeaseEnd): EtcdError {
  const code = end.reason === 'lost-contact' ? Code.UNAVAILABLE : (end.cause?.code ?? Code.NOT_FOUND);
  return new EtcdError(`${leaseEndText(lease, end)}${end.cause ? `: ${end.cause.message}` : ''}`, {
    code,
    verdict: 'not-applied',
    ...(end.cause === undefined ? {} : { cause: end.cause }),
  });
}

function leaseEndText({ id, ttlSeconds }: HeldLease, { reason, unacknowledgedMs = 0 }: LeaseEnd): string {
  const lease = describeLease(id);
  switch (reason) {
    case 'lost-contact':
      return `no renewal of ${lease} was acknowledged for ${seconds(unacknowledgedMs)} s (TTL ${ttlSeconds} s)`;
    case 'expired':
      return `${lease} is gone: it expired, or another client revoked it`;
    case 'unauthorized':
      return `etcd refuses to renew ${lease} for this user`;
    case 'revoked':
    case 'closed':
      return `${lease} was ${reason}`;
  }
}

/** Seconds with one decimal. */
function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

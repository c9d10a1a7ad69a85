export type { LeaseEnd, LeaseEndReason } from './core/index.js';
export type { HeldLease } from './held-lease.js';
export type { LeaseClient } from './lease-client.js';
export { LeaseClientImpl } from './lease-client-impl.js';
export type { GrantOptions, Lease, LeaseTimeToLive, TimeToLiveOptions } from './types.js';

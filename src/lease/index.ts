export type { LeaseEnd, LeaseEndReason } from './core/index.js';
export type { HeldLease } from './held-lease.js';
export { LeaseClient } from './lease-client.js';
export type { GrantOptions, Lease, LeaseTimeToLive, TimeToLiveOptions } from './types.js';

export type { LeaseEnd, LeaseEndReason } from './core/index.js';
export type { KeptLease } from './kept-lease.js';
export { type GrantOptions, type Lease, LeaseClient, type LeaseTimeToLive } from './lease-client.js';

export { type GrantOptions, type Lease, LeaseClient, type LeaseTimeToLive } from './lease-client.js';
export type { KeptLease, LeaseEnd, LeaseEndReason } from './lease-keeper.js';

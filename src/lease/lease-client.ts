import type { LeaseId } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { HeldLease } from './held-lease.js';
import type { GrantOptions, Lease, LeaseTimeToLive, TimeToLiveOptions } from './types.js';

/** etcd's Lease service. Methods throw the errors that {@link KvClient} lists. */
export interface LeaseClient {
  /**
   * Grants a lease and does not renew it.
   * @throws {InvalidInputError} for a TTL that is not a whole number of seconds from 1 to 9,000,000,000, or an id below
   *   1.
   * @example
   * ```ts
   * const { id, ttlSeconds } = await client.lease.grant({ ttlSeconds: 60 });
   * await client.kv.put('announcement', 'back in a minute', { lease: id }); // deleted after 60 s
   * ```
   */
  grant(options: GrantOptions): Promise<Lease>;
  /**
   * Revokes a lease and deletes the keys attached to it, in one revision. A {@link HeldLease} of this client with that
   * id ends first, as `revoked`, even if the request then fails.
   * @throws {LeaseNotFoundError} if there is no such lease.
   */
  revoke(id: LeaseId, options?: CallOptions): Promise<void>;
  /**
   * Renews a lease once and returns its TTL. The request shares the client's keep-alive stream, and is sent again
   * within its deadline when the stream is lost or the member does not reply. A {@link HeldLease} with that id is
   * renewed by it too.
   * @throws {LeaseNotFoundError} if there is no such lease; {DeadlineError} with the last failure of the stream as its
   *   cause.
   */
  keepAliveOnce(id: LeaseId, options?: CallOptions): Promise<Lease>;
  /**
   * Returns the remaining TTL of a lease, and with `keys` the keys attached to it; undefined if there is no such lease.
   */
  timeToLive(id: LeaseId, options?: TimeToLiveOptions & CallOptions): Promise<LeaseTimeToLive | undefined>;
  /** Returns the ids of all leases. The member that answers reads its own state, which may be stale. */
  list(options?: CallOptions): Promise<readonly LeaseId[]>;
  /**
   * Grants a lease and keeps it alive until it is closed, revoked or lost. Disposing it revokes it. If this method
   * rejects although etcd may have granted the lease, the lease is revoked in the background, unless `id` was given.
   * @throws as {@link grant}.
   * @example
   * ```ts
   * await using lease = await client.lease.hold({ ttlSeconds: 10 });
   * await client.kv.put('workers/1', 'here', { lease: lease.id });
   * lease.ended.then(({ reason }) => console.log(`the lease ended: ${reason}`));
   * ```
   */
  hold(options: GrantOptions): Promise<HeldLease>;
}

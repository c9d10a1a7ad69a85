import type { LeaseId, Revision } from '../model/index.js';

/** The leader of an election: the candidate whose key is the oldest under `<name>/`. */
export interface Leader {
  /** The candidate's key, `<name>/<lease id in lower-case hex>`. */
  readonly key: Buffer;
  /** What the leader proclaimed last; first the value of its campaign. */
  readonly value: Buffer;
  /** The lease that keeps the key; undefined for a key without a lease, which no campaign creates. */
  readonly leaseId: LeaseId | undefined;
  /** The revision at which the candidate entered the election: Go's `Election.Rev()`. It identifies the term. */
  readonly createRevision: Revision;
  /** The revision of the last proclamation. */
  readonly modRevision: Revision;
}

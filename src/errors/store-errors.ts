import { brand } from './brand.js';
import { Code } from './code.js';
import { EtcdError } from './etcd-error.js';

/** etcd has compacted the requested revision. List again, then watch from the list's revision + 1. */
export class CompactedError extends EtcdError {
  static {
    brand(CompactedError, 'CompactedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'CompactedError';
  /** The oldest revision that is still readable; 0 if the server did not report it. */
  readonly compactRevision: bigint;

  constructor(message: string, compactRevision: bigint, serverText = message) {
    super(message, { code: Code.OUT_OF_RANGE, serverText, reason: 'Compacted' });
    this.compactRevision = compactRevision;
  }
}

/**
 * The store's revision decreased: the store was wiped or restored from a backup. State built from a watch is void, and
 * new events will reuse its revisions. List again.
 */
export class RolledBackError extends EtcdError {
  static {
    brand(RolledBackError, 'RolledBackError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'RolledBackError';
  /** The highest revision that the client has received. */
  readonly seenRevision: bigint;
  /** The store's current revision, from a linearizable read. */
  readonly storeRevision: bigint;

  constructor(seenRevision: bigint, storeRevision: bigint) {
    super(`the store's revision went back from ${seenRevision} to ${storeRevision}`, {
      code: Code.DATA_LOSS,
    });
    this.seenRevision = seenRevision;
    this.storeRevision = storeRevision;
  }
}

/** The cluster id in a member's answer. */
export interface ObservedStore {
  /** The member's endpoint, as written in the client's options. */
  readonly member: string;
  /** In hexadecimal, as `etcdctl` writes it. */
  readonly clusterId: string;
}

/**
 * Two answers came from different stores: etcd was wiped, restored or replaced in between, or the client's endpoints
 * name two clusters. Revisions and leases of one store mean nothing in the other. The client now uses the new store:
 * read again.
 */
export class StoreReplacedError extends EtcdError {
  static {
    brand(StoreReplacedError, 'StoreReplacedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'StoreReplacedError';
  /** The two stores, the earlier first; empty if the keys and not the cluster ids showed the replacement. */
  readonly stores: readonly ObservedStore[];

  constructor(message: string, stores: readonly ObservedStore[] = []) {
    super(message, { code: Code.ABORTED, verdict: 'not-applied' });
    this.stores = stores;
  }
}

/** The lease does not exist: it has expired, was revoked, or was never granted. */
export class LeaseNotFoundError extends EtcdError {
  static {
    brand(LeaseNotFoundError, 'LeaseNotFoundError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'LeaseNotFoundError';
}

/** The credentials lack a permission. */
export class PermissionDeniedError extends EtcdError {
  static {
    brand(PermissionDeniedError, 'PermissionDeniedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'PermissionDeniedError';
}

/** The credentials are missing or wrong, or the token has expired. */
export class UnauthenticatedError extends EtcdError {
  static {
    brand(UnauthenticatedError, 'UnauthenticatedError');
  }

  /** The name of the class, also in minified code. */
  override readonly name = 'UnauthenticatedError';
}

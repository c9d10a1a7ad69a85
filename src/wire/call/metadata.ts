import { Metadata, type MetadataValue } from '@grpc/grpc-js';
import type { IdempotencyLevel } from '../method.js';
import { timeoutHeader, wholeMs } from './timeout.js';

/** The API version that etcd's own client 3.7 sends. A server counts its clients by version. */
const apiVersion = '3.7';

/**
 * The metadata of calls, created once per token rather than per call.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/api/v3rpc/rpctypes/md.go#L17-L21
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/api/v3rpc/rpctypes/metadatafields.go#L18
 */
export class CallMetadata {
  /** For requests that a member may answer without a leader. */
  readonly plain: SharedMetadata;
  /**
   * For requests that need a leader. A member without one refuses them immediately and without effect, instead of
   * blocking for etcd's own limit of 7 s, after which the request may have been applied.
   */
  readonly requireLeader: SharedMetadata;
  /** The generation of the token; 0 without a token. */
  readonly generation: number;

  constructor(token: string | undefined, generation = 0) {
    this.generation = generation;
    this.plain = createMetadata(token);
    this.requireLeader = createMetadata(token);
    this.requireLeader.set('hasleader', 'true');
  }

  for(idempotency: IdempotencyLevel): SharedMetadata {
    return idempotency === 'local-read' ? this.plain : this.requireLeader;
  }
}

/** The timeouts for which metadata is kept. Most calls have the client's timeout. */
const maxTimeouts = 16;

/**
 * Metadata that copies share until one of them changes: grpc-js makes three copies for each call and changes none.
 *
 * It does not offer to accept compressed answers: etcd sends none, and a small compressed answer may be large in memory.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `sendMetadata` of compression-filter.ts): grpc-js sets the header
 * for each call, in a copy made by `clone()`, and has no option against it. Remove when it has one.
 */
export class SharedMetadata extends Metadata {
  // Not #private: `clone` creates its copies without the constructor.
  private timed: Map<number, SharedMetadata> | undefined = undefined;
  private isShared = false;

  /** The same metadata with the header for a timeout. Calls with equal timeouts get the same object. */
  withTimeout(timeoutMs: number): SharedMetadata {
    return this.timed?.get(wholeMs(timeoutMs)) ?? this.createTimed(timeoutMs);
  }

  /** The constructor would create a map that the copy does not need. */
  override clone(): SharedMetadata {
    const copy: SharedMetadata = Object.create(SharedMetadata.prototype);
    copy.internalRepr = this.internalRepr;
    copy.setOptions(this.getOptions());
    copy.timed = undefined;
    copy.isShared = true;
    this.isShared = true;
    return copy;
  }

  override set(key: string, value: MetadataValue): void {
    if (key === 'grpc-accept-encoding' || this.has(key, value)) return;
    this.unshare();
    super.set(key, value);
  }

  override add(key: string, value: MetadataValue): void {
    this.unshare();
    super.add(key, value);
  }

  override remove(key: string): void {
    if (this.get(key).length === 0) return;
    this.unshare();
    super.remove(key);
  }

  override merge(other: Metadata): void {
    this.unshare();
    super.merge(other);
  }

  private createTimed(timeoutMs: number): SharedMetadata {
    const header = timeoutHeader(timeoutMs);
    if (header === undefined) return this;
    const timed = this.clone();
    timed.set('grpc-timeout', header);
    if (this.timed === undefined || this.timed.size === maxTimeouts) this.timed = new Map();
    this.timed.set(wholeMs(timeoutMs), timed);
    return timed;
  }

  private has(key: string, value: MetadataValue): boolean {
    const values = this.internalRepr.get(key);
    return values?.length === 1 && values[0] === value;
  }

  private unshare(): void {
    this.timed = undefined;
    if (!this.isShared) return;
    this.isShared = false;
    this.internalRepr = new Map([...this.internalRepr].map(([key, values]) => [key, [...values]]));
  }
}

function createMetadata(token: string | undefined): SharedMetadata {
  const metadata = new SharedMetadata();
  metadata.set('client-api-version', apiVersion);
  // grpc-js sets this header for each call. Set here, it changes no copy.
  metadata.set('accept-encoding', 'identity');
  if (token !== undefined) metadata.set('token', token);
  return metadata;
}

import { Metadata } from '@grpc/grpc-js';

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
  readonly plain: Metadata;
  /**
   * For requests that need a leader. A member without one refuses them immediately and without effect, instead of
   * blocking for etcd's own limit of 7 s, after which the request may have been applied.
   */
  readonly requireLeader: Metadata;
  /** The generation of the token; 0 without a token. */
  readonly generation: number;

  constructor(token: string | undefined, generation = 0) {
    this.generation = generation;
    this.plain = createMetadata(token);
    this.requireLeader = createMetadata(token);
    this.requireLeader.set('hasleader', 'true');
  }
}

/**
 * Metadata that does not offer to accept compressed answers: etcd sends none, and a small compressed answer may be large
 * in memory.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `sendMetadata` of compression-filter.ts): grpc-js sets the header
 * for each call, in a copy made by `clone()`, and has no option against it. Remove when it has one.
 */
class UncompressedMetadata extends Metadata {
  override set(key: string, value: string | Buffer): void {
    if (key !== 'grpc-accept-encoding') super.set(key, value);
  }

  override clone(): Metadata {
    const copy = new UncompressedMetadata(this.getOptions());
    copy.merge(this);
    return copy;
  }
}

function createMetadata(token: string | undefined): Metadata {
  const metadata = new UncompressedMetadata();
  metadata.set('client-api-version', apiVersion);
  if (token !== undefined) metadata.set('token', token);
  return metadata;
}

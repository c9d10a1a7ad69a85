import { Metadata } from '@grpc/grpc-js';

/** etcd's API version, as its own clients tell it; servers count their clients by it. */
const apiVersion = '3.7';

/** The metadata of calls, made once for each token rather than for each call. */
export class CallMetadata {
  /** For what a member may answer by itself, however cut off it is. */
  readonly plain: Metadata;
  /**
   * For what needs the cluster: a member that sees no leader refuses at once, without having done anything, instead of
   * holding the call until etcd's own limit of 7 s and leaving it open whether it was carried out.
   */
  readonly requireLeader: Metadata;
  /** Of the token; 0 without one. */
  readonly generation: number;

  constructor(token: string | undefined, generation = 0) {
    this.generation = generation;
    this.plain = make(token);
    this.requireLeader = make(token);
    this.requireLeader.set('hasleader', 'true');
  }
}

/**
 * Does not say that compressed answers are taken: no etcd sends them, and a small one may be large. grpc-js 1.14.7 sets
 * the header for each call, in a copy made by `clone()`.
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

function make(token: string | undefined): Metadata {
  const metadata = new UncompressedMetadata();
  metadata.set('client-api-version', apiVersion);
  if (token !== undefined) metadata.set('token', token);
  return metadata;
}

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

  constructor(token: string | undefined) {
    this.plain = make(token);
    this.requireLeader = make(token);
    this.requireLeader.set('hasleader', 'true');
  }
}

function make(token: string | undefined): Metadata {
  const metadata = new Metadata();
  metadata.set('client-api-version', apiVersion);
  if (token !== undefined) metadata.set('token', token);
  return metadata;
}

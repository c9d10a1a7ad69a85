import type { ClientDiagnostics } from '../../diagnostics/index.js';
import type { KvClient } from '../../kv/index.js';
import type { LeaseClient } from '../../lease/index.js';
import type { FollowerClient } from '../../mirror/index.js';

/** The part of an etcd client that locks and elections use. One object for each client: it limits concurrent reads. */
export interface QueueClient extends FollowerClient {
  readonly kv: Pick<KvClient, 'get' | 'range' | 'txn'>;
  readonly lease: Pick<LeaseClient, 'hold'>;
  /** Aborted when the client closes. */
  readonly closing?: AbortSignal | undefined;
  readonly diagnostics: ClientDiagnostics;
  /** The prefix that the server sees before each key. Default: none. */
  readonly namespace?: Buffer | undefined;
}

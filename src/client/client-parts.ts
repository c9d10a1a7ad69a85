import { ElapsedClock, systemClock } from '../async/index.js';
import { type AuthClient, AuthClientImpl } from '../auth/index.js';
import { type ClusterClient, ClusterClientImpl } from '../cluster/index.js';
import type { ClientDiagnostics } from '../diagnostics/index.js';
import { type ElectionClient, ElectionClientImpl } from '../election/index.js';
import { type KvClient, KvClientImpl, ReadBatcher } from '../kv/index.js';
import { LeaseClientImpl } from '../lease/index.js';
import { type LockClient, LockClientImpl } from '../lock/index.js';
import { type MaintenanceClient, MaintenanceClientImpl } from '../maintenance/index.js';
import type { Bytes, KeyRange } from '../model/index.js';
import { WatchClient, type Watcher, type WatchOptions } from '../watch/index.js';
import {
  authCalls,
  batchCalls,
  clusterCalls,
  type KvCalls,
  kvCalls,
  leaseCalls,
  maintenanceCalls,
  Transport,
  watchCalls,
} from '../wire/index.js';
import type { NamespaceParent } from './namespace-impl.js';
import type { ResolvedOptions } from './options.js';
import type { StatusFeed } from './status.js';

/** What the parts of a client need from it. */
export interface ClientPorts extends Pick<NamespaceParent, 'closed' | 'onClose'> {
  readonly diagnostics: ClientDiagnostics;
  readonly status: StatusFeed;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
  readonly watch: (range: Bytes | KeyRange, options?: WatchOptions) => Watcher;
}

/** The connection of a client and the services on it. */
export interface ClientParts {
  readonly transport: Transport;
  readonly kv: KvClient;
  readonly lease: LeaseClientImpl;
  readonly cluster: ClusterClient;
  readonly maintenance: MaintenanceClient;
  readonly auth: AuthClient;
  readonly watch: WatchClient;
  readonly locks: LockClient;
  readonly election: ElectionClient;
  readonly namespaceParent: NamespaceParent;
}

/** Makes the parts of a client. @throws {InvalidInputError} for options that only they can check. */
export function makeParts(options: ResolvedOptions, ports: ClientPorts): ClientParts {
  const { diagnostics, status, closing, closed, onClose } = ports;
  const { maxTxnOps } = options;
  const { timeoutMs } = options.transport;
  const [clock, random] = [systemClock, Math.random];
  const transport = new Transport(options.transport, clock, random, {
    diagnostics,
    onEvent: (event) => status.onMember(event),
    onResolutionFailed: (error) => status.onMember({ type: 'resolution-failed', error }),
    // A lease that expired while the process was stopped ends before any response is returned to a caller.
    beforeAnswer: (): void => lease.endExpired(),
  });
  const calls = kvCalls(transport);
  const batcher = makeBatcher(options, transport);
  const settings = { clock, timeoutMs, closing, batcher };
  const kv = new KvClientImpl(calls, maxTxnOps, settings);
  const lease = new LeaseClientImpl(leaseCalls(transport), new ElapsedClock(), random, diagnostics);
  const watch = makeWatch(options, transport, calls, ports);
  const queue = { kv, lease, watch: ports.watch, closing, diagnostics };
  const { store } = calls;
  return {
    transport,
    kv,
    lease,
    cluster: new ClusterClientImpl(clusterCalls(transport)),
    maintenance: new MaintenanceClientImpl(maintenanceCalls(transport)),
    auth: new AuthClientImpl(authCalls(transport)),
    watch,
    locks: new LockClientImpl(queue, timeoutMs),
    election: new ElectionClientImpl({ kv, watch, store, queue, timeoutMs, random, closing }),
    namespaceParent: { calls, maxTxnOps, settings, lease, watch, random, closed, diagnostics, onClose },
  };
}

function makeBatcher({ transport, batches }: ResolvedOptions, wire: Transport): ReadBatcher | undefined {
  const { timeoutMs } = transport;
  return (
    batches && new ReadBatcher({ calls: batchCalls(wire), clock: systemClock, timeoutMs, limits: batches })
  );
}

function makeWatch(
  { transport }: ResolvedOptions,
  wire: Transport,
  kv: KvCalls,
  { diagnostics, status }: ClientPorts,
): WatchClient {
  return new WatchClient({
    watch: watchCalls(wire),
    kv,
    clock: systemClock,
    random: Math.random,
    // A revision larger than one message arrives in fragments, so this limit may exceed that of a message.
    maxRevisionBytes: Math.max(transport.maxReceiveBytes, 64 * 1024 * 1024),
    onStatus: (event) => status.onWatchStream(event),
    diagnostics,
  });
}

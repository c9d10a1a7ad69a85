import { EtcdClient, type PasswordAuth } from '#src/client/index.js';
import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import { Random } from '../sim/random.js';
import { refusedKeys } from './auth.js';
import type { Link } from './faults/fault.js';
import type { Journal } from './journal.js';
import type { Resources } from './resources.js';
import { RecordedClient } from './workload/client.js';
import { runKvOps } from './workload/kv-ops.js';
import { runLeaseOps } from './workload/lease-ops.js';

/** A worker of the run: performs one op after the other through its client. */
export interface Worker {
  readonly client: RecordedClient;
  readonly random: Random;
  run(client: RecordedClient, random: Random, signal: AbortSignal): Promise<void>;
}

/** Short, so that a dead link is detected within one or two faults. */
const keepaliveOptions = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };

interface WorkerPlan {
  /** One worker per name; all share one client. */
  readonly names: readonly string[];
  /** The only member that the client knows. Default: all members. */
  readonly member?: number;
  readonly run: Worker['run'];
}

const plans: readonly WorkerPlan[] = [
  { names: ['w0'], member: 0, run: runKvOps },
  { names: ['w1'], member: 1, run: runKvOps },
  { names: ['w2'], member: 2, run: runKvOps },
  { names: ['a0'], run: runKvOps },
  { names: ['a1'], run: runKvOps },
  { names: ['a2'], run: runKvOps },
  // Reads of several workers travel together.
  { names: ['b0', 'b1', 'b2', 'b3'], run: runKvOps },
  { names: ['h0'], member: 0, run: runLeaseOps },
  { names: ['h1'], member: 1, run: runLeaseOps },
  { names: ['ha'], run: runLeaseOps },
  // Several leases share one stream.
  { names: ['hb', 'hc', 'hd'], run: runLeaseOps },
];

export interface WorkerSetup {
  readonly cluster: EtcdClusterHandle;
  readonly journal: Journal;
  readonly seed: number;
  /** The user of all clients, if the cluster requires authentication. */
  readonly user: PasswordAuth | undefined;
}

/** Opens all clients. Each client has its own proxy to every member that it knows. */
export async function openWorkers(
  { cluster, journal, seed, user }: WorkerSetup,
  resources: Resources,
): Promise<{ readonly links: readonly Link[]; readonly workers: readonly Worker[] }> {
  const links: Link[] = [];
  const workers: Worker[] = [];
  for (const plan of plans) {
    const ownLinks = await openLinks(cluster, plan);
    for (const { proxy } of ownLinks) resources.use(proxy);
    const etcd = new EtcdClient({
      endpoints: ownLinks.map(({ proxy }) => proxy.endpoint),
      ...keepaliveOptions,
      ...(user && { auth: user }),
    });
    resources.use(etcd);
    links.push(...ownLinks);
    for (const name of plan.names) {
      const random = new Random(seed * 31 + workers.length);
      workers.push({
        client: new RecordedClient(name, etcd, journal, user ? refusedKeys : []),
        random,
        run: plan.run,
      });
    }
  }
  return { links, workers };
}

function openLinks(cluster: EtcdClusterHandle, { names: clients, member }: WorkerPlan): Promise<Link[]> {
  const members = cluster.members.filter((_, i) => member === undefined || i === member);
  return Promise.all(
    members.map(async ({ name, endpoint }) => {
      return { clients, member: name, proxy: await startFaultProxy({ target: endpoint }) };
    }),
  );
}

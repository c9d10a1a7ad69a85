import { EtcdClient } from '#src/client/index.js';
import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import { Random } from '../sim/random.js';
import type { Link } from './faults/fault.js';
import type { Journal } from './journal.js';
import type { Resources } from './resources.js';
import { RecordedClient } from './workload/client.js';
import { runKvOps } from './workload/kv-ops.js';
import { runLeaseOps } from './workload/lease-ops.js';

/** Somebody who calls one thing after the other. */
export interface Worker {
  readonly client: RecordedClient;
  readonly random: Random;
  run(client: RecordedClient, random: Random, signal: AbortSignal): Promise<void>;
}

/** As fast as etcd allows, so that a dead link is found out within a fault or two. */
const keepaliveOptions = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };

interface WorkerPlan {
  /** One for each actor on the one client. */
  readonly names: readonly string[];
  /** The only member it knows; undefined: all of them. */
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
  { names: ['h0'], member: 0, run: runLeaseOps },
  { names: ['h1'], member: 1, run: runLeaseOps },
  { names: ['ha'], run: runLeaseOps },
  // Several leases share one stream.
  { names: ['hb', 'hc', 'hd'], run: runLeaseOps },
];

/** Opens all clients, each with links of its own to the members that it knows. */
export async function openWorkers(
  cluster: EtcdClusterHandle,
  journal: Journal,
  seed: number,
  resources: Resources,
): Promise<{ readonly links: readonly Link[]; readonly actors: readonly Worker[] }> {
  const links: Link[] = [];
  const actors: Worker[] = [];
  for (const plan of plans) {
    const own = await openLinks(cluster, plan);
    for (const { proxy } of own) resources.use(proxy);
    const etcd = new EtcdClient({ endpoints: own.map(({ proxy }) => proxy.endpoint), ...keepaliveOptions });
    resources.use(etcd);
    links.push(...own);
    for (const name of plan.names) {
      const random = new Random(seed * 31 + actors.length);
      actors.push({ client: new RecordedClient(name, etcd, journal), random, run: plan.run });
    }
  }
  return { links, actors };
}

function openLinks(cluster: EtcdClusterHandle, { names: clients, member }: WorkerPlan): Promise<Link[]> {
  const members = cluster.members.filter((_, i) => member === undefined || i === member);
  return Promise.all(
    members.map(async ({ name, endpoint }) => {
      return { clients, member: name, proxy: await startFaultProxy({ target: endpoint }) };
    }),
  );
}

import { EtcdClient, type PasswordAuth } from '#src/client/index.js';
import { startFaultProxy } from '#src/testing/index.js';
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
export const keepaliveOptions = {
  keepaliveTimeMs: 5_000,
  keepaliveTimeoutMs: 2_000,
  connectTimeoutMs: 2_000,
};

/** What a client of a run is connected to. */
export interface LinkPlan {
  /** One worker per name; all share one client. */
  readonly names: readonly string[];
  /** The only server that the client knows. Default: all servers. */
  readonly server?: number;
}

interface WorkerPlan extends LinkPlan {
  readonly run: Worker['run'];
}

const plans: readonly WorkerPlan[] = [
  { names: ['w0'], server: 0, run: runKvOps },
  { names: ['w1'], server: 1, run: runKvOps },
  { names: ['w2'], server: 2, run: runKvOps },
  { names: ['a0'], run: runKvOps },
  { names: ['a1'], run: runKvOps },
  { names: ['a2'], run: runKvOps },
  // Reads of several workers travel together.
  { names: ['b0', 'b1', 'b2', 'b3'], run: runKvOps },
  { names: ['h0'], server: 0, run: runLeaseOps },
  { names: ['h1'], server: 1, run: runLeaseOps },
  { names: ['ha'], run: runLeaseOps },
  // Several leases share one stream.
  { names: ['hb', 'hc', 'hd'], run: runLeaseOps },
];

/** A member, or a grpc-proxy before all members. */
export interface ChaosServer {
  readonly name: string;
  readonly endpoint: string;
}

export interface WorkerSetup {
  /** To which the clients connect. */
  readonly servers: readonly ChaosServer[];
  readonly journal: Journal;
  readonly seed: number;
  /** The user of all clients, if the cluster requires authentication. */
  readonly user: PasswordAuth | undefined;
}

/** Opens all clients. Each client has its own fault proxy to every server that it knows. */
export async function openWorkers(
  { servers, journal, seed, user }: WorkerSetup,
  resources: Resources,
): Promise<{ readonly links: readonly Link[]; readonly workers: readonly Worker[] }> {
  const links: Link[] = [];
  const workers: Worker[] = [];
  for (const plan of plans) {
    const ownLinks = await openLinks(servers, plan);
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

/** Starts the client's own proxies to the servers that it knows. */
export function openLinks(
  servers: readonly ChaosServer[],
  { names: clients, server: only }: LinkPlan,
): Promise<Link[]> {
  const known = servers.filter((_, i) => only === undefined || i === only % servers.length);
  return Promise.all(
    known.map(async ({ name, endpoint }) => {
      return { clients, server: name, proxy: await startFaultProxy({ target: endpoint }) };
    }),
  );
}

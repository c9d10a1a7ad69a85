import { EtcdClient } from '#src/client/index.js';
import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import { Random } from '../sim/random.js';
import type { Door } from './faults/world.js';
import type { Journal } from './journal.js';
import type { Resources } from './resources.js';
import { RecordedClient } from './workload/client.js';
import { holdLeases } from './workload/lease-holder.js';
import { traffic } from './workload/traffic.js';

/** Somebody who calls one thing after the other. */
export interface Actor {
  readonly client: RecordedClient;
  readonly random: Random;
  act(client: RecordedClient, random: Random, signal: AbortSignal): Promise<void>;
}

/** As fast as etcd allows, so that a dead link is found out within a fault or two. */
const attentive = { keepaliveTimeMs: 5_000, keepaliveTimeoutMs: 2_000, connectTimeoutMs: 2_000 };

interface Plan {
  /** One for each actor on the one client. */
  readonly names: readonly string[];
  /** The only member it knows; undefined: all of them. */
  readonly member?: number;
  readonly act: Actor['act'];
}

const plans: readonly Plan[] = [
  { names: ['w0'], member: 0, act: traffic },
  { names: ['w1'], member: 1, act: traffic },
  { names: ['w2'], member: 2, act: traffic },
  { names: ['a0'], act: traffic },
  { names: ['a1'], act: traffic },
  { names: ['a2'], act: traffic },
  { names: ['h0'], member: 0, act: holdLeases },
  { names: ['h1'], member: 1, act: holdLeases },
  { names: ['ha'], act: holdLeases },
  // Several leases share one stream.
  { names: ['hb', 'hc', 'hd'], act: holdLeases },
];

/** Opens all clients, each with doors of its own to the members that it knows. */
export async function openActors(
  cluster: EtcdClusterHandle,
  journal: Journal,
  seed: number,
  resources: Resources,
): Promise<{ readonly doors: readonly Door[]; readonly actors: readonly Actor[] }> {
  const doors: Door[] = [];
  const actors: Actor[] = [];
  for (const plan of plans) {
    const own = await openDoors(cluster, plan);
    for (const { proxy } of own) resources.use(proxy);
    const etcd = new EtcdClient({ endpoints: own.map(({ proxy }) => proxy.endpoint), ...attentive });
    resources.use(etcd);
    doors.push(...own);
    for (const name of plan.names) {
      const random = new Random(seed * 31 + actors.length);
      actors.push({ client: new RecordedClient(name, etcd, journal), random, act: plan.act });
    }
  }
  return { doors, actors };
}

function openDoors(cluster: EtcdClusterHandle, { names: clients, member }: Plan): Promise<Door[]> {
  const members = cluster.members.filter((_, i) => member === undefined || i === member);
  return Promise.all(
    members.map(async ({ name, endpoint }) => {
      return { clients, member: name, proxy: await startFaultProxy({ target: endpoint }) };
    }),
  );
}

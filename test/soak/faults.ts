import type { EtcdClient, KeyValue } from '#src/index.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import {
  type ActiveFault,
  type Fault,
  type FaultContext,
  type Link,
  noTarget,
} from '../chaos/faults/fault.js';
import { linkFaults } from '../chaos/faults/link-faults.js';
import { serverFaults } from '../chaos/faults/server-faults.js';
import type { Random } from '../sim/random.js';
import type { Child } from './child.js';
import { fixedServices } from './messages.js';

/** What the run's own faults act on. */
export interface SoakParts {
  readonly cluster: EtcdClusterHandle;
  /** Not through the proxies. */
  readonly client: EtcdClient;
  readonly worker: Child;
}

/** All faults of the chaos suite, and those of records and processes. */
export function soakFaults({ cluster, client, worker }: SoakParts): readonly Fault[] {
  return [
    ...serverFaults.filter(({ name }) => name !== 'compact'), // needs recorders of the events
    ...linkFaults.filter(({ name }) => name !== 'stall-process'), // stalls this process, which is not the worker
    compactEarlier(client),
    { name: 'restart-member', durationMs: [0, 0], begin: restartMember },
    { name: 'restart-all', durationMs: [0, 0], begin: () => restartAll(cluster) },
    { name: 'stop-worker', durationMs: [1_000, 3_000], begin: async () => stopWorker(worker) },
    recordFault('revoke-lease', client, ({ lease }) => client.lease.revoke(lease)),
    recordFault('delete-key', client, ({ key }) => client.kv.delete(key)),
  ];
}

/** Ends whatever a fault that failed has left: on a busy machine a member may need minutes to start. */
export async function healAll({ cluster, worker }: SoakParts, links: readonly Link[]): Promise<void> {
  cluster.rejoin();
  for (const { proxy } of links) proxy.heal();
  worker.continue();
  await Promise.all(cluster.members.map((member) => member.resume().catch(() => member.restart())));
}

/** Compacts what was current at the previous compaction, so that live watches are not behind it. */
function compactEarlier(client: EtcdClient): Fault {
  let earlier: bigint | undefined;
  const begin = async (): Promise<ActiveFault> => {
    const { revision } = await client.kv.get('soak/any');
    const target = earlier ?? revision - 1_000n;
    earlier = revision;
    if (target < 1n) return noTarget;
    await client.kv.compact(target);
    return { target: `to ${target}`, clients: 'all', end: async () => ({ tookEffect: true }) };
  };
  return { name: 'compact', durationMs: [0, 0], begin };
}

async function restartMember({ cluster }: FaultContext, random: Random): Promise<ActiveFault> {
  const member = random.pick(cluster.members);
  await member.restart();
  return { target: member.name, clients: 'all', end: async () => ({ tookEffect: true }) };
}

async function restartAll({ members }: EtcdClusterHandle): Promise<ActiveFault> {
  await Promise.all(members.map((member) => member.stop()));
  await Promise.all(members.map((member) => member.restart()));
  return { target: 'all members', clients: 'all', end: async () => ({ tookEffect: true }) };
}

function stopWorker(worker: Child): ActiveFault {
  worker.stop();
  const end = async () => {
    worker.continue();
    return { tookEffect: true };
  };
  return { target: 'the worker', clients: 'all', end };
}

/** A change of a registration's record by an operator. */
function recordFault(name: string, client: EtcdClient, change: (kv: KeyValue) => Promise<unknown>): Fault {
  const begin = async (_: FaultContext, random: Random): Promise<ActiveFault> => {
    const { kvs } = await client.kv.range({ prefix: `${random.pick(fixedServices)}/` });
    if (kvs.length === 0) return noTarget;
    const kv = random.pick(kvs);
    await change(kv);
    return { target: kv.key.toString(), clients: 'all', end: async () => ({ tookEffect: true }) };
  };
  return { name, durationMs: [0, 0], begin };
}

import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { pause } from '../faults/fault.js';
import { setAlarm } from './alarm.js';
import type { Fleet } from './fleet.js';

/** What a fault can act on. */
export interface FaultContext {
  readonly cluster: EtcdClusterHandle;
  readonly fleet: Fleet;
  readonly ttlMs: number;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Begins and ends within one call. */
export interface Fault {
  readonly name: string;
  run(context: FaultContext): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'rolling deploy', run: ({ fleet }) => fleet.rollServers(false) },
  { name: 'rolling deploy, new first', run: ({ fleet }) => fleet.rollServers(true) },
  { name: 'rolling deploy of workers', run: ({ fleet }) => fleet.command('roll') },
  {
    name: 'server killed',
    run: ({ fleet, random, ttlMs, signal }) =>
      fleet.killServer(random, random.between(500, ttlMs * 1.2), signal),
  },
  { name: 'worker killed', run: ({ fleet }) => fleet.command('kill-worker') },
  { name: 'etcd member killed', run: (context) => stopMember(context, 'kill') },
  { name: 'etcd killed', run: (context) => stopCluster(context, 'kill') },
  { name: 'etcd member stopped', run: (context) => stopMember(context, 'stop') },
  { name: 'etcd stopped', run: (context) => stopCluster(context, 'stop') },
  { name: 'etcd stalled, 0.5 TTL', run: (context) => stallCluster(context, 0.5) },
  { name: 'etcd stalled, 1 TTL', run: (context) => stallCluster(context, 1) },
  { name: 'etcd stalled, 2 TTL', run: (context) => stallCluster(context, 2) },
  { name: 'etcd wiped', run: ({ cluster }) => cluster.wipe() },
  { name: 'etcd compacted', run: compact },
  { name: 'etcd without space', run: exhaustSpace },
];

async function stopMember(
  { cluster, random, ttlMs, signal }: FaultContext,
  how: 'kill' | 'stop',
): Promise<void> {
  const member = random.pick(cluster.members);
  await member[how]();
  await pause(random.between(500, ttlMs), signal);
  await member.restart();
}

/** After a restart, leases continue with their full TTL; in longer outages, callers use the directory's memory. */
async function stopCluster(
  { cluster, random, ttlMs, signal }: FaultContext,
  how: 'kill' | 'stop',
): Promise<void> {
  await Promise.all(cluster.members.map((member) => member[how]()));
  await pause(random.between(500, ttlMs * 1.5), signal);
  await Promise.all(cluster.members.map((member) => member.restart()));
}

async function stallCluster({ cluster, ttlMs, signal }: FaultContext, ttls: number): Promise<void> {
  await Promise.all(cluster.members.map((member) => member.pause()));
  await pause(ttlMs * ttls, signal);
  await Promise.all(cluster.members.map((member) => member.resume()));
}

/** Compacts at the current revision while a follower is paused: watchers there have missed the compacted revisions. */
async function compact({ cluster, random, signal }: FaultContext): Promise<void> {
  const leader = await cluster.leader();
  const follower = random.pick(cluster.members.filter((member) => member !== leader));
  await follower.pause();
  await pause(random.between(500, 2_000), signal);
  await leader.compact().finally(() => follower.resume());
}

async function exhaustSpace({ cluster, random, ttlMs, signal }: FaultContext): Promise<void> {
  const leader = await cluster.leader();
  await setAlarm(leader.endpoint, 'ACTIVATE');
  await pause(random.between(ttlMs / 2, ttlMs * 1.5), signal);
  await setAlarm(leader.endpoint, 'DEACTIVATE');
}

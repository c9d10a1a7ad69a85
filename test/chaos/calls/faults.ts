import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { pause } from '../faults/world.js';
import { setAlarm } from './alarm.js';
import type { Fleet } from './fleet.js';

/** What a fault has to do with. */
export interface Scene {
  readonly cluster: EtcdClusterHandle;
  readonly fleet: Fleet;
  readonly ttlMs: number;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Begins, holds and ends within one call. */
export interface Fault {
  readonly name: string;
  play(scene: Scene): Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: 'rolling deploy', play: ({ fleet }) => fleet.rollServers(false) },
  { name: 'rolling deploy, new first', play: ({ fleet }) => fleet.rollServers(true) },
  { name: 'rolling deploy of workers', play: ({ fleet }) => fleet.order('roll') },
  {
    name: 'server killed',
    play: ({ fleet, random, ttlMs, signal }) =>
      fleet.killServer(random, random.between(500, ttlMs * 1.2), signal),
  },
  { name: 'worker killed', play: ({ fleet }) => fleet.order('kill-worker') },
  { name: 'etcd member killed', play: (scene) => oneDown(scene, 'kill') },
  { name: 'etcd killed', play: (scene) => allDown(scene, 'kill') },
  { name: 'etcd member stopped', play: (scene) => oneDown(scene, 'stop') },
  { name: 'etcd stopped', play: (scene) => allDown(scene, 'stop') },
  { name: 'etcd stalled, 0.5 TTL', play: (scene) => stall(scene, 0.5) },
  { name: 'etcd stalled, 1 TTL', play: (scene) => stall(scene, 1) },
  { name: 'etcd stalled, 2 TTL', play: (scene) => stall(scene, 2) },
  { name: 'etcd wiped', play: ({ cluster }) => cluster.wipe() },
  { name: 'etcd compacted', play: compact },
  { name: 'etcd without space', play: withoutSpace },
];

async function oneDown({ cluster, random, ttlMs, signal }: Scene, how: 'kill' | 'stop'): Promise<void> {
  const member = random.pick(cluster.members);
  await member[how]();
  await pause(random.between(500, ttlMs), signal);
  await member.restart();
}

/** Leases go on from their full time when etcd is back; for longer than that callers have what they remember. */
async function allDown({ cluster, random, ttlMs, signal }: Scene, how: 'kill' | 'stop'): Promise<void> {
  await Promise.all(cluster.members.map((member) => member[how]()));
  await pause(random.between(500, ttlMs * 1.5), signal);
  await Promise.all(cluster.members.map((member) => member.restart()));
}

async function stall({ cluster, ttlMs, signal }: Scene, ttls: number): Promise<void> {
  await Promise.all(cluster.members.map((member) => member.pause()));
  await pause(ttlMs * ttls, signal);
  await Promise.all(cluster.members.map((member) => member.resume()));
}

/** Up to the present revision, while a follower is stalled: whoever watches there has missed what is compacted. */
async function compact({ cluster, random, signal }: Scene): Promise<void> {
  const leader = await cluster.leader();
  const follower = random.pick(cluster.members.filter((member) => member !== leader));
  await follower.pause();
  await pause(random.between(500, 2_000), signal);
  await leader.compact().finally(() => follower.resume());
}

async function withoutSpace({ cluster, random, ttlMs, signal }: Scene): Promise<void> {
  const leader = await cluster.leader();
  await setAlarm(leader.endpoint, 'ACTIVATE');
  await pause(random.between(ttlMs / 2, ttlMs * 1.5), signal);
  await setAlarm(leader.endpoint, 'DEACTIVATE');
}

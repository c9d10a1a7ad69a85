import type { EtcdMember } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { type Active, aFollower, type Ended, type Fault, type World } from './world.js';

type Victim = (world: World, random: Random) => Promise<EtcdMember>;

const theLeader: Victim = ({ cluster }) => cluster.leader();

/** Faults of members and of the network between them. All but a minority go on, except where the name says otherwise. */
export const serverFaults: readonly Fault[] = [
  freeze('pause-leader', theLeader, [1_700, 3_200]),
  freeze('pause-follower', aFollower, [700, 3_000]),
  { name: 'pause-majority', holdMs: [1_000, 2_600], begin: freezeMajority },
  crash('kill-leader', theLeader, [400, 3_000]),
  crash('kill-follower', aFollower, [300, 3_000]),
  cutOff('isolate-leader', theLeader, [2_300, 3_500]),
  cutOff('isolate-follower', aFollower, [2_200, 3_500]),
  { name: 'move-leader', holdMs: [50, 300], begin: moveLeader },
  { name: 'compact', holdMs: [0, 50], begin: compact },
];

function freeze(name: string, victim: Victim, holdMs: Fault['holdMs']): Fault {
  const begin = async (world: World, random: Random): Promise<Active> => {
    const member = await victim(world, random);
    await member.pause();
    return active(member, async () => {
      await member.resume();
      return { isTrue: true };
    });
  };
  return { name, holdMs, begin };
}

async function freezeMajority({ cluster }: World, random: Random): Promise<Active> {
  const spared = random.pick(cluster.members);
  const most = cluster.members.filter((member) => member !== spared);
  await Promise.all(most.map((member) => member.pause()));
  const end = async () => {
    await Promise.all(most.map((member) => member.resume()));
    return { isTrue: true };
  };
  return { target: most.map(({ name }) => name).join(' and '), clients: 'all', end };
}

function crash(name: string, victim: Victim, holdMs: Fault['holdMs']): Fault {
  const begin = async (world: World, random: Random): Promise<Active> => {
    const member = await victim(world, random);
    await member.kill();
    return active(member, async () => {
      await member.restart();
      return { isTrue: true };
    });
  };
  return { name, holdMs, begin };
}

function cutOff(name: string, victim: Victim, holdMs: Fault['holdMs']): Fault {
  const begin = async (world: World, random: Random): Promise<Active> => {
    const member = await victim(world, random);
    world.cluster.isolate(member);
    return active(member, async () => {
      const hadLeader = await member.metric('etcd_server_has_leader');
      const isStillLed = (await world.cluster.leader()) !== member;
      world.cluster.rejoin();
      // A follower keeps its memory of the leader for an election's time; an isolated leader steps down after one.
      return { isTrue: hadLeader === 0 && isStillLed };
    });
  };
  return { name, holdMs, begin };
}

async function moveLeader({ cluster }: World): Promise<Active> {
  const old = await cluster.leader();
  const now = await cluster.moveLeader().catch(() => old);
  const target = `${old.name} to ${now.name}`;
  return { target, clients: 'all', end: () => Promise.resolve({ isTrue: now !== old }) };
}

/** As far as all recorders have read, so that the truth stays whole. */
async function compact({ cluster, recorders }: World, random: Random): Promise<Active> {
  const revision = recorders.map(({ last }) => last).reduce((a, b) => (a < b ? a : b));
  const member = random.pick(cluster.members);
  const done = member.compact(revision).then(
    () => ({ isTrue: true }),
    () => ({ isTrue: false }),
  );
  return { target: `to ${revision} at ${member.name}`, clients: 'all', end: () => done };
}

function active(member: EtcdMember, end: () => Promise<Ended>): Active {
  return { target: member.name, clients: 'all', end };
}

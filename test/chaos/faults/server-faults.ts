import type { EtcdMember } from '#src/testing/index.js';
import type { Random } from '../../sim/random.js';
import { type ActiveFault, type Fault, type FaultContext, type FaultResult, pickFollower } from './fault.js';

type PickMember = (context: FaultContext, random: Random) => Promise<EtcdMember>;

const pickLeader: PickMember = ({ cluster }) => cluster.leader();

/** Faults of members and of their network. A quorum stays up, unless the fault's name says otherwise. */
export const serverFaults: readonly Fault[] = [
  pauseMember('pause-leader', pickLeader, [1_700, 3_200]),
  pauseMember('pause-follower', pickFollower, [700, 3_000]),
  { name: 'pause-majority', durationMs: [1_000, 2_600], begin: pauseMajority },
  killMember('kill-leader', pickLeader, [400, 3_000]),
  killMember('kill-follower', pickFollower, [300, 3_000]),
  isolateMember('isolate-leader', pickLeader, [2_300, 3_500]),
  isolateMember('isolate-follower', pickFollower, [2_200, 3_500]),
  { name: 'move-leader', durationMs: [50, 300], begin: moveLeader },
  { name: 'compact', durationMs: [0, 50], begin: compact },
];

function pauseMember(name: string, pick: PickMember, durationMs: Fault['durationMs']): Fault {
  const begin = async (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const member = await pick(context, random);
    await member.pause();
    return activeOn(member, async () => {
      await member.resume();
      return { tookEffect: true };
    });
  };
  return { name, durationMs, begin };
}

async function pauseMajority({ cluster }: FaultContext, random: Random): Promise<ActiveFault> {
  const spared = random.pick(cluster.members);
  const most = cluster.members.filter((member) => member !== spared);
  await Promise.all(most.map((member) => member.pause()));
  const end = async () => {
    await Promise.all(most.map((member) => member.resume()));
    return { tookEffect: true };
  };
  return { target: most.map(({ name }) => name).join(' and '), clients: 'all', end };
}

function killMember(name: string, pick: PickMember, durationMs: Fault['durationMs']): Fault {
  const begin = async (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const member = await pick(context, random);
    await member.kill();
    return activeOn(member, async () => {
      await member.restart();
      return { tookEffect: true };
    });
  };
  return { name, durationMs, begin };
}

function isolateMember(name: string, pick: PickMember, durationMs: Fault['durationMs']): Fault {
  const begin = async (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const member = await pick(context, random);
    context.cluster.isolate(member);
    return activeOn(member, async () => {
      const hadLeader = await member.metric('etcd_server_has_leader');
      const isStillLed = (await context.cluster.leader()) !== member;
      context.cluster.rejoin();
      // A follower remembers its leader for an election timeout; an isolated leader steps down after one.
      return { tookEffect: hadLeader === 0 && isStillLed };
    });
  };
  return { name, durationMs, begin };
}

async function moveLeader({ cluster }: FaultContext): Promise<ActiveFault> {
  const old = await cluster.leader();
  const now = await cluster.moveLeader().catch(() => old);
  const target = `${old.name} to ${now.name}`;
  return { target, clients: 'all', end: () => Promise.resolve({ tookEffect: now !== old }) };
}

/** Compacts only what every recorder has read, so that the truth stays complete. */
async function compact({ cluster, recorders }: FaultContext, random: Random): Promise<ActiveFault> {
  const revision = recorders.map(({ last }) => last).reduce((a, b) => (a < b ? a : b));
  const member = random.pick(cluster.members);
  const done = member.compact(revision).then(
    () => ({ tookEffect: true }),
    () => ({ tookEffect: false }),
  );
  return { target: `to ${revision} at ${member.name}`, clients: 'all', end: () => done };
}

function activeOn(member: EtcdMember, end: () => Promise<FaultResult>): ActiveFault {
  return { target: member.name, clients: 'all', end };
}

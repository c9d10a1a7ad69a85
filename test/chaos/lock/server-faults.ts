import type { EtcdClusterHandle, EtcdMember } from '#src/testing/index.js';
import type { ActiveFault, Fault, FaultContext } from '../faults/fault.js';
import { serverFaults } from '../faults/server-faults.js';

const powerCut: Fault = { name: 'kill-all', durationMs: [200, 1_500], begin: killAll };

/** The faults of members, and a power cut of all of them. */
export const clusterFaults: readonly Fault[] = [...serverFaults, powerCut].map(patient);

const leaderAttempts = 6;

/** On a busy machine, the members may need longer to elect a leader than a fault waits for one. */
function patient(fault: Fault): Fault {
  return {
    ...fault,
    async begin(context, random) {
      const { cluster } = context;
      await leaderOf(cluster);
      const { end, ...active } = await fault.begin(context, random);
      const heal = () => {
        cluster.rejoin();
        return { tookEffect: false };
      };
      // A member may also need longer to start; ending such a fault again starts it again.
      const retry = fault.name.startsWith('isolate') ? heal : end;
      return { ...active, end: () => end().catch(retry) };
    },
  };
}

/** The leader, also on a busy machine. */
export async function leaderOf(cluster: EtcdClusterHandle): Promise<EtcdMember> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await cluster.leader();
    } catch (error) {
      if (attempt === leaderAttempts) throw error;
    }
  }
}

async function killAll({ cluster: { members } }: FaultContext): Promise<ActiveFault> {
  await Promise.all(members.map((member) => member.kill()));
  const end = async () => {
    await Promise.all(members.map((member) => member.restart()));
    return { tookEffect: true };
  };
  return { target: 'all members', clients: 'all', end };
}

import type { ActiveFault, Fault, FaultContext } from '../faults/fault.js';
import { serverFaults } from '../faults/server-faults.js';

/** The faults of members, and a power cut of all of them. */
export const clusterFaults: readonly Fault[] = [
  ...serverFaults,
  { name: 'kill-all', durationMs: [200, 1_500], begin: killAll },
];

async function killAll({ cluster: { members } }: FaultContext): Promise<ActiveFault> {
  await Promise.all(members.map((member) => member.kill()));
  const end = async () => {
    await Promise.all(members.map((member) => member.restart()));
    return { tookEffect: true };
  };
  return { target: 'all members', clients: 'all', end };
}

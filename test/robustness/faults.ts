import type { EtcdMember } from '#src/testing/index.js';
import { type ActiveFault, type Fault, type FaultContext, pickFollower } from '../chaos/faults/fault.js';
import { linkFaults } from '../chaos/faults/link-faults.js';
import { serverFaults } from '../chaos/faults/server-faults.js';
import type { Random } from '../sim/random.js';

/** Faults of the catalogue that are not injected, with the reason. */
export const excludedFaults: ReadonlyMap<string, string> = new Map([
  ['compact', 'it compacts without a client, so the history would lack it; the traffic compacts instead'],
]);

/** Faults of members and of their network: those of the catalogue, and members that are stopped gracefully. */
export const memberFaults: readonly Fault[] = [
  ...serverFaults.filter(({ name }) => !excludedFaults.has(name)),
  stopMember('stop-leader', ({ cluster }) => cluster.leader()),
  stopMember('stop-follower', pickFollower),
];

/** Faults of the clients' links, and of their process. */
export const clientFaults: readonly Fault[] = linkFaults;

export const faultNames: readonly string[] = [...memberFaults, ...clientFaults].map(({ name }) => name);

/** SIGTERM: a leader hands its leadership over, and clients get GOAWAY. */
function stopMember(
  name: string,
  pick: (context: FaultContext, random: Random) => Promise<EtcdMember>,
): Fault {
  const begin = async (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const member = await pick(context, random);
    await member.stop();
    const end = async () => {
      await member.restart();
      return { tookEffect: true };
    };
    return { target: member.name, clients: 'all', end };
  };
  return { name, durationMs: [300, 2_000], begin };
}

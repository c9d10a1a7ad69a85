import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../sim/random.js';
import type { TrafficClient } from './traffic-client.js';

/**
 * Compacts every few seconds: mostly what is old, sometimes nearly everything, and sometimes a revision that etcd refuses
 * because it was compacted before or is in the future. No revision is asked for twice, so that the members' logs show
 * which of the requests of unknown outcome were applied.
 */
export async function runCompaction(
  client: TrafficClient,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const asked = new Set<bigint>();
  while (!signal.aborted) {
    await sleep(random.between(1_000, 3_000), undefined, { signal }).catch(() => {});
    const read = signal.aborted ? undefined : await client.range({ limit: 1 });
    if (read === undefined) continue;
    const revision =
      read.revision - BigInt(random.chance(0.7) ? random.between(100, 300) : random.between(-4, 60));
    if (revision < 2n || asked.has(revision)) continue;
    asked.add(revision);
    await client.compact(revision);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../sim/random.js';
import type { TrafficClient } from './traffic-client.js';

/**
 * Compacts every few seconds: mostly a part of the history, sometimes nearly everything, and sometimes a revision that
 * etcd refuses because it was compacted before or is in the future. No revision is asked for twice, so that the members'
 * logs show which of the requests of unknown outcome were applied.
 */
export async function runCompaction(
  client: TrafficClient,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const asked = new Set<bigint>();
  let compacted = 1n;
  while (!signal.aborted) {
    await sleep(random.between(1_000, 3_000), undefined, { signal }).catch(() => {});
    const read = signal.aborted ? undefined : await client.range({ limit: 1 });
    if (read === undefined) continue;
    const revision = drawRevision(random, compacted, read.revision);
    if (revision < 2n || asked.has(revision)) continue;
    asked.add(revision);
    if (await client.compact(revision)) compacted = revision;
  }
}

function drawRevision(random: Random, compacted: bigint, current: bigint): bigint {
  const left = Number(current - compacted);
  const distance = random.weighted([
    [6, random.between(1, Math.max(1, Math.floor(left * 0.8)))],
    [2, random.between(Math.max(0, left - 20), left)],
    [1, random.between(-20, 0)],
    [1, left + random.between(1, 4)],
  ]);
  return compacted + BigInt(distance);
}

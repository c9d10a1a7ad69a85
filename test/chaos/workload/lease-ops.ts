import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLease } from '#src/lease/index.js';
import type { Random } from '../../sim/random.js';
import type { RecordedClient } from './client.js';

/** Holds one lease after the other until the signal aborts. */
export async function runLeaseOps(
  client: RecordedClient,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (random.chance(0.15)) await abandonLease(client, random);
    else await holdLease(client, random, signal);
    await sleep(random.between(20, 200));
  }
}

/** Grants a lease and abandons it: it must expire and delete its key. */
async function abandonLease(client: RecordedClient, random: Random): Promise<void> {
  const { outcome } = await client.grant(
    { type: 'grant', ttlSeconds: 2 },
    { timeoutMs: random.between(300, 2_000) },
  );
  if (outcome.type !== 'ok' || outcome.result.type !== 'granted') return;
  const key = `l/left/${client.name}`;
  for (let i = 0; i < 3; i++) {
    await client.put(
      { type: 'put', key, value: client.newValue(), lease: outcome.result.lease },
      { timeoutMs: 1_000 },
    );
    await sleep(random.between(10, 1_500));
  }
}

async function holdLease(client: RecordedClient, random: Random, signal: AbortSignal): Promise<void> {
  const ttlSeconds = random.between(2, 4);
  const lease = await client.hold({ type: 'grant', ttlSeconds }, { timeoutMs: random.between(500, 3_000) });
  if (!lease) return;
  const until = performance.now() + random.between(1_000, 12_000);
  const key = `l/${client.name}`;
  while (!signal.aborted && performance.now() < until && client.checkHeld(lease)) {
    if (random.chance(0.3)) {
      const op = { type: 'put', key, value: client.newValue(), lease: lease.id } as const;
      await client.put({ ...op, idempotent: random.chance(0.3) }, { timeoutMs: 500 });
    }
    if (random.chance(0.01)) await client.revokeExternally(lease, { timeoutMs: 1_000 });
    await sleep(random.between(20, 150));
  }
  await endLease(client, lease, random);
}

async function endLease(client: RecordedClient, lease: HeldLease, random: Random): Promise<void> {
  if (lease.signal.aborted || random.chance(0.3)) await lease.close();
  else await client.revoke(lease);
  await lease.ended;
}

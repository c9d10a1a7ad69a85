import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from './fleet.js';
import { RequestRate } from './request-rate.js';
import { addressOf, putOf } from './store.js';

/** How many processes recovered from an outage of etcd. */
export interface Recovery {
  /** From the start of etcd. */
  readonly rightMs: number;
  /** Requests and messages on streams that etcd received until then, and in the busiest second. */
  readonly messages: number;
  readonly peak: number;
  /** The processes that lost a connection: all, if the outage was one. */
  readonly lost: number;
  /** The processes that stored their record again. */
  readonly registered: number;
  readonly violations: readonly string[];
}

/**
 * Kills etcd for a time, starts it, and changes the service then, so that no view is right by what it showed before.
 * @param start starts it with its data or without.
 */
export async function recover(fleet: Fleet, downMs: number, start: () => Promise<void>): Promise<Recovery> {
  const before = await fleet.states();
  await fleet.etcd.kill();
  await sleep(downMs);
  const startedAt = performance.now();
  const rate = new RequestRate(fleet.etcd);
  await start();
  await fleet.client.kv.txn({
    success: [putOf({ target: fleet.target, id: 'changed', addr: addressOf(70_000, 1) })],
  });
  const failure = await fleet.untilRight().then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const rightMs = performance.now() - startedAt;
  const { total, peak } = await rate.stop();
  const after = await fleet.states();
  const increased = (of: (state: (typeof after)[number]) => number) =>
    after.filter((state, i) => of(state) > of(before[i] ?? state)).length;
  return {
    rightMs,
    messages: total,
    peak,
    lost: increased(({ connections }) => connections.lost),
    registered: increased(({ registrations }) => registrations),
    violations: failure === undefined ? [] : [failure, ...(await fleet.violations())],
  };
}

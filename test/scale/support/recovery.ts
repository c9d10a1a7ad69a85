import type { Fleet } from './fleet.js';
import { RequestRate } from './request-rate.js';
import { addressOf, putOf } from './store.js';

/** How many processes recovered from an outage of etcd. */
export interface Recovery {
  /** From the moment when etcd answered again. */
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

/** Causes an outage, and changes the service after it, so that no view is right by what it showed before. */
export async function recover(fleet: Fleet, outage: () => Promise<void>): Promise<Recovery> {
  const before = await fleet.states();
  await outage();
  const backAt = performance.now();
  const rate = new RequestRate(fleet.etcd);
  await fleet.client.kv.txn({
    success: [putOf({ target: fleet.target, id: 'changed', addr: addressOf(70_000, 1) })],
  });
  const failure = await fleet.untilRight().then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const rightMs = performance.now() - backAt;
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

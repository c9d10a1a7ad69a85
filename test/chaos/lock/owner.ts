import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdClient, EtcdError, type Lock, op, type Txn, type TxnResult } from '#src/index.js';
import type { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import type { Control } from './control.js';
import { logKeyOf, logValue } from './log-keys.js';
import { HeldSamples } from './samples.js';
import type { WireTap } from './wire-tap.js';

/** What a lock and a term of an election have in common. */
export type Owned = Pick<Lock, 'key' | 'leaseId' | 'token' | 'guard' | 'held' | 'signal' | 'txn'>;

export interface Owner {
  readonly client: EtcdClient;
  readonly control: Control;
  readonly tap: WireTap;
  readonly random: Random;
  readonly incarnation: string;
  readonly name: string;
  readonly request: number;
}

/** Sometimes `held` is read for so long, so that a process is also stopped while it reads. */
const spinMs = 1;
const reportEveryMs = 40;
/** A sleep of at most 20 ms that takes so long shows that the process was stopped. */
const stoppedMs = 200;

/**
 * Uses what it owns until the time `until`, or longer, or until it is lost: reads `held` in tight turns, so that a
 * process that is stopped and resumed reads it in its first statements, and writes to the log of its name. Returns
 * whether it is still held.
 */
export async function own(
  owned: Owned,
  owner: Owner,
  until: number,
  isExtended = () => false,
): Promise<boolean> {
  const { control, request, random, tap } = owner;
  const { key, leaseId, token } = owned;
  control.report({
    ...{ type: 'acquired', request, at: nowMs(), key: key.toString() },
    ...{ lease: String(leaseId), token: String(token), until },
  });
  const samples = new HeldSamples(nowMs);
  const writes = new Writes(owned, owner);
  const report = () => control.report(samples.report(request, tap.renewedAt(leaseId)));
  let reportedAt = 0;
  // The first statements after each sleep read `held`: the process may have been stopped meanwhile.
  for (;;) {
    const end = nowMs() + (random.chance(0.1) ? spinMs : 0);
    do samples.take(owned);
    while (nowMs() < end);
    if (samples.isLost || (nowMs() >= until && !isExtended())) break;
    if (nowMs() - reportedAt > reportEveryMs) {
      report();
      reportedAt = nowMs();
    }
    const sleepsAt = nowMs();
    await sleep(random.between(1, 20));
    // A process that was stopped writes at once: nothing but the guard stops it if its key was deleted meanwhile.
    if (nowMs() - sleepsAt > stoppedMs || random.chance(0.2)) writes.start((txn) => owned.txn(txn));
  }
  if (samples.isLost) {
    samples.take(owned); // still false
    report();
    control.report({ type: 'lost', request, at: nowMs(), reason: String(owned.signal.reason) });
    // What a former holder must not do.
    writes.start((txn) => owned.txn(txn));
    writes.start((txn) => guarded(txn, owned, owner));
  } else report();
  await writes.end();
  return !samples.isLost;
}

/** Releases what it owned, and reports that if it was still held. */
export async function giveUp(
  owned: Owned,
  isHeld: boolean,
  { control, request, incarnation }: Owner,
  release: () => Promise<void>,
): Promise<void> {
  if (isHeld) control.report({ type: 'releasing', request, at: nowMs() });
  const error = await release().then(() => undefined, describeError);
  if (owned.held) throw new Error(`${incarnation} is held after its release`);
  if (isHeld) control.report({ type: 'released', request, at: nowMs(), ...(error && { error }) });
}

/** An error in a report. */
export function describeError({ name, message }: Error): string {
  return `${name}: ${message}`;
}

/** The same transaction as the lock's own, but sent in any case. */
async function guarded({ success = [] }: Txn, { guard }: Owned, { client }: Owner): Promise<TxnResult> {
  const result = await client.kv.txn({ compare: [guard], success });
  if (!result.succeeded) throw new Refused('the guard does not hold');
  return result;
}

class Refused extends Error {}

/** Writes to the log, at most one at a time, except for those of a former holder. */
class Writes {
  readonly #owned: Owned;
  readonly #owner: Owner;
  readonly #running = new Set<Promise<void>>();
  #turn = 0;

  constructor(owned: Owned, owner: Owner) {
    this.#owned = owned;
    this.#owner = owner;
  }

  start(send: (txn: Txn) => Promise<TxnResult>): void {
    if (this.#running.size > 0 && this.#owned.held) return;
    const running = this.#write(send).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async end(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #write(send: (txn: Txn) => Promise<TxnResult>): Promise<void> {
    const { control, request, incarnation, name } = this.#owner;
    const value = logValue(incarnation, request, this.#turn++);
    const report = (outcome: 'applied' | 'refused' | 'unknown', error?: string) =>
      control.report({ type: 'wrote', request, value, at: nowMs(), outcome, ...(error && { error }) });
    try {
      await send({ success: [op.put(logKeyOf(name), value)] });
      report('applied');
    } catch (error) {
      if (!(error instanceof EtcdError || error instanceof Refused)) throw error;
      const mayBeApplied = error instanceof EtcdError && error.verdict === 'maybe-applied';
      report(mayBeApplied ? 'unknown' : 'refused', describeError(error));
    }
  }
}

/** When to release it: mostly soon, sometimes only after a time that is long enough for a fault. */
export function ownUntil(random: Random, shortestMs: number, shortMs: number): number {
  const ms = random.weighted([
    [75, () => random.between(shortestMs, shortMs)],
    [20, () => random.between(1_000, 4_000)],
    [5, () => random.between(4_000, 8_000)],
  ])();
  return nowMs() + ms;
}

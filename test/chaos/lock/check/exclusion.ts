import { factsOf, type Holding, type LockHistory, type RequestFact } from '../history.js';
import type { System } from '../messages.js';
import { type Check, Findings } from './check-result.js';
import { type Place, queueOf } from './queue.js';

export type Held = RequestFact & { readonly holding: Holding };

/** The requests that got the lock, in the order in which they saw it held. */
export function holdersByName(history: LockHistory): Map<string, Held[]> {
  const all = factsOf(history, 'request').filter((request): request is Held => request.holding !== undefined);
  const byName = new Map<string, Held[]>();
  for (const one of all) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  for (const own of byName.values()) own.sort((a, b) => begin(a) - begin(b));
  return byName;
}

/** When it had certainly seen `held` as true. */
function begin({ holding: { samples, at } }: Held): number {
  return samples?.first?.[1] ?? at;
}

/** The place of a holder in the truth. A key that is used again is the one that existed at its token. */
export function placeOf({ truth }: LockHistory, request: Held): Place | undefined {
  const { key, token, lease } = request.holding;
  const queue = queueOf(truth, request);
  return (token === undefined ? undefined : queue.placeAt(key, token)) ?? queue.placeOfLease(key, lease);
}

const handDeleted = new WeakMap<LockHistory, ReadonlySet<string>>();

export function isDeletedByHand(history: LockHistory, key: string): boolean {
  const keys = handDeleted.get(history) ?? new Set(factsOf(history, 'by-hand').map((fact) => fact.key));
  handDeleted.set(history, keys);
  return keys.has(key);
}

/**
 * M1: two holders never see `held` as true at the same time. `held` does not become true again (M3), so a holder saw it
 * as true from its first to its last sample. A holder whose key was deleted by hand learns of it later, and is excused.
 * M2: stricter, and without a successor: no holder sees `held` as true after its key was deleted.
 */
export const holdersExclude: Check = (history) => {
  const found = new Findings();
  for (const holders of holdersByName(history).values()) {
    let before: Held | undefined;
    for (const holder of holders) {
      if (!holder.holding.samples?.last) continue;
      checkKey(holder, history, found);
      if (before) checkHandover(before, holder, found);
      if (isDeletedByHand(history, holder.holding.key)) continue;
      if (lastHeldAt(holder) > (before ? lastHeldAt(before) : 0)) before = holder;
    }
  }
  return found;
};

function lastHeldAt({ holding: { samples } }: Held): number {
  return samples?.last?.[0] ?? 0;
}

function checkHandover(former: Held, next: Held, found: Findings): void {
  found.count(next.system, 'M1 handovers');
  const lastMs = lastHeldAt(former) - begin(next);
  const firstOfNext = next.holding.samples?.first?.[0] ?? 0;
  // A single sample has no length, but is in the time of the other.
  if (lastMs <= 0 || begin(former) > Math.max(firstOfNext, lastHeldAt(next))) return;
  const overlapMs = Math.max(0, Math.min(lastMs, lastHeldAt(next) - begin(next)));
  found.report(
    next.system,
    'M1',
    `${former.id} and ${next.id} hold ${next.name} at the same time, for ${overlapMs.toFixed(1)} ms`,
  );
}

function checkKey(holder: Held, history: LockHistory, found: Findings): void {
  const { system, id, holding } = holder;
  const { key } = holding;
  const place = placeOf(history, holder);
  if (!place?.deleted || isDeletedByHand(history, key)) return;
  found.count(system, 'M2 deleted keys');
  const lateMs = lastHeldAt(holder) - place.deleted.at;
  if (lateMs <= 0) return;
  const cause = isEarly(system, holding, place.deleted.at, history) ? ' (etcd expired its lease early)' : '';
  found.report(system, 'M2', `${id} holds ${key} ${lateMs.toFixed(1)} ms after its deletion${cause}`);
}

/** Whether etcd deleted the key before the TTL had passed since the last acknowledged renewal. */
function isEarly(system: System, { samples }: Holding, at: number, { limits }: LockHistory): boolean {
  return system === 'ours' && samples?.renewedAt !== undefined && at < samples.renewedAt + limits.ttlMs;
}

/** M3: `held` does not become true again, and `signal` is aborted no later than it is false. */
export const signalIsInTime: Check = (history) => {
  const found = new Findings();
  for (const { system, id, holding } of factsOf(history, 'request')) {
    const samples = holding?.samples;
    if (!samples) continue;
    found.count(system, 'M3 samples', samples.samples);
    if (samples.again > 0) found.report(system, 'M3', `${id} holds again ${samples.again} times`);
    if (samples.unaborted > 0)
      found.report(
        system,
        'M3',
        `${id} is not held, but its signal is not aborted ${samples.unaborted} times`,
      );
  }
  return found;
};

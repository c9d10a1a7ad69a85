import type { Change } from '../../truth.js';
import { factsOf, type LockHistory, type RequestFact } from '../history.js';
import { logKeyOf, requestOfValue } from '../log-keys.js';
import { type Check, Findings } from './check-result.js';
import { queueOf } from './queue.js';

/**
 * M5: a write that the lock protects is applied only while its writer's key is the oldest of the queue; a write that is
 * reported as applied is in the store, and one that is reported as not applied is not.
 */
export const writesAreFenced: Check = (history) => {
  const found = new Findings();
  const requests = new Map(factsOf(history, 'request').map((request) => [request.id, request]));
  const applied = new Set<string>();
  for (const { name, system } of new Map([...requests.values()].map((one) => [one.name, one])).values()) {
    for (const change of history.truth.changesOf(logKeyOf(name))) {
      const { kv } = change;
      if (!kv) continue;
      applied.add(kv.value);
      const writer = requests.get(requestOfValue(kv.value));
      if (!writer) found.report(system, 'M5', `${kv.value} of ${name} has no writer`);
      else checkWrite(writer, change, history, found);
    }
  }
  for (const request of requests.values()) checkOutcomes(request, applied, found);
  return found;
};

function checkWrite(
  writer: RequestFact,
  { kv, revision }: Change,
  { truth }: LockHistory,
  found: Findings,
): void {
  const { system, holding, name } = writer;
  found.count(system, 'M5 writes');
  const queue = queueOf(truth, writer);
  const place = holding && queue.placeAt(holding.key, revision);
  const isOwn = place?.lease === holding?.lease; // etcd3's holders use the same key
  if (place && isOwn && queue.isOwnerAt(place, revision)) return;
  const token = holding?.token === undefined ? '' : ` with the token ${holding.token}`;
  found.report(
    system,
    'M5',
    `${kv?.value}${token} is written at ${revision}, but does not own ${name} there`,
  );
}

function checkOutcomes(
  { system, holding }: RequestFact,
  applied: ReadonlySet<string>,
  found: Findings,
): void {
  for (const { value, outcome, error } of holding?.writes ?? []) {
    if (outcome === 'applied' && !applied.has(value))
      found.report(system, 'M5', `${value} is reported as applied, but is not in the store`);
    if (outcome !== 'refused') continue;
    found.count(system, 'M5 refused writes');
    if (applied.has(value))
      found.report(system, 'M5', `${value} is in the store, but is reported as not applied (${error ?? ''})`);
  }
}

import { factsOf, type StoreHistory } from '../history.js';
import { type Check, Findings } from './check-result.js';
import { type Tenure, tenures } from './tenures.js';

/**
 * R3: a registrar that lost its lease registers again under its own key with a new lease, and reports what it stored.
 */
export const reregistersUnderNewLease: Check = (history) => {
  const found = new Findings();
  const all = tenures(history.truth);
  for (const { incarnation, key } of factsOf(history, 'started')) {
    if (key === undefined) continue;
    const own = all.filter((tenure) => tenure.incarnation === incarnation);
    const others = new Set(own.map((tenure) => tenure.key).filter((one) => one !== key));
    if (others.size > 0) found.report('R3', `${incarnation} wrote ${[...others].join(', ')} beside ${key}`);
    checkLeases(incarnation, own, found);
    checkReported(incarnation, history, found);
  }
  return found;
};

function checkLeases(incarnation: string, own: readonly Tenure[], found: Findings): void {
  const used = new Set<bigint>();
  for (const { leases, key } of own) {
    if (used.size > 0) found.count('R3 re-registrations');
    const again = [...leases].filter((lease) => used.has(lease));
    if (again.length > 0)
      found.report('R3', `${incarnation} re-registered ${key} under its old lease ${again.join(', ')}`);
    for (const lease of leases) used.add(lease);
  }
}

function checkReported(incarnation: string, history: StoreHistory, found: Findings): void {
  const reported = factsOf(history, 'registered').filter((one) => one.incarnation === incarnation);
  for (const [i, { lease, revision }] of reported.entries()) {
    if (reported.slice(0, i).some((before) => before.lease === lease))
      found.report('R3', `${incarnation} was registered twice under lease ${lease}`);
    if (revision > history.truth.lastRevision) continue;
    const tookEffect = history.truth
      .at(revision)
      .some((event) => event.type === 'put' && event.kv.lease === lease);
    if (!tookEffect)
      found.report(
        'R3',
        `${incarnation} reported a record at ${revision}, but none with its lease is stored there`,
      );
  }
}

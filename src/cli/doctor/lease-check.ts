import type { EtcdClient } from '../../index.js';
import { fetchLeaseStates, isRenewedLate } from '../data/leases.js';
import { joinSome } from '../output/text.js';
import { type Finding, ok, warning } from './finding.js';
import type { UsableRecord } from './records.js';

/** Checks whether the records have leases that their owners renew. */
export async function checkLeases(client: EtcdClient, records: readonly UsableRecord[]): Promise<Finding[]> {
  const stateOf = await fetchLeaseStates(
    client,
    records.map(({ kv }) => kv.lease),
  );
  const permanent: string[] = [];
  const late: string[] = [];
  const unknown = new Set<string>();
  for (const { id, kv } of records) {
    const lease = stateOf(kv.lease);
    if (lease.state === 'none') permanent.push(`'${id}'`);
    if (lease.state === 'gone') late.push(`'${id}' (expired)`);
    if (lease.state === 'alive' && isRenewedLate(lease))
      late.push(`'${id}' (${lease.remainingSeconds} of ${lease.grantedSeconds} s left)`);
    if (lease.state === 'unknown') unknown.add(lease.reason);
  }
  const findings: Finding[] = [];
  if (permanent.length > 0)
    findings.push(
      warning(
        'leases',
        `without a lease, so they stay after their server ends: ${joinSome(permanent)}`,
        'delete stale records with etcd-naming rm',
      ),
    );
  if (late.length > 0)
    findings.push(
      warning(
        'leases',
        `lease expired or not renewed in time: ${joinSome(late)}`,
        'check that the server runs and reaches etcd',
      ),
    );
  if (unknown.size > 0)
    findings.push(warning('leases', `cannot read the leases: ${joinSome([...unknown], 1)}`));
  return findings.length > 0 ? findings : [ok('leases', 'every record has a lease that is renewed')];
}

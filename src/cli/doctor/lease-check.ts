import type { EtcdClient } from '../../index.js';
import { leaseStates } from '../leases.js';
import { type Finding, ok, some, warning } from './finding.js';
import type { UsableRecord } from './records.js';

/** An owner renews at a third of the time gone; with so little left it has missed two turns. */
const renewedShare = 1 / 3;

/** Whether the records look as if somebody still stood behind them. */
export async function checkLeases(client: EtcdClient, records: readonly UsableRecord[]): Promise<Finding[]> {
  const stateOf = await leaseStates(
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
    if (lease.state === 'alive' && lease.remainingSeconds < lease.grantedSeconds * renewedShare)
      late.push(`'${id}' (${lease.remainingSeconds} of ${lease.grantedSeconds} s left)`);
    if (lease.state === 'unknown') unknown.add(lease.why);
  }
  const findings: Finding[] = [];
  if (permanent.length > 0)
    findings.push(
      warning(
        'leases',
        `no lease, so nobody vouches that it lives: ${some(permanent)}`,
        'etcd-naming rm what is stale',
      ),
    );
  if (late.length > 0)
    findings.push(
      warning(
        'leases',
        `not renewed in time, and about to go: ${some(late)}`,
        'is its server alive, and does it reach etcd?',
      ),
    );
  if (unknown.size > 0) findings.push(warning('leases', `etcd would not tell: ${some([...unknown], 1)}`));
  return findings.length > 0 ? findings : [ok('leases', 'every record has a lease that is being renewed')];
}

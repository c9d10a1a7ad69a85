import assert from 'node:assert/strict';
import { PermissionDeniedError } from '#src/errors/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { AuthGateway } from '../support/auth-gateway.js';
import { secretOf } from '../support/canary.js';
import { skipIfExternal } from '../support/etcd.js';

const tokenSeconds = 1;
const owner = { username: 'owner', password: secretOf('owner of leases') };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const range = { key: base64('own/'), range_end: base64('own0') };

/** Since these releases, a renewal requires a valid token and the permission to write the lease's keys. */
function checksRenewals(version: string): boolean {
  const [, minor = 0, patch = 0] = version.split('.').map(Number);
  const since = new Map([
    [4, 42],
    [5, 28],
    [6, 9],
  ]);
  return minor > 6 || patch >= (since.get(minor) ?? Number.POSITIVE_INFINITY);
}

describe('with authentication and a token TTL of one second', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  let started: EtcdHandle | undefined;
  const etcd = () => started!;
  const rootPassword = secretOf('root of leases');
  const gateway = new AuthGateway(etcd, rootPassword);

  before(async function () {
    skipIfExternal(this);
    started = await startEtcd({
      args: ['--auth-token-ttl', String(tokenSeconds)],
      auth: {
        rootPassword,
        roles: { owners: [{ access: 'readwrite', prefix: 'own/' }] },
        users: { [owner.username]: { password: owner.password, roles: ['owners'] } },
      },
    });
  });

  after(() => started?.close());

  it('keeps a lease while tokens expire', async () => {
    const client = connect(etcd().endpoints, { auth: owner });
    const lease = await client.lease.hold({ ttlSeconds: 3 });
    await client.kv.put('own/k', 'v', { lease: lease.id });
    const start = performance.now();
    await eventually('three TTLs have passed', () => !lease.held || performance.now() - start > 9_000);
    assert.equal(lease.held, true, JSON.stringify(lease.signal.reason));
    await lease.revoke();
  });

  it('ends only the lease whose keys its user may no longer write, as unauthorized', async function () {
    if (!checksRenewals(etcd().version)) this.skip();
    const client = connect(etcd().endpoints, { auth: owner });
    const leases = await Promise.all(Array.from({ length: 5 }, () => client.lease.hold({ ttlSeconds: 6 })));
    const [lease, ...others] = leases;
    assert.ok(lease);
    await client.kv.put('own/k', 'v', { lease: lease.id });
    await gateway.callAsRoot('role/revoke', { role: 'owners', ...range });
    const { reason, cause } = await lease.ended;
    assert.equal(reason, 'unauthorized');
    assert.ok(cause instanceof PermissionDeniedError);
    const start = performance.now();
    await eventually(
      'two TTLs have passed',
      () => !others.every(({ held }) => held) || performance.now() - start > 12_000,
      20_000,
    );
    assert.ok(others.every(({ held }) => held));
    await Promise.all(others.map((other) => other.close()));
  });
});

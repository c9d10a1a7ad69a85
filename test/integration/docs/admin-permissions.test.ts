import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { EtcdError, PermissionDeniedError } from '#src/errors/index.js';
import { type AdminPermissionRow, adminPermissionRows } from '../../support/admin-permissions.js';
import { secretOf } from '../../support/canary.js';
import { skip, useEtcd } from '../../support/etcd.js';

const password = secretOf('admin-permissions');
type Call = (client: EtcdClient, endpoint: string) => Promise<unknown>;

async function readSnapshot({ maintenance }: EtcdClient, endpoint: string): Promise<void> {
  for await (const _ of maintenance.snapshot(endpoint));
}

/** The calls of each row, in its order. `saveSnapshot` sends what `snapshot` sends. */
const calls: readonly (readonly Call[])[] = [
  [
    ({ cluster }) => cluster.list(),
    ({ maintenance }, endpoint) => maintenance.status(endpoint),
    ({ maintenance }) => maintenance.alarms(),
    ({ auth }) => auth.users.get('user'),
    ({ auth }) => auth.roles.get('role'),
  ],
  [
    ({ cluster }) => cluster.add(['http://127.0.0.1:1']),
    ({ cluster }) => cluster.addLearner(['http://127.0.0.1:1']),
    ({ cluster }) => cluster.promote(1n),
    ({ cluster }) => cluster.update(1n, ['http://127.0.0.1:1']),
    ({ cluster }) => cluster.remove(1n),
  ],
  [
    ({ maintenance }, endpoint) => maintenance.defragment(endpoint),
    ({ maintenance }, endpoint) => maintenance.hash(endpoint),
    ({ maintenance }, endpoint) => maintenance.hashKv(endpoint),
    readSnapshot,
  ],
  [
    ({ maintenance }) => maintenance.disarm({ memberId: 1n, type: 'NOSPACE' }),
    ({ maintenance }, endpoint) => maintenance.moveLeader(endpoint, 1n),
    ({ kv }) => kv.compact(1n),
  ],
  [
    ({ maintenance }) => maintenance.downgrade.validate('3.0.0'),
    ({ maintenance }) => maintenance.downgrade.enable('3.0.0'),
    ({ maintenance }) => maintenance.downgrade.cancel(),
  ],
  [({ auth }) => auth.status()],
  [
    ({ auth }) => auth.enable(),
    ({ auth }) => auth.users.list(),
    ({ auth }) => auth.users.get('root'),
    ({ auth }) => auth.users.add('other', { password }),
    ({ auth }) => auth.users.delete('other'),
    ({ auth }) => auth.users.changePassword('user', password),
    ({ auth }) => auth.users.grantRole('user', 'role'),
    ({ auth }) => auth.users.revokeRole('user', 'role'),
    ({ auth }) => auth.roles.list(),
    ({ auth }) => auth.roles.get('root'),
    ({ auth }) => auth.roles.add('other'),
    ({ auth }) => auth.roles.delete('other'),
    ({ auth }) => auth.roles.grantPermission('role', 'read', 'k'),
    ({ auth }) => auth.roles.revokePermission('role', 'k'),
    ({ auth }) => auth.disable(),
  ],
];

describe('the table of administrative calls in docs/permissions.md', () => {
  const etcd = useEtcd({
    args: ['--bcrypt-cost', '4'],
    auth: {
      roles: { role: [{ access: 'readwrite', prefix: '' }] },
      users: { user: { password, roles: ['role'] } },
    },
  });
  const rows = adminPermissionRows();

  const permittedIn = ({ permitted }: AdminPermissionRow) => permitted.get(etcd().version);

  async function outcome(call: Call): Promise<string> {
    await using client = new EtcdClient(etcd().clientOptionsOf('user'));
    try {
      await call(client, etcd().endpoints[0]!);
      return 'any user';
    } catch (error) {
      if (error instanceof PermissionDeniedError) return 'root';
      assert.ok(error instanceof EtcdError && error.serverText !== undefined, String(error));
      return error.reason === 'MethodUnsupported' ? '-' : 'any user';
    }
  }

  it('has the rows that the tests know', () => {
    assert.equal(rows.length, calls.length);
  });

  for (const [i, row] of rows.entries())
    it(`is what etcd permits: ${row.calls}`, async function () {
      const permitted = permittedIn(row);
      if (permitted === undefined) skip(this, `the table has no column for etcd ${etcd().version}`);
      for (const call of calls[i] ?? []) assert.equal(await outcome(call), permitted, String(call));
    });
});

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdClient } from '#src/client/index.js';
import { EtcdError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { grpcCounter, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { rpcRows } from '../../support/rpc-table.js';
import { useClients } from '../client/support.js';

const password = secretOf('etcd-api');

/** Errors with which etcd answers a request that it has received. */
function ifReceived(error: unknown): void {
  const isAnswer = error instanceof EtcdError && error.serverText !== undefined;
  if (!isAnswer || error.reason === 'MethodUnsupported') throw error;
}

describe('the methods in the table of docs/etcd-api.md', () => {
  const etcd = useEtcd({ args: ['--bcrypt-cost', '4'] });
  const { connect } = useClients();
  const file = join(tmpdir(), `etcd-naming-etcd-api-${process.pid}.db`);
  let client: EtcdClient;
  let endpoint: string;

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  beforeEach(() => {
    [endpoint = ''] = etcd().endpoints;
    client = connect(etcd().endpoints);
  });

  after(() => rmSync(file, { force: true }));

  const addMember = async () => (await client.cluster.addLearner(['http://127.0.0.1:1'])).member.id;

  async function readAll(): Promise<void> {
    for (let i = 0; i < 20; i++) await client.kv.put(`stream/${i}`, 'v');
    for await (const _ of client.kv.stream({ prefix: 'stream/' }, { pageSize: 2 }));
  }

  /** Calls the methods of a row. A refusal counts as a call. */
  const calls: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
    'KV/Range': [() => client.kv.get('k'), () => client.kv.range({ prefix: 'k' })],
    'KV/RangeStream': [readAll],
    'KV/Put': [() => client.kv.put('k', 'v')],
    'KV/DeleteRange': [() => client.kv.delete('k')],
    'KV/Txn': [() => client.kv.txn({})],
    'KV/Compact': [async () => client.kv.compact((await client.kv.put('k', 'v')).revision)],
    'Watch/Watch': [
      async () => {
        const watcher = client.watch('k');
        await watcher.ready;
        await watcher.close();
      },
    ],
    'Lease/LeaseGrant': [
      () => client.lease.grant({ ttlSeconds: 10 }),
      async () => (await client.lease.hold({ ttlSeconds: 10 })).revoke(),
    ],
    'Lease/LeaseRevoke': [() => client.lease.revoke(1n)],
    'Lease/LeaseKeepAlive': [() => client.lease.keepAliveOnce(1n).catch(() => {})],
    'Lease/LeaseTimeToLive': [() => client.lease.timeToLive(1n)],
    'Lease/LeaseLeases': [() => client.lease.list()],
    'Cluster/MemberList': [() => client.cluster.list(), () => client.sync()],
    'Cluster/MemberAdd': [
      async () => client.cluster.remove(await addMember()),
      () => client.cluster.add(['bad']),
    ],
    'Cluster/MemberPromote': [() => client.cluster.promote(1n)],
    'Cluster/MemberUpdate': [() => client.cluster.update(1n, ['http://127.0.0.1:1'])],
    'Cluster/MemberRemove': [() => client.cluster.remove(1n)],
    'Maintenance/Alarm': [
      () => client.maintenance.alarms(),
      () => client.maintenance.disarm({ memberId: 1n, type: 'NOSPACE' }),
    ],
    'Maintenance/Status': [() => client.maintenance.status(endpoint)],
    'Maintenance/Defragment': [() => client.maintenance.defragment(endpoint)],
    'Maintenance/Hash': [() => client.maintenance.hash(endpoint)],
    'Maintenance/HashKV': [() => client.maintenance.hashKv(endpoint)],
    'Maintenance/Snapshot': [
      async () => {
        for await (const _ of client.maintenance.snapshot(endpoint));
      },
      () => client.maintenance.saveSnapshot(endpoint, file),
    ],
    'Maintenance/MoveLeader': [() => client.maintenance.moveLeader(endpoint, 1n)],
    'Maintenance/Downgrade': [
      () => client.maintenance.downgrade.validate('3.0.0'),
      () => client.maintenance.downgrade.enable('3.0.0'),
      () => client.maintenance.downgrade.cancel(),
    ],
    'Auth/AuthEnable': [() => client.auth.enable()],
    'Auth/AuthDisable': [() => client.auth.disable()],
    'Auth/AuthStatus': [() => client.auth.status()],
    'Auth/Authenticate': [() => connect(etcd().endpoints, { auth: { username: 'u', password } }).kv.get('k')],
    'Auth/UserAdd': [
      () => client.auth.users.add('u', { password }).then(() => client.auth.users.delete('u')),
    ],
    'Auth/UserGet': [() => client.auth.users.get('u')],
    'Auth/UserList': [() => client.auth.users.list()],
    'Auth/UserDelete': [() => client.auth.users.delete('u')],
    'Auth/UserChangePassword': [() => client.auth.users.changePassword('u', password)],
    'Auth/UserGrantRole': [() => client.auth.users.grantRole('u', 'r')],
    'Auth/UserRevokeRole': [() => client.auth.users.revokeRole('u', 'r')],
    'Auth/RoleAdd': [() => client.auth.roles.add('r').then(() => client.auth.roles.delete('r'))],
    'Auth/RoleGet': [() => client.auth.roles.get('r')],
    'Auth/RoleList': [() => client.auth.roles.list()],
    'Auth/RoleDelete': [() => client.auth.roles.delete('r')],
    'Auth/RoleGrantPermission': [() => client.auth.roles.grantPermission('r', 'read', 'k')],
    'Auth/RoleRevokePermission': [() => client.auth.roles.revokePermission('r', 'k')],
  };

  for (const { rpc, method, releases } of rpcRows()) {
    it(`${method}: calls ${rpc}, or reports that the release does not have it`, async () => {
      const name = rpc.slice(rpc.indexOf('/') + 1);
      const started = () => grpcCounter(etcd(), 'grpc_server_started_total', name);
      const release = etcd().version.split('.').slice(0, 2).join('.');
      const isThere = releases.get(release);
      assert.notEqual(isThere, undefined, `no column for etcd ${release}`);
      assert.ok(calls[rpc], 'no calls');
      for (const call of calls[rpc]) {
        const before = await started();
        if (isThere || rpc === 'KV/RangeStream') await call().catch(ifReceived);
        else await assert.rejects(call(), { reason: 'MethodUnsupported' });
        const count = (await started()) - before;
        assert.equal(count > 0, isThere, `${count} calls`);
      }
    });
  }
});

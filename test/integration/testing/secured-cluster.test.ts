import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { GatewayClient } from '#src/testing/gateway-client.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { registerSecret, secretOf } from '../../support/canary.js';
import { skip, skipIfExternal } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { skipUnlessProcess } from './support.js';

const password = secretOf('user of the secured cluster');
const refused = { name: 'PermissionDeniedError' };

async function put(options: EtcdClientOptions, key: string): Promise<void> {
  await using client = new EtcdClient(options);
  await client.kv.put(key, 'value');
}

async function get(options: EtcdClientOptions, key: string): Promise<string | undefined> {
  await using client = new EtcdClient(options);
  return (await client.kv.get(key)).kv?.value.toString();
}

describe('a cluster with client certificates and users', function () {
  this.timeout(120_000);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    cluster = await startEtcdCluster({
      tls: { clientCertificates: true },
      auth: {
        rootPassword: secretOf('root of the secured cluster'),
        roles: { app: [{ access: 'readwrite', prefix: 'app/' }] },
        users: { app: { password, roles: ['app'] } },
      },
    });
    for (const user of ['root', 'app']) registerSecret(cluster.clientOptionsOf(user).tls!.key!);
  });

  after(async () => {
    await cluster?.close();
  });

  it('is used with its client options, which name all members', async () => {
    assert.deepEqual(cluster.clientOptions.endpoints, cluster.endpoints);
    await put(cluster.clientOptions, 'shared');
    await put(cluster.clientOptionsOf('app'), 'app/shared');
  });

  it('has the users on each member, whose client options name that member alone', async () => {
    for (const member of cluster.members) {
      assert.deepEqual(member.clientOptions.endpoints, [member.endpoint]);
      await put(member.clientOptionsOf('app'), 'app/a');
      await assert.rejects(put(member.clientOptionsOf('app'), 'other'), refused);
    }
  });

  it('moves the leadership', async () => {
    const [before, after] = [await cluster.leader(), await cluster.moveLeader()];
    assert.notEqual(after.name, before.name);
  });

  it('accepts a wiped member as a new one, which has the users', async () => {
    await put(cluster.clientOptions, 'kept');
    const [member] = cluster.members;
    await member!.wipe();
    assert.equal(await get(member!.clientOptions, 'kept'), 'value');
    await assert.rejects(put(member!.clientOptionsOf('app'), 'other'), refused);
  });

  it('has no keys, and the users, after a wipe of all members', async () => {
    await put(cluster.clientOptions, 'gone');
    await cluster.wipe();
    assert.equal(await get(cluster.clientOptions, 'gone'), undefined);
    for (const member of cluster.members)
      await assert.rejects(put(member.clientOptionsOf('app'), 'other'), refused);
  });
});

describe('a cluster with TLS and partitions', function () {
  this.timeout(120_000);
  let cluster: EtcdClusterHandle;

  before(async function () {
    skipIfExternal(this);
    skipUnlessProcess(this);
    if (process.platform !== 'linux') skip(this, 'members cannot be isolated here');
    cluster = await startEtcdCluster({ tls: {}, partitions: true });
  });

  after(async () => {
    await cluster?.close();
  });

  it('has TLS between its members', async () => {
    const [member] = cluster.members;
    const gateway = new GatewayClient(member!.endpoint, { tls: member!.clientOptions.tls! });
    const { members } = (await gateway.call('cluster/member/list', {})) as {
      members: { peerURLs: string[]; clientURLs: string[] }[];
    };
    assert.equal(members.length, 3);
    for (const { peerURLs, clientURLs } of members)
      for (const url of [...peerURLs, ...clientURLs]) assert.match(url, /^https:/);
  });

  it('isolates the leader, and the others elect another', async () => {
    const leader = await cluster.leader();
    const others = cluster.members.filter((member) => member !== leader);
    cluster.isolate(leader);
    await eventually('another leader', async () => (await cluster.leader()) !== leader);
    const options = {
      ...cluster.clientOptions,
      endpoints: others.map(({ endpoint }) => endpoint),
      timeoutMs: 30_000,
    };
    await put(options, 'meanwhile');
    cluster.rejoin();
    assert.equal(await get({ ...leader.clientOptions, timeoutMs: 30_000 }, 'meanwhile'), 'value');
  });
});

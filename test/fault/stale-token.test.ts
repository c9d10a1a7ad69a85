import assert from 'node:assert/strict';
import { DeadlineError, UnauthenticatedError } from '#src/errors/index.js';
import { register } from '#src/naming/index.js';
import { type EtcdClusterHandle, type EtcdMember, startEtcdCluster } from '#src/testing/index.js';
import { eventually, useClients } from '../integration/client/support.js';
import { AuthGateway } from '../support/auth-gateway.js';
import { AuthStore } from '../support/auth-store.js';
import { secretOf } from '../support/canary.js';
import { grpcCounter, skipIfExternal } from '../support/etcd.js';

const password = secretOf('root of a store that is rolled back');
const root = { username: 'root', password };

/** Far more than etcd catches up by itself. */
const lostWrites = 300;

describe('a store with authentication that is rolled back', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  let store: AuthStore;

  beforeEach(async function () {
    skipIfExternal(this);
    store = await AuthStore.start(password);
  });

  afterEach(() => store?.close());

  async function write(count: number): Promise<void> {
    const admin = connect(store.etcd.endpoints, { auth: root });
    for (let i = 0; i < count; i++) await admin.kv.put('filler', String(i));
    await admin.close();
  }

  /** A client that is in use at the end of the lost period. */
  async function startClient() {
    const client = connect(store.etcd.endpoints, { auth: root });
    const registration = await register(client, {
      target: 'restored',
      id: 'one',
      addr: '10.0.0.1:1',
      ttlSeconds: 5,
    });
    const watched: string[] = [];
    const mirror = client.mirror({ prefix: 'watched/' });
    const watching = (async () => {
      for await (const update of mirror) if (update.type === 'delta') watched.push(...update.puts.keys());
    })();
    watching.catch(() => {});
    return { client, registration, watched };
  }

  for (const [title, rollBack] of [
    [
      'by a disk backup: calls, watches and the registration continue with one new token',
      () => store.restore(),
    ],
    [
      'by a wipe, with its users created again: calls, watches and the registration continue with one new token',
      () => store.wipe(),
    ],
  ] as const) {
    it(title, async () => {
      await store.copy();
      await write(lostWrites);
      const { client, registration, watched } = await startClient();
      await rollBack();
      const before = await store.authentications();
      const reads = Array.from({ length: 50 }, () => client.kv.get('k'));
      const counted = Array.from({ length: 20 }, (_, i) => client.kv.put(`counted/${i}`, 'v'));
      await Promise.all([...reads, ...counted]);
      await eventually(
        'the record is registered again',
        async () => {
          const { kv } = await client.kv.get('restored/one');
          return kv !== undefined && kv.lease === registration.lease;
        },
        20_000,
      );
      await eventually('the watch receives an event', async () => {
        await client.kv.put('watched/k', 'v');
        return watched.length > 0;
      });
      assert.equal((await store.authentications()) - before, 1);
      const { kvs } = await client.kv.range({ prefix: 'counted/' });
      assert.deepEqual(
        kvs.map(({ version }) => version),
        counted.map(() => 1n),
        'no write was applied twice',
      );
    });
  }

  it('to a state without the user: calls are rejected instead of left unanswered', async () => {
    await store.copy();
    const user = { username: 'late', password: secretOf('a user who is lost') };
    await store.gateway.callAsRoot('user/add', { name: user.username, password: user.password });
    await store.gateway.callAsRoot('user/grant', { user: user.username, role: 'root' });
    await write(lostWrites);
    const client = connect(store.etcd.endpoints, { auth: user });
    await client.kv.get('k');
    await store.restore();
    await assert.rejects(client.kv.get('k'), UnauthenticatedError);
    await assert.rejects(client.kv.put('k', 'v'), UnauthenticatedError);
  });
});

describe('a cluster with authentication', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  let cluster: EtcdClusterHandle;
  let leader: EtcdMember;

  beforeEach(async function () {
    skipIfExternal(this);
    cluster = await startEtcdCluster({ partitions: true });
    leader = await cluster.leader(); // not permitted once authentication is enabled
    const gateway = new AuthGateway(() => leader, password);
    await gateway.addRoot();
    await gateway.enable();
  });

  afterEach(() => cluster?.close());

  const authentications = async (members: readonly EtcdMember[]) => {
    const counts = members.map((one) => grpcCounter(one, 'grpc_server_started_total', 'Authenticate'));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };

  it('without quorum receives no token request, however long calls wait', async () => {
    const client = connect(cluster.endpoints, { auth: root });
    const lease = await client.lease.hold({ ttlSeconds: 60 });
    const watcher = client.watch('k');
    await watcher.ready;
    await client.kv.put('k', 'v');
    const [left, ...stopped] = cluster.members;
    assert.ok(left);
    const before = await authentications([left]);
    await Promise.all(stopped.map((member) => member.kill()));
    const calls = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? client.kv.get('k') : client.kv.put('k', 'v'),
    );
    const results = await Promise.allSettled(calls);
    assert.ok(results.every(({ status }) => status === 'rejected'));
    await client.kv.get('k', { serializable: true });
    assert.equal((await authentications([left])) - before, 0);
    await Promise.all(stopped.map((member) => member.restart()));
    await eventually('the cluster has a quorum', () =>
      client.kv.get('k').then(
        () => true,
        () => false,
      ),
    );
    assert.equal(lease.held, true);
    await lease.revoke();
    await watcher.close();
  });

  it('with an isolated member older than the token: calls to it wait, and no other token is requested', async () => {
    const behind = cluster.members.find((member) => member !== leader);
    assert.ok(behind);
    const unauthenticated = connect([behind.endpoint]);
    const isRefused = (error: unknown) => error instanceof UnauthenticatedError;
    await eventually('authentication is enabled on the member', () =>
      unauthenticated.kv.get('k').then(() => false, isRefused),
    );
    cluster.isolate(behind);
    const gateway = new AuthGateway(() => leader, password);
    // A token contains the index of the last change before it, which this member must not have.
    await connect([leader.endpoint], { auth: root }).kv.put('k', 'v');
    const token = await gateway.token();
    let asked = 0;
    const client = connect([behind.endpoint], {
      auth: {
        tokenProvider: () => {
          asked++;
          return token;
        },
      },
    });
    const before = await authentications([behind]);
    const read = client.kv.get('k', { serializable: true, timeoutMs: 60_000 });
    await assert.rejects(client.kv.get('k', { serializable: true, timeoutMs: 6_000 }), DeadlineError);
    assert.equal(asked, 1);
    assert.equal((await authentications([behind])) - before, 0);
    cluster.rejoin();
    await read;
  });
});

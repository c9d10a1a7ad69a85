import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { EtcdClient } from '#src/client/index.js';
import { Code, CompactedError, DeadlineError, EtcdError } from '#src/errors/index.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { skip, skipIfExternal, skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { useClients } from '../client/support.js';

const hasReason = (reason: string) => (error: unknown) =>
  error instanceof EtcdError && error.reason === reason;

/** Whether the release is at least 3.`minor`. */
const isSince = (version: string, minor: number) => Number(version.split('.')[1]) >= minor;

describe('the maintenance of a member', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let endpoint: string;

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  beforeEach(() => {
    [endpoint = ''] = etcd().endpoints;
    client = connect(etcd().endpoints);
  });

  it('has a status, which names the leader and becomes JSON', async () => {
    const { revision } = await client.kv.put('a', 'b');
    const status = await client.maintenance.status(endpoint);
    const { members } = await client.cluster.list();
    assert.equal(status.version, etcd().version);
    assert.equal(status.memberId, members[0]?.id);
    assert.equal(status.leaderId, status.memberId);
    assert.equal(status.revision, revision);
    assert.ok(status.clusterId > 0n && status.raftTerm > 0n);
    assert.ok(status.raftAppliedIndex > 0n && status.raftAppliedIndex <= status.raftIndex);
    assert.ok(status.dbSizeInUseBytes > 0 && status.dbSizeInUseBytes <= status.dbSizeBytes);
    assert.deepEqual(
      [status.isLearner, status.errors, status.downgradeTargetVersion],
      [false, [], undefined],
    );
    const isNew = isSince(status.version, 6);
    assert.equal(status.dbSizeQuotaBytes, isNew ? 2 * 1024 ** 3 : undefined);
    assert.equal(typeof status.storageVersion, isNew ? 'string' : 'undefined');
    assert.equal(JSON.parse(JSON.stringify(status)).memberId, String(status.memberId));
  });

  it('has hashes, of which that of the keys can be taken at a revision', async () => {
    const { revision } = await client.kv.put('h', '1');
    const before = await client.maintenance.hashKv(endpoint, { revision });
    assert.ok(before.hash > 0);
    assert.equal(before.compactRevision, 0n);
    assert.equal(before.hashRevision, isSince(etcd().version, 6) ? revision : undefined);
    await client.kv.put('h', '2');
    assert.equal((await client.maintenance.hashKv(endpoint, { revision })).hash, before.hash);
    assert.notEqual((await client.maintenance.hashKv(endpoint)).hash, before.hash);
    assert.ok((await client.maintenance.hash(endpoint)).hash > 0);
    await assert.rejects(
      client.maintenance.hashKv(endpoint, { revision: revision + 1_000n }),
      hasReason('FutureRev'),
    );
  });

  it('has hashes of the keys only after the compaction', async () => {
    await client.kv.put('c', '1');
    const { revision } = await client.kv.put('c', '2');
    await client.kv.compact(revision);
    assert.equal((await client.maintenance.hashKv(endpoint)).compactRevision, revision);
    await assert.rejects(client.maintenance.hashKv(endpoint, { revision: revision - 1n }), CompactedError);
  });

  it('includes a defragmentation, after which the file has no unused space', async () => {
    const value = 'x'.repeat(64 * 1024);
    for (let i = 0; i < 20; i++) await client.kv.put('big', value);
    const { revision } = await client.kv.delete('big');
    await client.kv.compact(revision, { physical: true });
    const before = await client.maintenance.status(endpoint);
    await client.maintenance.defragment(endpoint);
    const after = await client.maintenance.status(endpoint);
    assert.ok(after.dbSizeBytes < before.dbSizeBytes, `${before.dbSizeBytes} to ${after.dbSizeBytes}`);
  });

  it('has no alarms as long as nothing is wrong, and disarms none that was not raised', async () => {
    assert.deepEqual(await client.maintenance.alarms(), []);
    const { memberId } = await client.maintenance.status(endpoint);
    assert.deepEqual(await client.maintenance.disarm({ memberId, type: 'NOSPACE' }), []);
  });

  it('validates a downgrade, since etcd 3.5, without beginning it', async () => {
    const { downgrade } = client.maintenance;
    const { version } = etcd();
    if (!isSince(version, 5)) {
      await assert.rejects(downgrade.validate('3.3.0'), (error) => {
        assert.ok(error instanceof EtcdError);
        assert.deepEqual([error.reason, error.code], ['MethodUnsupported', Code.UNIMPLEMENTED]);
        return true;
      });
      await assert.rejects(downgrade.enable('3.3.0'), hasReason('MethodUnsupported'));
      await assert.rejects(downgrade.cancel(), hasReason('MethodUnsupported'));
      return;
    }
    const minor = Number(version.split('.')[1]);
    const { clusterVersion } = await downgrade.validate(`3.${minor - 1}.0`);
    assert.ok([`3.${minor}`, `3.${minor}.0`].includes(clusterVersion), clusterVersion);
    await assert.rejects(downgrade.validate('3.0.0'), hasReason('InvalidDowngradeTargetVersion'));
    await assert.rejects(downgrade.validate('old'), hasReason('WrongDowngradeVersionFormat'));
    if (minor === 5) await assert.rejects(downgrade.cancel(), hasReason('NoInflightDowngrade'));
    else assert.equal((await downgrade.cancel()).clusterVersion, clusterVersion);
  });

  it('reports a downgrade in its status, since etcd 3.6, from its begin to its end', async function () {
    const { version } = etcd();
    if (!isSince(version, 6)) skip(this, `etcd ${version} does not report downgrades`);
    const target = `3.${Number(version.split('.')[1]) - 1}.0`;
    const { downgrade } = client.maintenance;
    await downgrade.enable(target);
    assert.equal((await client.maintenance.status(endpoint)).downgradeTargetVersion, target);
    await assert.rejects(downgrade.enable(target), hasReason('DowngradeInProcess'));
    await downgrade.cancel();
    assert.equal((await client.maintenance.status(endpoint)).downgradeTargetVersion, undefined);
  });

  it('refuses to make another member the leader if there is none', async () => {
    await assert.rejects(client.maintenance.moveLeader(endpoint, 1n), hasReason('BadLeaderTransferee'));
  });

  it('is not asked for with arguments that are wrong', async () => {
    const { maintenance } = client;
    const wrong: [() => unknown, RegExp][] = [
      [() => maintenance.status(undefined as never), /an endpoint is undefined/],
      [() => maintenance.status('host'), /endpoint 'host' is not of the form .*no port/],
      [() => maintenance.status(`https://${endpoint}`), /uses TLS, and this client does not/],
      [() => maintenance.hashKv(endpoint, { revision: 1 as never }), /revision is 1 \(number\)/],
      [() => maintenance.disarm({ memberId: 1n, type: 'NOSPAC' as never }), /type is unknown/],
      [
        () => maintenance.disarm(undefined as never),
        /the alarm is missing: pass one of client\.maintenance\.alarms\(\)/,
      ],
      [() => maintenance.disarm({} as never), /: memberId is undefined; it must be a bigint/],
      [() => maintenance.moveLeader(endpoint, 0n), /member id is 0n/],
      [() => maintenance.saveSnapshot(endpoint, ''), /path/],
      [() => maintenance.saveSnapshot(endpoint, '/tmp/a\ud800'), /path .* half of a surrogate pair/],
      [() => maintenance.downgrade.validate(3.5 as never), /version is 3\.5 \(number\)/],
    ];
    for (const [call, message] of wrong)
      await assert.rejects(async () => call(), { name: 'InvalidInputError', message });
    assert.throws(() => maintenance.snapshot('host'), { name: 'InvalidInputError' });
  });
});

describe('a snapshot', () => {
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  const value = Buffer.alloc(256 * 1024, 'v');
  let client: EtcdClient;
  let endpoint: string;

  before(async function () {
    skipUnlessBreakable(this, etcd());
    const filler = connect(etcd().endpoints);
    for (let i = 0; i < 40; i++) await filler.kv.put(`fill/${i}`, value);
  });

  beforeEach(() => {
    [endpoint = ''] = etcd().endpoints;
    client = connect(etcd().endpoints);
  });

  it('is the database and its SHA-256, with its size known from the first part on', async () => {
    const snapshot = client.maintenance.snapshot(endpoint);
    assert.deepEqual([snapshot.totalBytes, snapshot.receivedBytes], [undefined, 0]);
    const parts: Buffer[] = [];
    for await (const part of snapshot) {
      assert.ok(part.length > 0 && snapshot.totalBytes! > 10 * 1024 * 1024);
      parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    assert.equal(bytes.length, snapshot.totalBytes);
    assert.equal(snapshot.receivedBytes, snapshot.totalBytes);
    const digest = createHash('sha256').update(bytes.subarray(0, -32)).digest();
    assert.deepEqual(bytes.subarray(-32), digest);
    assert.equal(typeof snapshot.version, isSince(etcd().version, 6) ? 'string' : 'undefined');
    assert.throws(() => snapshot[Symbol.asyncIterator](), /a snapshot can be iterated once/);
  });

  it('is stopped by leaving the loop, an abort, or the end of the client', async () => {
    for await (const _ of client.maintenance.snapshot(endpoint)) break;

    const abort = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _ of client.maintenance.snapshot(endpoint, { signal: abort.signal }))
          abort.abort(new Error('enough'));
      },
      { message: 'enough' },
    );

    await assert.rejects(
      async () => {
        for await (const _ of client.maintenance.snapshot(endpoint)) await client.close();
      },
      { name: 'ClosedError' },
    );
  });

  it('fails when the connection is lost on the way, and when the member is silent', async () => {
    const link = await proxy(etcd());
    const far = connect(etcd().endpoints, { timeoutMs: 500 });
    link.cutAfterBytes(1024 * 1024, 'down');
    await assert.rejects(
      async () => {
        for await (const _ of far.maintenance.snapshot(link.endpoint));
      },
      (error) =>
        error instanceof EtcdError &&
        error.code === Code.UNAVAILABLE &&
        error.message.endsWith(` (Snapshot on ${link.endpoint})`),
    );
    link.heal();
    link.delay({ up: 0, down: 3_600_000 });
    await assert.rejects(
      async () => {
        for await (const _ of far.maintenance.snapshot(link.endpoint));
      },
      (error) =>
        error instanceof DeadlineError && error.message.includes(`Snapshot on ${link.endpoint} sent nothing`),
    );
    await assert.rejects(
      async () => {
        for await (const _ of far.maintenance.snapshot('127.0.0.1:1'));
      },
      (error) => error instanceof EtcdError && error.code === Code.UNAVAILABLE,
    );
  });

  it('does not hold up other calls while it is not read', async () => {
    const snapshot = client.maintenance.snapshot(endpoint);
    await snapshot.next();
    for (let i = 0; i < 30; i++) assert.ok((await client.kv.get(`fill/${i}`)).kv);
    await snapshot.return?.();
  });
});

describe('the maintenance of a cluster', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  let cluster: EtcdClusterHandle;
  let client: EtcdClient;

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    cluster = await startEtcdCluster({ members: 3 });
  });

  beforeEach(() => {
    client = connect(cluster.endpoints);
  });

  after(() => cluster?.close());

  const statuses = () => Promise.all(cluster.endpoints.map((one) => client.maintenance.status(one)));

  it('is sent to the member that is named and to no other', async () => {
    const ids = (await statuses()).map(({ memberId }) => memberId);
    assert.equal(new Set(ids).size, 3);
    const { members } = await client.cluster.list();
    assert.deepEqual([...ids].sort(), members.map(({ id }) => id).sort());
  });

  it('moves the leader, if the leader is asked', async () => {
    const all = await statuses();
    const leader = all.findIndex(({ memberId, leaderId }) => memberId === leaderId);
    const other = (leader + 1) % 3;
    const target = all[other]!.memberId;
    await assert.rejects(client.maintenance.moveLeader(cluster.endpoints[other]!, target), (error) => {
      assert.ok(error instanceof EtcdError);
      assert.deepEqual([error.reason, error.code], ['NotLeader', Code.FAILED_PRECONDITION]);
      return true;
    });
    await client.maintenance.moveLeader(cluster.endpoints[leader]!, target);
    assert.equal((await client.maintenance.status(cluster.endpoints[other]!)).leaderId, target);
  });

  it('has equal hashes of the keys on all members', async () => {
    const { revision } = await client.kv.put('k', 'v');
    for (const one of cluster.endpoints) await client.kv.get('k').then(() => connect([one]).kv.get('k')); // a linearizable read: the member has the revision
    const hashes = await Promise.all(
      cluster.endpoints.map((one) => client.maintenance.hashKv(one, { revision })),
    );
    assert.equal(new Set(hashes.map(({ hash }) => hash)).size, 1);
  });

  it('reports a member that is away by its status, without effect on the client', async () => {
    const [first, second] = cluster.members;
    await first!.kill();
    const only = connect([cluster.endpoints[1]!]);
    await assert.rejects(
      only.maintenance.status(cluster.endpoints[0]!, { timeoutMs: 1_000 }),
      (error) => error instanceof DeadlineError && error.tried[0]?.member === cluster.endpoints[0],
    );
    assert.equal((await only.maintenance.status(second!.endpoints[0]!)).version, cluster.version);
    await first!.restart();
  });
});

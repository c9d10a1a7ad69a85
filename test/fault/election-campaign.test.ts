import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { Term } from '#src/election/index.js';
import { op } from '#src/kv/index.js';
import { LockLostError } from '#src/lock/index.js';
import { startEtcdCluster } from '#src/testing/index.js';
import { eventually, fill, folderOf, useClients } from '../integration/client/support.js';
import { addCandidate, isAbsent, nextTerm, seesNext, waitsBehind } from '../support/election.js';
import { skipIfExternal, useEtcd } from '../support/etcd.js';
import { expectNoWatchersLeft } from './support.js';

describe('a campaign', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const { connect, proxy } = useClients();
  expectNoWatchersLeft(() => [etcd()]);
  let client: EtcdClient;
  let name: string;

  before(function () {
    skipIfExternal(this);
  });

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  /** A campaign through a proxy. */
  async function proxied(ttlSeconds: number) {
    const link = await proxy(etcd());
    const terms = connect([link.endpoint]).election.campaign(name, 'proxied', { ttlSeconds });
    return { link, terms };
  }

  it('ends a term before etcd lets another candidate lead, when the leader is cut off', async () => {
    const { link, terms } = await proxied(2);
    const term = await nextTerm(terms);
    const others = client.election.campaign(name, 'other');
    const waiting = nextTerm(others);
    await waitsBehind(client, name, term.key, waiting);
    const order: string[] = [];
    term.signal.addEventListener('abort', () => order.push(`lost, held ${term.held}`));
    link.blackhole();
    const next = await waiting;
    order.push('elected');
    assert.deepEqual(order, ['lost, held false', 'elected']);
    assert.ok(term.signal.reason instanceof LockLostError, String(term.signal.reason));
    link.cut(); // otherwise the client uses its silent connection until keepalive ends it
    link.heal();
    await assert.rejects(term.txn({ success: [op.put(`${name}-result`, 'late')] }), LockLostError);
    await assert.rejects(term.proclaim('late'), LockLostError);
    const again = nextTerm(terms); // enters again, behind the other one
    await waitsBehind(client, name, next.key, again);
    await others.return?.();
    await again;
    await terms.return?.();
    await isAbsent(client, name);
    assert.equal((await client.kv.get(`${name}-result`)).kv, undefined);
  });

  it('keeps its term through a restart of etcd that is shorter than the TTL', async () => {
    const terms = client.election.campaign(name, 'a', { ttlSeconds: 30 });
    const term = await nextTerm(terms);
    await etcd().kill();
    await etcd().restart();
    await term.proclaim('still');
    assert.deepEqual([term.held, term.signal.aborted], [true, false]);
    assert.deepEqual((await client.election.leader(name))?.key, term.key);
    await terms.return?.();
    await isAbsent(client, name);
  });

  it('keeps its place through an outage with a compaction, in which its predecessor leaves', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const { link, terms } = await proxied(30);
    const waiting = nextTerm(terms);
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    const place = (await client.lockQueue(name)).waiters[0]?.key;
    link.refuse();
    const later = await addCandidate(client, name, 'later');
    await leader.leave();
    await fill(client, folderOf(etcd()), 20);
    await etcd().compact();
    link.heal();
    assert.deepEqual((await waiting).key, place);
    await terms.return?.();
    await later.leave();
    await isAbsent(client, name);
  });

  it('is entered again when its lease expired in an outage, and is elected only with its new key', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const { link, terms } = await proxied(2);
    const waiting = nextTerm(terms);
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    const place = (await client.lockQueue(name)).waiters[0]?.key;
    link.refuse();
    await eventually(
      'the candidate has expired',
      async () => (await client.lockQueue(name)).waiters.length === 0,
    );
    await leader.leave();
    link.heal();
    const term = await waiting;
    assert.notDeepEqual(term.key, place);
    assert.deepEqual((await client.election.leader(name))?.key, term.key);
    await terms.return?.();
    await isAbsent(client, name);
  });

  it('loses its term when the store is wiped, and leads in the new store', async () => {
    const terms = client.election.campaign(name, 'a', { ttlSeconds: 10 });
    const term = await nextTerm(terms);
    await etcd().wipe();
    const again = await nextTerm(terms);
    assert.equal(term.held, false);
    assert.ok(term.signal.reason instanceof LockLostError, String(term.signal.reason));
    await assert.rejects(term.txn({ success: [op.put(`${name}-result`, 'late')] }), LockLostError);
    assert.deepEqual((await connect(etcd().endpoints).election.leader(name))?.key, again.key);
    await terms.return?.();
    await isAbsent(connect(etcd().endpoints), name);
  });

  it('removes its candidate after an outage in which it was left', async () => {
    const leader = await addCandidate(client, name, 'leader');
    const { link, terms } = await proxied(60);
    const waiting = terms.next();
    await waitsBehind(client, name, Buffer.from(leader.key), waiting);
    link.refuse();
    await terms.return?.();
    assert.equal((await waiting).done, true);
    link.heal();
    await eventually(
      'the candidate is removed',
      async () => (await client.lockQueue(name)).waiters.length === 0,
    );
  });
});

describe('a campaign in a cluster with a member that is cut off from the others', function () {
  this.timeout(120_000);
  const { connect } = useClients();

  before(function () {
    skipIfExternal(this);
  });

  it('leaves that member while it waits, and leads when the leader resigns', async () => {
    await using cluster = await startEtcdCluster({ partitions: true });
    const holder = connect(cluster.endpoints);
    const leader = await addCandidate(holder, 'jobs', 'leader');
    const terms = connect(cluster.endpoints).election.campaign('jobs', 'waiter', { ttlSeconds: 30 });
    const waiting = nextTerm(terms);
    await waitsBehind(holder, 'jobs', Buffer.from(leader.key), waiting);
    const place = (await holder.lockQueue('jobs')).waiters[0]?.key;
    const streams = await Promise.all(
      cluster.members.map((member) => member.metric('etcd_debugging_mvcc_watch_stream_total')),
    );
    const isolated = cluster.members[streams.indexOf(1)]!;
    const others = connect(cluster.endpoints.filter((endpoint) => endpoint !== isolated.endpoint));
    cluster.isolate(isolated);
    await others.lease.revoke(leader.lease, { timeoutMs: 30_000 });
    assert.deepEqual((await waiting).key, place);
    await terms.return?.();
    cluster.rejoin();
  });

  it('is decided by the majority: the candidate there leads, and the leader on that member does not', async () => {
    await using cluster = await startEtcdCluster({ partitions: true });
    const [isolated, ...others] = cluster.members;
    const majority = connect(others.map(({ endpoint }) => endpoint));
    const alone = connect([isolated!.endpoint]);
    const terms = alone.election.campaign('jobs', 'alone', { ttlSeconds: 3 });
    const term: Term = await nextTerm(terms);
    const waiters = majority.election.campaign('jobs', 'majority', { ttlSeconds: 3 });
    const waiting = nextTerm(waiters);
    await waitsBehind(majority, 'jobs', term.key, waiting);
    const observation = majority.election.observe('jobs');
    await seesNext(observation, 'alone');
    cluster.isolate(isolated!);
    const next = await waiting;
    assert.deepEqual([term.held, next.held], [false, true]);
    await seesNext(observation, 'majority');
    cluster.rejoin();
    const again = nextTerm(terms);
    await waitsBehind(majority, 'jobs', next.key, again);
    await waiters.return?.();
    assert.equal((await again).held, true);
    await seesNext(observation, 'alone');
    await observation.return?.();
    await terms.return?.();
  });
});

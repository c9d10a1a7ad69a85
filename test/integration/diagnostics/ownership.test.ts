import assert from 'node:assert/strict';
import { diagnosticsChannels, type EtcdClient, type OwnershipDiagnostics } from '@org/etcd-naming';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { usePublished } from '../../support/published.js';
import { folderOf, useClients } from '../client/support.js';

function useNames() {
  const etcd = useEtcd();
  const { connect } = useClients();
  const fixture = {} as { client: EtcdClient; rival: EtcdClient; name: string };
  beforeEach(() => {
    fixture.client = connect(etcd().endpoints);
    fixture.rival = connect(etcd().endpoints);
    fixture.name = `${folderOf(etcd())}jobs`;
  });
  return { etcd, fixture };
}

const typesOf = (events: readonly OwnershipDiagnostics[]) => events.map(({ type }) => type);
const counts = (held: number, waiting: number, acquired: number, lost: number) => ({
  held,
  waiting,
  acquired,
  lost,
});

describe('the channel of locks', () => {
  const { fixture } = useNames();
  const published = usePublished(diagnosticsChannels.lock);
  const elections = usePublished(diagnosticsChannels.election);
  const types = () => typesOf(published());
  const locks = () => fixture.client.metrics().locks;

  it('publishes that a lock is waited for, acquired and released', async () => {
    const { client, name } = fixture;
    const lock = await client.lock(name);
    assert.deepEqual(locks(), counts(1, 0, 1, 0));
    await lock.release();
    const { token } = lock;
    const [waiting, acquired, released, ...others] = published();
    assert.deepEqual({ ...waiting }, { client: client.name, type: 'waiting', name });
    assert.ok(acquired?.type === 'acquired' && acquired.waitedMs > 0);
    assert.ok(released?.type === 'released' && released.heldMs > 0);
    assert.deepEqual([acquired.name, acquired.token], [name, token]);
    assert.deepEqual([released.name, released.token], [name, token]);
    assert.deepEqual(others, []);
    assert.deepEqual(locks(), counts(0, 0, 1, 0));
    assert.deepEqual(elections(), []);
  });

  it('publishes that a lock was lost, with its reason, when its lease is revoked', async () => {
    const { client, rival, name } = fixture;
    const lock = await client.lock(name);
    await rival.lease.revoke(lock.leaseId);
    await eventually('it is lost', () => !lock.held);
    const lost = published().at(-1);
    assert.ok(lost?.type === 'lost' && lost.heldMs > 0);
    assert.equal(lost.error, lock.signal.reason);
    assert.equal(lost.token, lock.token);
    assert.deepEqual(locks(), counts(0, 0, 1, 1));
    await lock.release();
    assert.deepEqual(types(), ['waiting', 'acquired', 'lost']);
  });

  it('counts a call that waits, and publishes why it was not acquired', async () => {
    const { client, rival, name } = fixture;
    const lock = await rival.lock(name);
    const leaving = new AbortController();
    const wait = client.lock(name, { signal: leaving.signal });
    const waiters = async () => (await rival.lockQueue(name)).waiters.length;
    await eventually('it waits', async () => (await waiters()) === 1);
    assert.deepEqual(locks(), counts(0, 1, 0, 0));
    const reason = new Error('no time');
    leaving.abort(reason);
    await assert.rejects(wait, reason);
    const refused = { client: client.name, type: 'not-acquired', name, error: reason };
    assert.deepEqual({ ...published().at(-1) }, refused);
    assert.deepEqual(locks(), counts(0, 0, 0, 0));
    await lock.release();
  });

  it('publishes of tryLock whether the lock was acquired, without a wait', async () => {
    const { client, name } = fixture;
    const lock = await client.tryLock(name);
    assert.equal(await client.tryLock(name), undefined);
    await lock?.release();
    assert.deepEqual(types(), ['acquired', 'not-acquired', 'released']);
    const [, refused] = published();
    assert.ok(refused?.type === 'not-acquired' && refused.error === undefined);
    assert.deepEqual(locks(), counts(0, 0, 1, 0));
  });

  it('publishes the locks of a namespace by the name that the server sees, and counts them with those of the client', async () => {
    const { client, name } = fixture;
    const lock = await client.namespace(`${name}/`).lock('nightly');
    assert.deepEqual(locks(), counts(1, 0, 1, 0));
    await lock.release();
    assert.deepEqual([...new Set(published().map((event) => event.name))], [`${name}/nightly`]);
    assert.ok(published().every((event) => event.client === client.name));
  });

  it('publishes that locks are lost when the client is closed, and that its waits end', async () => {
    const { client, rival, name } = fixture;
    await client.lock(name);
    const wait = assert.rejects(client.lock(name));
    const waiters = async () => (await rival.lockQueue(name)).waiters.length;
    await eventually('it waits', async () => (await waiters()) === 1);
    await client.close();
    await wait;
    assert.deepEqual(types().slice(2).sort(), ['lost', 'not-acquired', 'waiting'].sort());
    assert.deepEqual(locks(), counts(0, 0, 1, 1));
    await rival.kv.delete({ prefix: `${name}/` });
  });
});

describe('the channel of elections', () => {
  const { fixture } = useNames();
  const published = usePublished(diagnosticsChannels.election);

  it('publishes how a term is handed over from one candidate to the next', async () => {
    const { client, rival, name } = fixture;
    const first = client.election.campaign(name, 'first')[Symbol.asyncIterator]();
    const second = rival.election.campaign(name, 'second')[Symbol.asyncIterator]();
    const term = (await first.next()).value!;
    const next = second.next();
    await eventually('the second waits', () => rival.metrics().elections.waiting === 1);
    assert.deepEqual(client.metrics().elections, counts(1, 0, 1, 0));
    await first.return?.();
    const nextTerm = (await next).value!;
    assert.deepEqual(
      published().map((event) => [event.client, event.type]),
      [
        [client.name, 'waiting'],
        [client.name, 'acquired'],
        [rival.name, 'waiting'],
        [client.name, 'released'],
        [rival.name, 'acquired'],
      ],
    );
    assert.ok(nextTerm.token > term.token);
    assert.deepEqual(client.metrics().elections, counts(0, 0, 1, 0));
    await rival.kv.delete(nextTerm.key);
    await eventually('the term is lost', () => !nextTerm.held);
    assert.equal(published().at(-1)?.type, 'lost');
    await second.return?.();
    assert.deepEqual(rival.metrics().elections, counts(0, 0, 1, 1));
    assert.equal(published().at(-1)?.type, 'lost');
  });
});

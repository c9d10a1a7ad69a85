import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { diagnosticsChannels } from '#src/diagnostics/index.js';
import { register } from '#src/naming/index.js';
import type { InternalWatchOptions } from '#src/watch/index.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { usePublished } from '../../support/published.js';
import { eventually, folderOf, useClients } from '../client/support.js';

describe('what is acquired in an etcd that lost all its data', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  const published = usePublished(diagnosticsChannels.watch);
  let client: EtcdClient;
  let other: EtcdClient;
  let name: string;

  beforeEach(async function () {
    skipUnlessBreakable(this, etcd());
    [client, other] = [connect(etcd().endpoints), connect(etcd().endpoints)];
    name = `${folderOf(etcd())}jobs`;
    // The new store does not reach the revision of the old one during the test.
    for (let i = 0; i < 30; i++) await client.kv.put(`${name}-before`, '');
  });

  /** Waits until the client's only watch is live, and remains so. */
  const watches = async () => {
    let liveSince: number | undefined;
    await eventually(
      'the key is watched for a second',
      () => {
        if (client.metrics().watch.live !== 1) liveSince = undefined;
        else liveSince ??= performance.now();
        return liveSince !== undefined && performance.now() - liveSince > 1_000;
      },
      10_000,
    );
  };

  it('is a lock that was waited for, whose key is watched and whose loss is noticed', async () => {
    await other.lock(name, { ttlSeconds: 2 });
    const waiting = client.lock(name, { ttlSeconds: 2, requeue: true });
    await eventually('it waits', async () => (await other.lockQueue(name)).waiters.length === 1);
    await etcd().wipe();
    const lock = await waiting;
    await watches();
    const key = lock.key.toString();
    const opened = published(client).filter((event) => event.type === 'opened' && event.key === key);
    assert.equal(opened.length, 1, 'the new place is not compared with the old store');
    await other.kv.delete(lock.key);
    await eventually('the loss is noticed', () => !lock.held, 5_000);
  });

  it('is a term of a candidate that waited, whose key is watched and whose loss is noticed', async () => {
    const terms = other.election.campaign(name, 'other', { ttlSeconds: 2 });
    await terms.next();
    const next = client.election.campaign(name, 'waiting', { ttlSeconds: 2 }).next();
    await eventually('it waits', async () => (await other.kv.range({ prefix: `${name}/` })).kvs.length === 2);
    await etcd().wipe();
    const { value: term } = await next;
    assert.ok(term);
    await watches();
    await other.kv.delete(term.key);
    await eventually('the loss is noticed', () => !term.held, 5_000);
  });

  it('is the record of a registration, whose key is watched and which is stored again when it is deleted', async () => {
    const registration = await register(client, { target: name, addr: '10.0.0.1:80', ttlSeconds: 2 });
    await etcd().wipe();
    await eventually('it is stored again', () => registration.registrationCount === 2, 10_000);
    await watches();
    await other.kv.delete(registration.key);
    await eventually('it is stored once more', () => registration.registrationCount === 3, 5_000);
    await registration.close();
  });

  it('is a watch with a revision of the new store', async () => {
    await etcd().wipe();
    const { revision } = await client.kv.put(name, '');
    const options: InternalWatchOptions = { startRevision: revision + 1n, knownRevision: revision };
    const watcher = client.watch(name, options);
    await watches();
    await watcher.close();
  });
});

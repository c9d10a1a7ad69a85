import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { EtcdClient } from '#src/client/index.js';
import type { HeldLease } from '#src/lease/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { waitsBehind } from '../support/election.js';
import { skipIfExternal } from '../support/etcd.js';
import { compileSnippets, programFile, snippetOf } from '../support/snippets.js';
import { loadPeer } from './support/peer.js';
import { PeerTimers } from './support/peer-timers.js';
import { Stage } from './support/stage.js';

const page = 'docs/migrating/from-etcd3.md';
const lock = snippetOf(page, 'lock');

interface PeerLock {
  acquire(): Promise<{ release(): Promise<void> }>;
}

interface PeerCampaigns {
  lock(key: string): PeerLock;
  election(name: string): { campaign(value: string): { wait(): Promise<unknown> } };
}

describe('etcd3 and this package in one store', function () {
  this.timeout(60_000);
  let etcd: EtcdHandle;
  let stage: Stage;
  let folder = '';
  let tryLock: (client: EtcdClient, key: string) => Promise<HeldLease | undefined>;

  before(async function () {
    this.timeout(300_000);
    skipIfExternal(this);
    etcd = await startEtcd();
    const timers = new PeerTimers();
    stage = await Stage.open(etcd, { module: loadPeer(timers), timers });
    folder = compileSnippets([lock]);
    ({ tryLock } = await import(pathToFileURL(programFile(folder, lock)).href));
  });

  after(async () => {
    await stage?.close();
    await etcd?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const withBoth = (work: (etcd3: PeerCampaigns, client: EtcdClient) => Promise<void>) =>
    stage.withPeer('', {}, ({ etcd3 }) =>
      stage.withOurs('', {}, ({ client }) => work(etcd3 as PeerCampaigns, client)),
    );

  it('do not hold a lock at the same time', () =>
    withBoth(async (etcd3, client) => {
      await stage.prepare({});
      const theirs = await etcd3.lock('k').acquire();
      assert.equal(await tryLock(client, 'k'), undefined);
      await theirs.release();
      const ours = await tryLock(client, 'k');
      assert.ok(ours);
      await assert.rejects(etcd3.lock('k').acquire(), /Failed to acquire a lock/);
      await ours.revoke();
      await (await etcd3.lock('k').acquire()).release();
    }));

  it('agree on the leader, and one waits until the other resigns', () =>
    withBoth(async (etcd3, client) => {
      await stage.prepare({});
      const leaderOf = async () => (await client.election.leader('election/job'))?.value.toString();
      const terms = client.election.campaign('election/job', 'ours');
      const { value: term } = await terms.next();
      const theirs = etcd3.election('job').campaign('theirs').wait();
      await waitsBehind(client, 'election/job', term!.key, theirs);
      assert.equal(await leaderOf(), 'ours');
      await term!.resign();
      await theirs;
      assert.equal(await leaderOf(), 'theirs');
      const again = terms.next();
      const leader = await client.election.leader('election/job');
      await waitsBehind(client, 'election/job', leader!.key, again);
      await client.lease.revoke(leader!.leaseId!);
      assert.equal((await again).value?.held, true);
      await terms.return?.();
    }));
});

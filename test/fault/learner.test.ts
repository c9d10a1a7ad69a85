import assert from 'node:assert/strict';
import type { StatusEvent } from '#src/client/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { useClients } from '../integration/client/support.js';
import { callsDuring } from '../support/batched-reads.js';
import { skipIfExternal } from '../support/etcd.js';
import { startMember } from '../support/etcd-member.js';
import { expectNoWatchersLeft, recordWatch } from './support.js';

describe('a learner', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  const members: EtcdHandle[] = [];
  expectNoWatchersLeft(() => members.slice(0, 1));

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    const [voterUrl = '', learnerUrl = ''] = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`);
    const alone = [`voter=${voterUrl}`];
    const voter = await startMember({
      name: 'voter',
      peerUrl: voterUrl,
      initialCluster: alone,
      state: 'new',
    });
    members.push(voter);
    await connect(voter.endpoints).cluster.addLearner([learnerUrl]);
    const initialCluster = [...alone, `learner=${learnerUrl}`];
    members.push(
      await startMember({ name: 'learner', peerUrl: learnerUrl, initialCluster, state: 'existing' }),
    );
  });

  after(async () => {
    for (const member of members.reverse()) await member.close();
  });

  it('is avoided by calls, watches and leases, whichever member a client prefers', async () => {
    const endpoints = members.map(({ endpoints: [endpoint] }) => endpoint!);
    let clientsThatPreferredIt = 0;
    for (let i = 0; i < 12; i++) {
      const client = connect(endpoints);
      const statuses: StatusEvent[] = [];
      const listening = (async () => {
        for await (const event of client.status()) statuses.push(event);
      })();
      const watcher = client.watch({ prefix: `learner/${i}/` });
      await watcher.ready;
      const received = recordWatch(watcher);
      const lease = await client.lease.hold({ ttlSeconds: 60 });
      await client.kv.put(`learner/${i}/k`, 'v', { lease: lease.id });
      assert.equal((await client.kv.get(`learner/${i}/k`)).kv?.value.toString(), 'v');
      await lease.revoke();
      await client.close();
      await listening;
      await received.ended;
      if (statuses.some((event) => event.type === 'member-unhealthy' && event.failure === 'learner'))
        clientsThatPreferredIt++;
    }
    assert.ok(clientsThatPreferredIt > 0, 'no client preferred the learner');
  });

  it('answers serializable reads that are requested in one turn, and gets no transaction', async () => {
    const learner = members[1]!;
    const client = connect(learner.endpoints);
    const read = () =>
      Promise.all([0, 1, 2].map((i) => client.kv.get(`learner/read/${i}`, { serializable: true })));
    for (let i = 0; i < 20; i++) assert.deepEqual(await callsDuring(learner, read), { ranges: 3, txns: 0 });
  });
});

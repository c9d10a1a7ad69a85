import assert from 'node:assert/strict';
import { ClusterState } from '#src/cli/ui/cluster/index.js';
import type { MembersReply } from '#src/cli/ui/protocol/index.js';
import { EtcdClient } from '#src/client/index.js';
import { type EtcdClusterHandle, startEtcdCluster } from '#src/testing/index.js';
import { grpcCounter, skipIfExternal, useEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';

const { signal } = new AbortController();

describe('the members on the page', () => {
  describe('of a cluster of three', () => {
    let cluster: EtcdClusterHandle;
    let client: EtcdClient;

    before(async function () {
      skipIfExternal(this);
      this.timeout(120_000);
      cluster = await startEtcdCluster({ members: 3 });
    });
    after(() => cluster?.close());
    beforeEach(() => {
      client = new EtcdClient(cluster.clientOptions);
    });
    afterEach(() => client.close());

    const read = () => new ClusterState({ client, endpoints: cluster.endpoints }).members(signal);

    it('are healthy, one of them leads, and each has its version and sizes', async () => {
      const { members, error } = await read();
      assert.equal(error, undefined);
      assert.deepEqual(members.map(({ name }) => name).sort(), ['m0', 'm1', 'm2']);
      assert.equal(members.filter(({ isLeader }) => isLeader).length, 1);
      for (const member of members) {
        assert.deepEqual([member.healthy, member.error, member.alarms], [true, undefined, []]);
        assert.equal(member.version, cluster.version);
        assert.ok((member.dbSize ?? 0) > 0 && (member.dbSizeInUse ?? 0) > 0, 'the sizes are known');
        assert.match(`${member.raftTerm} ${member.raftIndex}`, /^[1-9]\d* [1-9]\d*$/);
      }
    });

    for (const failure of ['kill', 'pause'] as const)
      it(`are two healthy ones and one without an answer after a ${failure} of it`, async () => {
        const [, , third] = cluster.members;
        await third![failure]();
        try {
          const { members } = (await eventually('a leader is known', async () => {
            const reply = await read();
            return reply.members.some(({ isLeader, healthy }) => isLeader && healthy) && reply;
          })) as MembersReply;
          assert.deepEqual(members.map(({ name, healthy }) => [name, healthy]).sort(), [
            ['m0', true],
            ['m1', true],
            ['m2', false],
          ]);
          assert.match(members.find(({ name }) => name === 'm2')?.error ?? '', /no answer from here: ./);
        } finally {
          await (failure === 'pause' ? third!.resume() : third!.restart());
        }
      });

    it('without a quorum are those that one member lists, which has no leader', async () => {
      const [first, second, third] = cluster.members;
      await Promise.all([second!.kill(), third!.kill()]);
      try {
        const reply = (await eventually(
          'the survivor has no leader',
          async () => {
            const found = await read();
            return (
              /no leader/.test(found.members.find(({ name }) => name === first!.name)?.error ?? '') && found
            );
          },
          20_000,
        )) as MembersReply;
        assert.deepEqual(
          reply.members.map(({ healthy, isLeader }) => [healthy, isLeader]),
          [
            [false, false],
            [false, false],
            [false, false],
          ],
        );
      } finally {
        await Promise.all([second!.restart(), third!.restart()]);
      }
    });
  });

  describe('of an etcd whose advertised URL cannot be reached', () => {
    // A port of documentation addresses would wait for the time limit; nothing listens at this one.
    const etcd = useEtcd({ args: ['--advertise-client-urls', 'http://127.0.0.1:1'] });
    let client: EtcdClient;
    beforeEach(() => {
      client = new EtcdClient({ endpoints: etcd().endpoints });
    });
    afterEach(() => client.close());

    it('are healthy if they answer at an endpoint of the client', async () => {
      const { members } = await new ClusterState({ client, endpoints: etcd().endpoints }).members(signal);
      assert.deepEqual(
        members.map(({ healthy, clientUrls }) => [healthy, clientUrls]),
        [[true, ['http://127.0.0.1:1']]],
      );
    });

    it('are not healthy from here otherwise, and the error names the URL', async () => {
      const { members } = await new ClusterState({ client, endpoints: [] }).members(signal);
      assert.equal(members[0]?.healthy, false);
      assert.match(members[0]?.error ?? '', /^http:\/\/127\.0\.0\.1:1: no answer from here: /);
    });
  });

  describe('of an etcd that is asked by many pages', () => {
    const etcd = useEtcd();
    let client: EtcdClient;
    beforeEach(() => {
      client = new EtcdClient({ endpoints: etcd().endpoints });
    });
    afterEach(() => client.close());

    it('are asked for once', async function () {
      skipIfExternal(this);
      const state = new ClusterState({ client, endpoints: [] });
      const before = await grpcCounter(etcd(), 'grpc_server_handled_total', 'Status');
      const replies = await Promise.all(Array.from({ length: 20 }, () => state.members(signal)));
      replies.push(await state.members(signal));
      assert.equal(new Set(replies).size, 1);
      assert.equal((await grpcCounter(etcd(), 'grpc_server_handled_total', 'Status')) - before, 1);
    });
  });

  describe('of an etcd that does not answer', () => {
    it('are an error in the reply', async () => {
      await using client = new EtcdClient({ endpoints: ['127.0.0.1:1'] });
      const { members, error } = await new ClusterState({ client, endpoints: [] }).members(signal);
      assert.deepEqual(members, []);
      assert.match(error ?? '', /the members could not be listed: .*; the alarms could not be read: /);
    });
  });
});

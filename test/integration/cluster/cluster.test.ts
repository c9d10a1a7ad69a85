import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { EtcdHandle } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { skipIfExternal } from '../../support/etcd.js';
import { startMember } from '../../support/etcd-member.js';
import { eventually } from '../../support/eventually.js';
import { useClients } from '../client/support.js';

const hasReason =
  (...reasons: readonly string[]) =>
  (error: unknown) =>
    error instanceof EtcdError && reasons.includes(error.reason ?? '');

describe('the list of members', function () {
  this.timeout(60_000);
  const { connect } = useClients();
  const members: EtcdHandle[] = [];
  let firstUrl: string;
  let secondUrl: string;
  let client: EtcdClient;

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    [firstUrl = '', secondUrl = ''] = (await freePorts(2)).map((port) => `http://127.0.0.1:${port}`);
    members.push(
      await startMember({
        name: 'first',
        peerUrl: firstUrl,
        initialCluster: [`first=${firstUrl}`],
        state: 'new',
      }),
    );
  });

  beforeEach(() => {
    client = connect(members[0]!.endpoints);
  });

  after(async () => {
    for (const member of members.reverse()) await member.close();
  });

  it('has one member of a new cluster, with its names and URLs, and becomes JSON', async () => {
    const list = await client.cluster.list();
    assert.equal(list.members.length, 1);
    const { id, ...member } = list.members[0]!;
    assert.equal(typeof id, 'bigint');
    assert.deepEqual(
      { ...member },
      {
        name: 'first',
        peerUrls: [firstUrl],
        clientUrls: [`http://${members[0]!.endpoints[0]}`],
        isLearner: false,
      },
    );
    assert.equal(JSON.parse(JSON.stringify(list)).members[0].id, String(id));
    assert.deepEqual(await client.cluster.list({ serializable: true }), list);
  });

  it('gets a learner, which is promoted once it has the data, and loses a member that is removed', async () => {
    const { member, members: both } = await client.cluster.addLearner([secondUrl]);
    assert.deepEqual(
      { ...member, id: 0n },
      { id: 0n, name: '', peerUrls: [secondUrl], clientUrls: [], isLearner: true },
    );
    assert.deepEqual(both.map(({ id }) => id).includes(member.id), true);
    await assert.rejects(client.cluster.addLearner(['http://127.0.0.1:1']), hasReason('TooManyLearners'));
    await assert.rejects(client.cluster.promote(member.id), hasReason('LearnerNotReady'));
    // Within a second, etcd derives the same id from the same URL.
    await assert.rejects(client.cluster.add([secondUrl]), hasReason('PeerURLExist', 'MemberExist'));
    members.push(
      await startMember({
        name: 'second',
        peerUrl: secondUrl,
        initialCluster: [`first=${firstUrl}`, `second=${secondUrl}`],
        state: 'existing',
      }),
    );
    const promoted = await eventually('the learner has the data', async () => {
      try {
        return await client.cluster.promote(member.id);
      } catch (error) {
        if (hasReason('LearnerNotReady')(error)) return undefined;
        throw error;
      }
    });
    assert.ok(promoted);
    assert.deepEqual(
      promoted.members.map(({ isLearner }) => isLearner),
      [false, false],
    );
    // etcd 3.5 may answer LearnerNotReady for a moment.
    await assert.rejects(client.cluster.promote(member.id), hasReason('MemberNotLearner', 'LearnerNotReady'));
    await assert.rejects(client.cluster.update(member.id, [firstUrl]), hasReason('PeerURLExist'));
    const updated = await client.cluster.update(member.id, [secondUrl]);
    assert.equal(updated.members.length, 2);
    const { members: rest } = await client.cluster.remove(member.id);
    assert.deepEqual(
      rest.map(({ name }) => name),
      ['first'],
    );
  });

  it('is refused changes of members that do not exist, with the reason and the id as etcdctl writes it', async () => {
    await assert.rejects(client.cluster.remove(0xabcn), (error) => {
      assert.ok(error instanceof EtcdError);
      assert.deepEqual(
        [error.reason, error.code, error.verdict],
        ['MemberNotFound', Code.NOT_FOUND, 'final'],
      );
      assert.match(error.message, /member not found \(MemberRemove member abc\)/);
      return true;
    });
    await assert.rejects(client.cluster.promote(1n), hasReason('MemberNotFound'));
    await assert.rejects(client.cluster.update(1n, ['http://127.0.0.1:1']), hasReason('MemberNotFound'));
    await assert.rejects(client.cluster.add(['not a url']), hasReason('MemberBadURLs'));
  });

  it('is not asked for with arguments that are wrong', async () => {
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [
        () => client.cluster.remove(0n),
        /member id is 0n \(bigint\); it must be a bigint from 1 to 2\^64 - 1/,
      ],
      [() => client.cluster.remove(7 as never), /member id is 7 \(number\)/],
      [() => client.cluster.remove({ id: 7n } as never), /pass its id, as in member\.id/],
      [() => client.cluster.add(['http://a\ud800:2380']), /peerUrls.* half of a surrogate pair/],
      [() => client.cluster.add([]), /peerUrls is empty/],
      [() => client.cluster.add('http://a:2380' as never), /peerUrls is 'http:\/\/a:2380' \(string\)/],
      [() => client.cluster.list({ serialisable: true } as never), /did you mean 'serializable'/],
    ];
    for (const [call, message] of wrong) await assert.rejects(call(), { name: 'InvalidInputError', message });
  });
});

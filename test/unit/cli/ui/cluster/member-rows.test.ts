import assert from 'node:assert/strict';
import { type MemberProbe, toMemberRows } from '#src/cli/ui/cluster/member-rows.js';
import { type ClusterMember, Code, type MemberStatus, PermissionDeniedError } from '#src/index.js';

const member = (id: bigint, clientUrls = [`http://m${id}:2379`]): ClusterMember => ({
  ...{ id, name: `m${id}`, peerUrls: [], clientUrls, isLearner: false },
});
const status = (memberId: bigint, fields: Partial<MemberStatus> = {}): MemberStatus =>
  ({
    ...{ memberId, clusterId: 1n, version: '3.6.1', leaderId: 1n, isLearner: false, revision: 4n },
    ...{ raftTerm: 2n, raftIndex: 9n, raftAppliedIndex: 9n, dbSizeBytes: 20, dbSizeInUseBytes: 10 },
    ...{ dbSizeQuotaBytes: undefined, storageVersion: undefined, downgradeTargetVersion: undefined },
    ...{ errors: [], ...fields },
  }) as MemberStatus;
const answer = (url: string, found: MemberStatus, latencyMs = 3): MemberProbe => ({
  ...{ url, status: found, latencyMs },
});

describe('toMemberRows', () => {
  it('has the fastest answer of a member at any of its URLs, or at an endpoint of the client', () => {
    const probes = [
      answer('http://m1:2379', status(1n), 8),
      answer('127.0.0.1:9', status(1n), 2.34),
      { url: 'http://m2:2379', error: new Error('UNAVAILABLE: refused') },
      answer('127.0.0.1:8', status(2n), 5),
    ];
    const rows = toMemberRows([member(1n), member(2n)], probes, []);
    assert.deepEqual(
      rows.map(({ id, healthy, isLeader, latencyMs, error }) => ({
        id,
        healthy,
        isLeader,
        latencyMs,
        error,
      })),
      [
        { id: '1', healthy: true, isLeader: true, latencyMs: 2.3, error: undefined },
        { id: '2', healthy: true, isLeader: false, latencyMs: 5, error: undefined },
      ],
    );
  });

  it('does not take the answer of another member at the URL for that of this one', () => {
    const [row] = toMemberRows([member(2n)], [answer('http://m2:2379', status(1n))], []);
    assert.deepEqual([row?.healthy, row?.version], [false, undefined]);
    assert.equal(row?.error, 'http://m2:2379: the member 1 answers there');
  });

  it('has the reason for each URL without an answer', () => {
    const probes = ['a:1', 'b:1'].map((url) => ({ url, error: new Error('UNAVAILABLE: refused\u202e') }));
    const [row] = toMemberRows([member(1n, ['a:1', 'b:1'])], probes, []);
    assert.equal(
      row?.error,
      'a:1: no answer from here: refused\\u202e, b:1: no answer from here: refused\\u202e',
    );
  });

  it('is healthy if a member refuses to report its state', () => {
    const error = new PermissionDeniedError('denied', { code: Code.PERMISSION_DENIED });
    const [row] = toMemberRows([member(1n)], [{ url: 'http://m1:2379', error }], []);
    assert.equal(row?.healthy, true);
    assert.match(row?.error ?? '', /refuses to report its state: denied/);
  });

  it('is not healthy without a leader', () => {
    const [row] = toMemberRows([member(1n)], [answer('x', status(1n, { leaderId: undefined }))], []);
    assert.deepEqual([row?.healthy, row?.isLeader, row?.error], [false, false, 'it has no leader']);
    assert.equal(row?.version, '3.6.1');
  });

  it('takes the leader from the newest term: a member that was cut off names an old one', () => {
    const probes = [
      answer('x', status(1n, { leaderId: 1n, raftTerm: 2n })),
      answer('y', status(2n, { leaderId: 2n, raftTerm: 3n })),
    ];
    const rows = toMemberRows([member(1n), member(2n)], probes, []);
    assert.deepEqual(
      rows.map(({ isLeader }) => isLeader),
      [false, true],
    );
  });

  it('has the alarms of each member, also of a type that is not known', () => {
    const alarms = [
      { memberId: 1n, type: 'NOSPACE' },
      { memberId: 1n, type: 7 },
      { memberId: 2n, type: 'CORRUPT' },
    ] as const;
    const [row] = toMemberRows([member(1n)], [answer('x', status(1n))], alarms);
    assert.deepEqual([row?.alarms, row?.error], [['NOSPACE', 'alarm 7'], undefined]);
  });

  it('has the alarms as the member reports them if they could not be read', () => {
    const errors = ['memberID:1 alarm:NOSPACE'];
    const [row] = toMemberRows([member(1n)], [answer('x', status(1n, { errors }))], undefined);
    assert.deepEqual([row?.alarms, row?.error], [[], 'memberID:1 alarm:NOSPACE']);
  });

  it('says that a member without URLs has not started', () => {
    const [row] = toMemberRows([{ ...member(1n, []), name: '' }], [], []);
    assert.deepEqual([row?.healthy, row?.error], [false, 'it has not started']);
  });
});

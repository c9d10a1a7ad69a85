import assert from 'node:assert/strict';
import { compare, op } from '#src/kv/index.js';
import { useEtcd } from '../../support/etcd.js';
import { attemptsOf, useTracedCalls } from '../../support/traced-calls.js';
import { folderOf, useClients } from '../client/support.js';

const name = 'ranges-traced';

describe('the ranges of a trace', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const traced = useTracedCalls(name);

  it('are those of the request, as the server sees them', async () => {
    const client = connect(etcd().endpoints, { name });
    const folder = folderOf(etcd());
    const { kv } = client.namespace(folder);
    await kv.put('a', '');
    await kv.get('a');
    await Promise.all([kv.get('b'), kv.get('b')]);
    await kv.range({ prefix: 'd/' });
    await kv.delete('e');
    const one = (key: string) => [{ key: `${folder}${key}`, rangeEnd: undefined }];
    const found = traced.ended().map(({ ranges }) => ranges);
    assert.deepEqual(found, [
      one('a'),
      one('a'),
      one('b'),
      one('b'),
      [{ key: `${folder}d/`, rangeEnd: `${folder}d0` }],
      one('e'),
    ]);
  });

  it('are those of the comparisons and of both branches of a transaction', async () => {
    const client = connect(etcd().endpoints, { name });
    const folder = folderOf(etcd());
    const key = (last: string) => `${folder}${last}`;
    await client.kv.txn({
      compare: [compare.version(key('c'), '=', 0n)],
      success: [op.put(key('p'), 'v'), op.txn({ success: [op.delete({ prefix: key('d/') })] })],
      failure: [op.get(key('g'))],
    });
    assert.deepEqual(
      traced.call().ranges.map(({ key: first, rangeEnd }) => [first, rangeEnd]),
      [
        [key('c'), undefined],
        [key('p'), undefined],
        [key('d/'), key('d0')],
        [key('g'), undefined],
      ],
    );
  });

  it('are none for a call of another service, which has the endpoint that its caller named', async () => {
    const client = connect(etcd().endpoints, { name });
    const [endpoint] = etcd().endpoints as [string];
    await client.maintenance.status(endpoint);
    const call = traced.call();
    assert.deepEqual([call.service, call.method, call.ranges], ['etcdserverpb.Maintenance', 'Status', []]);
    assert.deepEqual(attemptsOf(call), [{ number: 1, endpoint, reads: 1, failed: false }]);
  });
});

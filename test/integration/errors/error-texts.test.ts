import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { EtcdError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { useClients } from '../client/support.js';
import { itRejects } from './mistakes.js';
import { useShop } from './shop.js';

async function next(iterable: AsyncIterable<unknown>): Promise<unknown> {
  return iterable[Symbol.asyncIterator]().next();
}

describe('the text of an error from etcd names the request:', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const client = () => connect(etcd().endpoints);
  const binary = Buffer.of(0x61, 0xff);

  itRejects([
    [
      'unknown lease',
      () => client().lease.revoke(0x4dn),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(LeaseRevoke\)$/,
    ],
    [
      'renewal of an unknown lease',
      () => client().lease.keepAliveOnce(0x4dn),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(LeaseKeepAlive\)$/,
    ],
    [
      'put with an unknown lease',
      () => client().kv.put('texts/a', 'v', { lease: 0x4dn }),
      /^NOT_FOUND: lease 4d \(hex\) was not found \(Put 'texts\/a'\)$/,
    ],
    [
      'ignoreValue for a key without a value',
      () => client().kv.put('texts/none', undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'texts\/none'\)$/,
    ],
    [
      'a read at a future revision',
      () => client().kv.range({ prefix: 'texts/' }, { revision: 2n ** 60n }),
      /^OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision \(Range the prefix 'texts\/' at revision 1152921504606846976\)$/,
    ],
    [
      'a stream at a future revision, from a key that is not text',
      () => next(client().kv.stream({ fromKey: binary }, { revision: 2n ** 60n })),
      /future revision \(Range(Stream)? the keys from 'a\\udcff' at revision \d+\)$/,
    ],
    [
      'a compaction at a future revision',
      () => client().kv.compact(2n ** 60n),
      /^OUT_OF_RANGE: .* future revision \(Compact at revision 1152921504606846976\)$/,
    ],
    [
      'a key of 10,000 characters',
      () => client().kv.put('k'.repeat(10_000), undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'k{200}…'\)$/,
    ],
  ]);

  it('a watch of compacted history: advises to list first, then watch from the list’s revision + 1', async function () {
    skipUnlessBreakable(this, etcd());
    const one = client();
    await one.kv.put('texts/a', '1');
    const { revision } = await one.kv.put('texts/a', '2');
    await one.kv.compact(revision);
    await assert.rejects(next(one.watch('texts/a', { startRevision: 1n })), (error: EtcdError) => {
      const text = `the watch needs revision 1, but history before ${revision} is compacted: list first, then watch from the list's revision + 1 (or use mirror()) (Watch 'texts/a')`;
      assert.equal(error.message, `OUT_OF_RANGE: ${text}`);
      assert.equal((error as EtcdError & { compactRevision: bigint }).compactRevision, revision);
      return true;
    });
  });
});

describe('the text of an error of etcd’s access control names the user and the request:', () => {
  const { etcd, auth } = useShop();
  const { connect } = useClients();
  const shop = (): EtcdClient => connect(etcd().endpoints, { auth });

  itRejects([
    [
      'no permission',
      () => shop().kv.get('other/a'),
      /^PERMISSION_DENIED: user 'shop' may not read 'other\/a' \(Range\); grant: etcdctl role grant-permission ROLE read other\/a$/,
    ],
    [
      'no permission to write',
      () => shop().kv.put('other/a', 'v'),
      /^PERMISSION_DENIED: user 'shop' may not write 'other\/a' \(Put\); grant: etcdctl role grant-permission ROLE write other\/a$/,
    ],
    [
      'no permission for a prefix',
      () => shop().kv.delete({ prefix: 'other/' }, { prevKv: true }),
      /^PERMISSION_DENIED: user 'shop' may not read or write the prefix 'other\/' \(DeleteRange\); grant: etcdctl role grant-permission ROLE readwrite --prefix other\/$/,
    ],
    [
      'no permission for a transaction',
      () => shop().kv.txn({ success: ['a', 'b', 'c', 'd', 'e'].map((key) => op.put(key, '')) }),
      /^PERMISSION_DENIED: user 'shop' may not write 'a', 'b', 'c' and 2 more \(Txn\)$/,
    ],
    [
      'no permission for a watch',
      () => next(shop().watch({ prefix: 'other/' }, { startRevision: 1n })),
      /^PERMISSION_DENIED: user 'shop' may not read the prefix 'other\/' \(Watch\); grant: etcdctl role grant-permission ROLE read --prefix other\/$/,
    ],
    [
      'no permission for a stream',
      () => next(shop().kv.stream({ prefix: 'other/' }, { pageSize: 1 })),
      /^PERMISSION_DENIED: user 'shop' may not read the prefix 'other\/' \(Range(Stream)?\); grant: /,
    ],
    [
      'another refusal',
      () => shop().kv.put('shop/none', undefined, { ignoreValue: true }),
      /^INVALID_ARGUMENT: etcdserver: key not found \(Put 'shop\/none' as user 'shop'\)$/,
    ],
    [
      'wrong password',
      () =>
        connect(etcd().endpoints, { auth: { username: 'shop', password: secretOf('wrong') } }).kv.get('a'),
      /^INVALID_ARGUMENT: user 'shop' or its password was refused: etcdserver: authentication failed, invalid user ID or password \(Authenticate\)$/,
    ],
    [
      'no user',
      () => connect(etcd().endpoints).kv.get('a'),
      /^INVALID_ARGUMENT: authentication is enabled: set auth to a username and password or to a tokenProvider \(Range 'a'\)$/,
    ],
  ]);
});

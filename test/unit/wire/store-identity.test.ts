import assert from 'node:assert/strict';
import type { StoreReplacedError } from '#src/errors/index.js';
import { StoreIdentity } from '#src/wire/member/store-identity.js';

const answer = (clusterId: bigint) => ({ header: { clusterId, revision: 5n } });

describe('the identity of the store', () => {
  let store: StoreIdentity;
  let reported: StoreReplacedError[];

  beforeEach(() => {
    store = new StoreIdentity();
    reported = [];
    store.onReplaced((error) => reported.push(error));
    store.observe(answer(0xabcn), 'a:1');
  });

  it('is that of the first answer, and stays the same with all of its members', () => {
    store.observe(answer(0xabcn), 'b:1');
    assert.deepEqual([store.epoch, reported.length, store.replacedSince(0)], [0, 0, undefined]);
  });

  it('ignores answers without an id, which proxies send', () => {
    for (const silent of [answer(0n), {}, { header: undefined }, { rangeResponse: { header: undefined } }])
      store.observe(silent, 'a:1');
    assert.equal(store.epoch, 0);
  });

  it('changes once with another id', () => {
    for (let i = 0; i < 3; i++) store.observe(answer(0xdefn), 'a:1');
    assert.deepEqual([store.epoch, reported.length], [1, 1]);
    assert.match(reported[0]?.message ?? '', /member a:1 now answers with cluster id def instead of abc/);
    assert.equal(store.replacedSince(1), undefined);
  });

  it('is read from a chunk of a RangeStream too', () => {
    store.observe({ rangeResponse: answer(0xdefn) }, 'a:1');
    assert.equal(store.epoch, 1);
  });

  it('alternates between two if the members have two ids, which the error names', () => {
    store.observe(answer(0xffff_ffff_ffff_ffffn), 'b:1');
    const error = store.replacedSince(0);
    assert.deepEqual(error?.stores, [
      { member: 'a:1', clusterId: 'abc' },
      { member: 'b:1', clusterId: 'ffffffffffffffff' },
    ]);
    assert.match(
      error.message,
      /the endpoints name two clusters: member b:1 .* ffffffffffffffff, member a:1 .* abc/,
    );
    assert.doesNotThrow(() => JSON.stringify(error));
  });
});

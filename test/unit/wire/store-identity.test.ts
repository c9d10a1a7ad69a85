import assert from 'node:assert/strict';
import type { StoreReplacedError } from '#src/errors/index.js';
import { StoreIdentity } from '#src/wire/store-identity.js';

const answer = (clusterId: bigint) => ({ header: { clusterId, revision: 5n } });

describe('which store it is', () => {
  let store: StoreIdentity;
  let heard: StoreReplacedError[];

  beforeEach(() => {
    store = new StoreIdentity();
    heard = [];
    store.onReplaced((error) => heard.push(error));
    store.observe(answer(0xabcn), 'a:1');
  });

  it('is the first one that answers, and stays so with every member of it', () => {
    store.observe(answer(0xabcn), 'b:1');
    assert.deepEqual([store.epoch, heard.length, store.replacedSince(0)], [0, 0, undefined]);
  });

  it('is not said by answers without an id, as proxies give them', () => {
    for (const silent of [answer(0n), {}, { header: undefined }, { rangeResponse: { header: undefined } }])
      store.observe(silent, 'a:1');
    assert.equal(store.epoch, 0);
  });

  it('is another one with another id, once', () => {
    for (let i = 0; i < 3; i++) store.observe(answer(0xdefn), 'a:1');
    assert.deepEqual([store.epoch, heard.length], [1, 1]);
    assert.match(heard[0]?.message ?? '', /member a:1 answers with cluster id def, and did with abc/);
    assert.equal(store.replacedSince(1), undefined);
  });

  it('is said by a piece of a RangeStream, too', () => {
    store.observe({ rangeResponse: answer(0xdefn) }, 'a:1');
    assert.equal(store.epoch, 1);
  });

  it('is one of two where members show two ids, which the error names', () => {
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

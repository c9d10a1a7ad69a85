import assert from 'node:assert/strict';
import type { KeyValue, OpResult } from '#src/index.js';
import { toGoJson } from '../../robustness/history/json.js';
import {
  isRead,
  putRequest,
  rangeRequest,
  rangeResponse,
  type Transaction,
  txnRequest,
  txnResponse,
} from '../../robustness/history/operations.js';
import { modelEvent, modelValue } from '../../robustness/history/values.js';

function kv(key: string, value: string, modRevision: bigint, createRevision = modRevision): KeyValue {
  const version = modRevision === createRevision ? 1n : 2n;
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    createRevision,
    modRevision,
    version,
    lease: 0n,
  };
}

const transaction: Transaction = {
  compare: [
    { key: 'a', modRevision: 0n },
    { key: 'b', version: 3n },
  ],
  success: [
    { type: 'put', key: 'a', value: '1' },
    { type: 'delete', key: 'b' },
  ],
  failure: [{ type: 'range', key: 'a', end: 'z' }],
};

describe('the form of operations that the validators read', () => {
  it('has 64-bit numbers as numbers', () => {
    assert.equal(toGoJson({ a: 9007199254740993n, b: ['1', -1n] }), '{"a":9007199254740993,"b":["1",-1]}');
  });

  it("has the hash of a value of 20 bytes or more, by Go's fnv.New32a", () => {
    assert.deepEqual(modelValue('0123456789012345678'), { Value: '0123456789012345678' });
    assert.deepEqual(modelValue('a value of 20 bytes or more'), { Hash: 2222368725 });
    assert.deepEqual(modelValue(''), {});
  });

  it('has the lease of a put and the revision of a read', () => {
    const put = { Key: 'k', Value: { Value: 'v' }, LeaseID: 9n };
    assert.deepEqual(putRequest('k', 'v', 9n), {
      Type: 'txn',
      Txn: {
        Conditions: [],
        OperationsOnSuccess: [{ Type: 'put-operation', Put: put }],
        OperationsOnFailure: [],
      },
    });
    assert.deepEqual(rangeRequest({ key: 'a', end: 'z', limit: 2 }, 5n), {
      Type: 'range',
      Range: { Start: 'a', End: 'z', Limit: 2, KeysOnly: false, Revision: 5n },
    });
  });

  it('has the result of the branch that ran', () => {
    const results: OpResult[] = [
      { type: 'put', revision: 7n, prevKv: undefined },
      { type: 'delete', revision: 7n, deleted: 1n, prevKvs: [] },
    ];
    assert.deepEqual(txnResponse(transaction, { succeeded: true, results, revision: 7n }), {
      Txn: { Failure: false, Results: [{}, { Deleted: 1n }] },
      Revision: 7n,
    });
    const failed: OpResult[] = [{ type: 'range', kvs: [], count: 0n, more: false, revision: 7n }];
    assert.deepEqual(txnResponse(transaction, { succeeded: false, results: failed, revision: 7n }), {
      Txn: { Failure: true, Results: [{ KVs: [], Count: 0n }] },
      Revision: 7n,
    });
    assert.throws(
      () => txnResponse(transaction, { succeeded: true, results: failed, revision: 7n }),
      /'range'/,
    );
  });

  it('knows an absent key by its revision, and otherwise compares the version', () => {
    const request = txnRequest(transaction);
    assert.deepEqual(request.Type === 'txn' && request.Txn.Conditions, [
      { Key: 'a', ExpectedRevision: 0n, ExpectedVersion: 0n },
      { Key: 'b', ExpectedRevision: 0n, ExpectedVersion: 3n },
    ]);
  });

  it('has no values in a read of keys only, which must be a range', () => {
    const range = { key: 'a', end: 'z', keysOnly: true };
    const response = rangeResponse(range, { kvs: [kv('a', '', 3n)], count: 1n, more: false, revision: 4n });
    assert.deepEqual(response, {
      Range: { KVs: [{ Key: 'a', Value: {}, ModRevision: 3n, Version: 1n }], Count: 1n },
      Revision: 4n,
    });
    assert.throws(() => rangeRequest({ key: 'a', keysOnly: true }, 0n), /single key/);
  });

  it('takes a transaction without writes for a read', () => {
    assert.ok(isRead(txnRequest({ compare: [], success: [{ type: 'range', key: 'a' }], failure: [] })));
    assert.ok(!isRead(txnRequest(transaction)));
    assert.ok(!isRead({ Type: 'compact', Compact: { Revision: 1n } }));
  });

  it('says of an event whether it created its key', () => {
    const created = modelEvent({ type: 'put', kv: kv('a', '1', 3n) });
    const changed = modelEvent({ type: 'put', kv: kv('a', '2', 4n, 3n), prevKv: kv('a', '1', 3n) });
    const deleted = modelEvent({ type: 'delete', kv: { ...kv('a', '', 5n, 0n), version: 0n } });
    assert.deepEqual(
      [created, changed, deleted].map(({ IsCreate }) => IsCreate),
      [true, false, false],
    );
    assert.deepEqual(changed.PrevValue, { Value: { Value: '1' }, ModRevision: 3n, Version: 1n });
    assert.deepEqual([deleted.Type, deleted.PrevValue], ['delete-operation', undefined]);
  });
});

import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { compare, op, type Txn } from '#src/kv/index.js';
import { checkPut, checkRangeOptions, checkTxnInput } from '#src/kv/options.js';
import { deleteRequest, putRequest, rangeRequest } from '#src/kv/requests.js';
import { txnResult } from '#src/kv/results.js';
import { txnRequest } from '#src/kv/txn/request.js';
import { isReadOnly } from '#src/kv/txn/txn.js';
import type { TxnResponse } from '#src/wire/index.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';

function assertRejected(build: () => unknown, named: RegExp): void {
  assert.throws(build, (error: Error) => {
    assert.ok(error instanceof InvalidInputError, `${error.name}: ${error.message}`);
    assert.match(error.message, named);
    return true;
  });
}

describe('a transaction', () => {
  it('is encoded with etcd’s enum values', () => {
    const request = txnRequest(
      {
        compare: [
          compare.version('k', '=', 1n),
          compare.createRevision('k', '>', 2n),
          compare.modRevision('k', '<', 3n),
          compare.value('k', '!=', 'v'),
          compare.lease('k', '=', 5n),
        ],
      },
      128,
    );
    const key = Buffer.from('k');
    const rangeEnd = Buffer.alloc(0);
    assert.deepEqual(request.compare, [
      { key, rangeEnd, result: 0, target: 0, targetUnion: { $case: 'version', value: 1n } },
      { key, rangeEnd, result: 1, target: 1, targetUnion: { $case: 'createRevision', value: 2n } },
      { key, rangeEnd, result: 2, target: 2, targetUnion: { $case: 'modRevision', value: 3n } },
      { key, rangeEnd, result: 3, target: 3, targetUnion: { $case: 'value', value: Buffer.from('v') } },
      { key, rangeEnd, result: 0, target: 4, targetUnion: { $case: 'lease', value: 5n } },
    ]);
  });

  it('keeps the order of its operations, in both branches', () => {
    const request = txnRequest(
      {
        success: [op.put('a', '1', { lease: 7n }), op.get('b'), op.delete({ prefix: 'c' })],
        failure: [op.txn({ success: [op.range({ prefix: '' })] })],
      },
      128,
    );
    assert.deepEqual(
      request.success.map(({ request }) => request?.$case),
      ['requestPut', 'requestRange', 'requestDeleteRange'],
    );
    const [first] = request.success;
    assert.equal(first?.request?.$case === 'requestPut' && first.request.value.lease, 7n);
    assert.deepEqual(
      request.failure.map(({ request }) => request?.$case),
      ['requestTxn'],
    );
  });

  it('that puts a key twice in one branch is rejected, and the error names the key', () => {
    assertRejected(
      () => txnRequest({ success: [op.put('a/é', '1'), op.put(Buffer.from('a/é'), '2')] }, 128),
      /puts the key 'a\/é' twice/,
    );
    assertRejected(() => txnRequest({ failure: [op.put('b', '1'), op.put('b', '2')] }, 128), /'b' twice/);
    assertRejected(
      () => txnRequest({ success: [op.txn({ success: [op.put('n', '1'), op.put('n', '2')] })] }, 128),
      /'n' twice/,
    );
  });

  it('may put a key once in each branch', () => {
    const txn = { success: [op.put('a', '1')], failure: [op.put('a', '2')] };
    assert.equal(txnRequest(txn, 128).failure.length, 1);
  });

  it('with too many operations is rejected, and the error has both numbers', () => {
    const ops = Array.from({ length: 129 }, (_, i) => op.put(`k${i}`, 'v'));
    assertRejected(() => txnRequest({ success: ops }, 128), /has 129 operations; the limit is 128/);
    assertRejected(() => txnRequest({ failure: ops }, 128), /129/);
    const compares = ops.map((_, i) => compare.version(`k${i}`, '=', 0n));
    assertRejected(() => txnRequest({ compare: compares }, 128), /129/);
    assertRejected(
      () => txnRequest({ success: [op.txn({ success: ops })] }, 128),
      /has 130 operations; .*\); those around a nested transaction count too$/,
    );
    assert.equal(txnRequest({ success: ops.slice(1) }, 128).success.length, 128);
    assert.equal(txnRequest({ success: ops }, 0).success.length, 129, '0 leaves the check to the server');
  });

  it('is read-only when no branch writes, at any depth', () => {
    const reads: readonly Txn[] = [
      {},
      { success: [op.get('a')], failure: [op.range({ prefix: '' })] },
      { success: [op.txn({ failure: [op.get('a')] })] },
    ];
    const writes: readonly Txn[] = [
      { success: [op.put('a', '1')] },
      { failure: [op.delete('a')] },
      { success: [op.get('a'), op.txn({ failure: [op.txn({ success: [op.delete('a')] })] })] },
    ];
    for (const txn of reads) assert.equal(isReadOnly(txn), true);
    for (const txn of writes) assert.equal(isReadOnly(txn), false);
  });

  it('returns its own revision in every result, because inner headers are incomplete', () => {
    const header = { clusterId: 1n, memberId: 1n, revision: 9n, raftTerm: 1n };
    const inner = { header: undefined, succeeded: false, responses: [] };
    const request = txnRequest({ success: [op.put('a', 'b'), op.txn({})] }, 0);
    const response: TxnResponse = {
      header,
      succeeded: true,
      responses: [
        { response: { $case: 'responsePut', value: { header: undefined, prevKv: undefined } } },
        { response: { $case: 'responseTxn', value: inner } },
      ],
    };
    const result = txnResult(response, request);
    assert.deepEqual(withoutPrototypes(result), {
      succeeded: true,
      revision: 9n,
      results: [
        { type: 'put', revision: 9n, prevKv: undefined },
        { type: 'txn', succeeded: false, revision: 9n, results: [] },
      ],
    });
  });
});

describe('a request', () => {
  it('for a range has the given options', () => {
    const request = rangeRequest(
      { prefix: 'a' },
      { limit: 3, revision: 5n, serializable: true, keysOnly: true },
    );
    assert.equal(request.limit, 3n);
    assert.equal(request.revision, 5n);
    assert.deepEqual([request.serializable, request.keysOnly, request.countOnly], [true, true, false]);
    assert.equal(rangeRequest({ prefix: 'a' }, { countOnly: true, keysOnly: true }).countOnly, true);
  });

  it('sorts only with the option, with etcd’s enum values', () => {
    const sortOf = (sort: NonNullable<Parameters<typeof rangeRequest>[1]>['sort']) => {
      const { sortTarget, sortOrder } = rangeRequest('k', sort ? { sort } : {});
      return [sortTarget, sortOrder];
    };
    assert.deepEqual(sortOf(undefined), [0, 0]);
    assert.deepEqual(sortOf({ by: 'key', order: 'ascend' }), [0, 1]);
    assert.deepEqual(sortOf({ by: 'version', order: 'descend' }), [1, 2]);
    assert.deepEqual(sortOf({ by: 'create', order: 'ascend' }), [2, 1]);
    assert.deepEqual(sortOf({ by: 'mod', order: 'descend' }), [3, 2]);
    assert.deepEqual(sortOf({ by: 'value', order: 'ascend' }), [4, 1]);
    assertRejected(() => sortOf({ by: 'size' as never, order: 'ascend' }), /sort\.by is 'size'/);
    assertRejected(() => sortOf({ by: 'toString' as never, order: 'ascend' }), /sort\.by is 'toString'/);
    assertRejected(() => sortOf({ by: 'key', order: 'up' as never }), /sort\.order is 'up'/);
  });

  it('with a number that etcd would misread is rejected, and the error names the option', () => {
    assertRejected(() => checkRangeOptions({ revision: -1n }), /revision is -1n;/);
    assertRejected(() => checkRangeOptions({ limit: -2 }), /limit is -2;/);
    assertRejected(() => checkRangeOptions({ limit: -2n }), /limit is -2n;/);
    assertRejected(() => checkPut({ lease: 2n ** 63n }), /lease is 9223372036854775808n;/);
    const deep = { failure: [op.txn({ success: [op.put('a', '1'), op.get('k', { revision: -1n })] })] };
    assertRejected(() => checkTxnInput(deep), / failure\[0\]\.txn\.success\[1\]\.options\.revision is -1n;/);
  });

  it('with a limit that is not a whole number is rejected, and the error names the option', () => {
    assertRejected(() => checkRangeOptions({ limit: 1.5 }), /limit is 1\.5;/);
    assertRejected(() => checkRangeOptions({ limit: Number.NaN }), /limit is NaN;/);
    assertRejected(() => checkRangeOptions({ limit: '10' }), /limit is '10' \(string\);/);
  });

  it('with two options that exclude each other is rejected, and the error names both', () => {
    assertRejected(
      () => rangeRequest('k', { minModRevision: 3n, maxModRevision: 2n }),
      /minModRevision is 3n and max/,
    );
    assertRejected(
      () => rangeRequest('k', { minCreateRevision: 3n, maxCreateRevision: 2n }),
      /minCreateRevision is 3n/,
    );
    assertRejected(
      () => rangeRequest('k', { countOnly: true, limit: 1 }),
      /countOnly is given with limit 1n/,
    );
    assertRejected(
      () => rangeRequest('k', { countOnly: true, maxModRevision: 1n }),
      /with maxModRevision 1n/,
    );
    assertRejected(
      () => putRequest('k', 'v', { ignoreValue: true }),
      /ignoreValue is given with a value of 1 bytes/,
    );
    assertRejected(
      () => putRequest('k', 'v', { ignoreLease: true, lease: 1n }),
      /ignoreLease is given with the lease 1/,
    );
    assert.equal(rangeRequest('k', { minModRevision: 3n, maxModRevision: 3n }).maxModRevision, 3n);
    assert.equal(rangeRequest('k', { minModRevision: 3n }).maxModRevision, 0n);
    assert.equal(putRequest('k', undefined, { ignoreValue: true, ignoreLease: true }).value.length, 0);
  });

  it('without a key is rejected', () => {
    assertRejected(() => putRequest('', 'v'), /the key is empty/);
    assertRejected(() => deleteRequest(''), /the key is empty/);
  });

  it('can put an empty value', () => {
    assert.equal(putRequest('k', '').value.length, 0);
  });
});

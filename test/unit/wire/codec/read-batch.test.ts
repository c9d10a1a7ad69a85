import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  KVService,
  RangeRequest,
  type ResponseHeader,
  TxnRequest,
  type TxnResponse,
} from '#src/gen/etcd/rpc.js';
import type { KeyValue } from '#src/model/index.js';
import { decodeAnswer } from '#src/wire/answer/decode.js';
import { readBatch } from '#src/wire/codec/read-batch.js';

const maxBytes = 1024 * 1024;

describe('a batch of reads', () => {
  it('is encoded as a transaction of ranges', () => {
    const anyRead = fc.record({
      key: fc.uint8Array().map((key) => Buffer.from(key)),
      keysOnly: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyRead), fc.boolean(), (reads, serializable) => {
        const success = reads.map(({ key, keysOnly }) => {
          const value = RangeRequest.create({ key, keysOnly, serializable });
          return { request: { $case: 'requestRange' as const, value } };
        });
        assert.deepEqual(
          TxnRequest.decode(readBatch.requestSerialize({ reads, serializable })),
          TxnRequest.create({ success }),
        );
      }),
    );
  });

  const header: ResponseHeader = { clusterId: 1n, memberId: 2n, revision: 3n, raftTerm: 4n };
  const kv = {
    key: Buffer.from('k'),
    createRevision: 1n,
    modRevision: 2n,
    version: 1n,
    value: Buffer.from('v'),
    lease: 0n,
  };
  const range = (kvs: KeyValue[]) => ({
    response: { $case: 'responseRange' as const, value: { header, kvs, more: false, count: 1n } },
  });
  const decode = (response: TxnResponse) =>
    decodeAnswer(readBatch, KVService.txn.responseSerialize(response), maxBytes);

  it('has undefined for a key that does not exist', () => {
    const { kvs } = decode({
      header,
      succeeded: true,
      responses: [range([]), range([kv])],
    });
    assert.deepEqual(
      kvs.map((one) => one?.key.toString()),
      [undefined, 'k'],
    );
  });

  it('is refused if it did not succeed, or has a result that no read of one key has', () => {
    const put = { response: { $case: 'responsePut' as const, value: { header, prevKv: undefined } } };
    const bad: [TxnResponse, RegExp][] = [
      [{ header, succeeded: false, responses: [] }, /did not succeed/],
      [{ header, succeeded: true, responses: [range([kv, kv])] }, /several key-values/],
      [{ header, succeeded: true, responses: [put] }, /another operation/],
      [{ header, succeeded: true, responses: [{ response: undefined }] }, /no result/],
    ];
    for (const [response, reason] of bad)
      assert.throws(
        () => decode(response),
        (error: Error) => reason.test(String(error.cause)),
      );
  });

  it('keeps neither the answer nor a large value in memory for a small value', () => {
    const large = { ...kv, value: Buffer.alloc(1_000_000) };
    const { kvs } = decode({
      header,
      succeeded: true,
      responses: [range([kv]), range([large]), range([kv])],
    });
    const kept = kvs.map((one) => one?.value.buffer.byteLength ?? 0);
    assert.ok(
      kept.every((size, i) => size < (i === 1 ? 1_001_000 : 17_000)),
      kept.join(),
    );
  });
});

import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';
import {
  DeleteRangeResponse,
  LeaseKeepAliveResponse,
  LeaseService,
  PutResponse,
  RangeResponse,
  TxnResponse,
  WatchResponse,
} from '#src/gen/etcd/rpc.js';
import { KvClientImpl } from '#src/kv/index.js';
import { toReply } from '#src/watch/replies.js';
import { decodeAnswer } from '#src/wire/answer/decode.js';
import { deleteRange, put, range as rangeMethod, txn } from '#src/wire/codec/kv-answers.js';
import { watch } from '#src/wire/codec/watch-answer.js';
import type { KvCalls } from '#src/wire/index.js';
import type { Method } from '#src/wire/method.js';
import { Random } from '../../sim/random.js';
import { answering } from '../kv/canned-answer.js';

const header = { clusterId: 1n, memberId: 2n, revision: 10n, raftTerm: 3n };
const kv = {
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  createRevision: 4n,
  modRevision: 5n,
  version: 2n,
  lease: 7n,
};
const range = RangeResponse.fromPartial({ header, kvs: [kv, kv], count: 2n });
const samples = {
  range: Buffer.from(RangeResponse.encode(range).finish()),
  put: Buffer.from(PutResponse.encode(PutResponse.fromPartial({ header, prevKv: kv })).finish()),
  deleteRange: Buffer.from(
    DeleteRangeResponse.encode(
      DeleteRangeResponse.fromPartial({ header, deleted: 1n, prevKvs: [kv] }),
    ).finish(),
  ),
  txn: Buffer.from(
    TxnResponse.encode(
      TxnResponse.fromPartial({
        header,
        succeeded: true,
        responses: [
          { response: { $case: 'responseRange', value: range } },
          { response: { $case: 'responseTxn', value: { responses: [{ response: undefined }] } } },
        ],
      }),
    ).finish(),
  ),
  watch: Buffer.from(
    WatchResponse.encode(
      WatchResponse.fromPartial({ header, watchId: 3n, events: [{ type: 0, kv, prevKv: kv }] }),
    ).finish(),
  ),
  keepAlive: Buffer.from(
    LeaseKeepAliveResponse.encode(LeaseKeepAliveResponse.fromPartial({ header, ID: 9n, TTL: 5n })).finish(),
  ),
};

/** A few bytes changed, dropped or doubled, or the end cut off. */
function mutated(bytes: Buffer, random: () => number): Buffer {
  const at = () => Math.floor(random() * bytes.length);
  const copy = Buffer.from(bytes);
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) copy[at()] = Math.floor(random() * 256);
  const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
  switch (Math.floor(random() * 4)) {
    case 0:
      return copy.subarray(0, from);
    case 1:
      return Buffer.concat([copy.subarray(0, from), copy.subarray(to)]);
    case 2:
      return Buffer.concat([copy, copy.subarray(from, to), copy]);
    default:
      return copy;
  }
}

/** Decodes as src/wire does: a message that cannot be decoded does not reach the other modules. */
function read<T>(method: Method<never, T>, bytes: Buffer): T | undefined {
  try {
    return decodeAnswer(method, bytes, 1024 * 1024);
  } catch (error) {
    assert.ok(error instanceof EtcdError, String(error));
    return undefined;
  }
}

describe('an answer with bytes changed at random', () => {
  const rounds = 4_000;

  it('is decoded, or rejected with a typed error', async () => {
    const random = new Random(20_261_120).next;
    let refused = 0;
    let accepted = 0;
    for (let round = 0; round < rounds; round++) {
      const answer = <T>(method: Method<never, T>, sample: Buffer) => {
        const message = read(method, mutated(sample, random));
        if (message === undefined) refused++;
        return message;
      };
      const messages = {
        range: answer(rangeMethod, samples.range),
        put: answer(put, samples.put),
        deleteRange: answer(deleteRange, samples.deleteRange),
        txn: answer(txn, samples.txn),
      };
      const calls = Object.fromEntries(
        Object.entries(messages).map(([name, message]) => [name, answering(message)]),
      ) as unknown as KvCalls;
      const client = new KvClientImpl(calls, 128);
      const settled = await Promise.allSettled([
        messages.range && client.range('k'),
        messages.put && client.put('k', 'v'),
        messages.deleteRange && client.delete('k'),
        messages.txn && client.txn({}),
      ]);
      for (const result of settled) {
        if (result.status === 'fulfilled') accepted++;
        else assert.ok(result.reason instanceof EtcdError, `round ${round}: ${result.reason}`);
      }
      const watched = answer(watch, samples.watch);
      if (watched) assert.ok(toReply(watched).kind);
      const renewed = answer(LeaseService.leaseKeepAlive, samples.keepAlive);
      if (renewed) assert.equal(typeof renewed.TTL, 'bigint');
    }
    assert.ok(refused > rounds / 10 && accepted > rounds, `${refused} refused, ${accepted} accepted`);
  });
});

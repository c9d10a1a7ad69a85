import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';
import {
  DeleteRangeResponse,
  KVService,
  LeaseKeepAliveResponse,
  LeaseService,
  PutResponse,
  RangeResponse,
  TxnResponse,
  WatchResponse,
  WatchService,
} from '#src/gen/etcd/rpc.js';
import { KvClientImpl } from '#src/kv/index.js';
import { toReply } from '#src/watch/replies.js';
import type { KvCalls } from '#src/wire/index.js';
import { Random } from '../../sim/random.js';

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
function read<T>(decode: (bytes: Buffer) => T, bytes: Buffer): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    assert.ok(error instanceof Error);
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
      const answer = <T>(decode: (bytes: Buffer) => T, sample: Buffer) => {
        const message = read(decode, mutated(sample, random));
        if (message === undefined) refused++;
        return message;
      };
      const messages = {
        range: answer(KVService.range.responseDeserialize, samples.range),
        put: answer(KVService.put.responseDeserialize, samples.put),
        deleteRange: answer(KVService.deleteRange.responseDeserialize, samples.deleteRange),
        txn: answer(KVService.txn.responseDeserialize, samples.txn),
      };
      const calls = Object.fromEntries(
        Object.entries(messages).map(([name, message]) => [name, () => Promise.resolve(message)]),
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
      const watched = answer(WatchService.watch.responseDeserialize, samples.watch);
      if (watched) assert.ok(toReply(watched).kind);
      const renewed = answer(LeaseService.leaseKeepAlive.responseDeserialize, samples.keepAlive);
      if (renewed) assert.equal(typeof renewed.TTL, 'bigint');
    }
    assert.ok(refused > rounds / 10 && accepted > rounds, `${refused} refused, ${accepted} accepted`);
  });
});

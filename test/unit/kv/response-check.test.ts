import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';
import { RangeResponse, TxnResponse } from '#src/gen/etcd/rpc.js';
import { type KvClient, KvClientImpl, op } from '#src/kv/index.js';
import type { KvCalls } from '#src/wire/index.js';
import { answering } from './canned-answer.js';

const header = { revision: 9n };
const kvs = (...keys: readonly string[]) =>
  keys.map((key) => ({ key: Buffer.from(key), createRevision: 1n, modRevision: 2n, version: 1n }));
const range = (...keys: readonly string[]) => RangeResponse.fromPartial({ header, kvs: kvs(...keys) });
type Answer = NonNullable<Parameters<typeof TxnResponse.fromPartial>[0]['responses']>[number];
const txn = (succeeded: boolean, ...responses: Answer[]) =>
  TxnResponse.fromPartial({ header, succeeded, responses });
const put = { response: { $case: 'responsePut', value: {} } } as const;
const read = (...keys: readonly string[]) =>
  ({ response: { $case: 'responseRange', value: { kvs: kvs(...keys) } } }) as const;

function clientReceiving(answer: unknown): KvClient {
  const respond = answering(answer);
  const store = { epoch: 0, replacedSince: () => undefined };
  return new KvClientImpl(
    { range: respond, txn: respond, keepProcessAlive: () => () => {}, store } as unknown as KvCalls,
    128,
  );
}

const rejectsAsInvalid = (call: Promise<unknown>) =>
  assert.rejects(call, (error) => error instanceof EtcdError && /not etcd's/.test(error.message));

describe('a response that does not fit its request', () => {
  it('makes a read fail: a different key, two keys instead of one, more keys than the limit', async () => {
    assert.ok((await clientReceiving(range('k')).get('k')).kv);
    await rejectsAsInvalid(clientReceiving(range('other')).get('k'));
    await rejectsAsInvalid(clientReceiving(range('k', 'k')).get('k'));
    await rejectsAsInvalid(clientReceiving(range('a', 'b', 'c')).range({ prefix: '' }, { limit: 2 }));
    assert.equal((await clientReceiving(range('a', 'b')).range({ prefix: '' }, { limit: 2 })).kvs.length, 2);
  });

  it('makes a stream fail', async () => {
    const keys = Array.from({ length: 17 }, (_, i) => String.fromCharCode(97 + i));
    await rejectsAsInvalid(
      clientReceiving(range(...keys))
        .stream({ prefix: '' }, { minModRevision: 1n })
        .next(),
    );
  });

  it('makes a transaction fail: too few or too many results, of a different type, or with a different key', async () => {
    const request = { success: [op.put('k', 'v'), op.get('k')], failure: [op.get('k')] };
    await clientReceiving(txn(true, put, read('k'))).txn(request);
    await clientReceiving(txn(false, read())).txn(request);
    await rejectsAsInvalid(clientReceiving(txn(true, put)).txn(request));
    await rejectsAsInvalid(clientReceiving(txn(false, put, read('k'))).txn(request));
    await rejectsAsInvalid(clientReceiving(txn(true, read('k'), put)).txn(request));
    await rejectsAsInvalid(clientReceiving(txn(true, put, read('other'))).txn(request));
    const nested = { success: [op.txn(request)] };
    const inner = (responses: Answer[]): Answer => ({
      response: { $case: 'responseTxn', value: { succeeded: true, responses } },
    });
    await clientReceiving(txn(true, inner([put, read('k')]))).txn(nested);
    await rejectsAsInvalid(clientReceiving(txn(true, inner([put]))).txn(nested));
  });
});

import assert from 'node:assert/strict';
import { EtcdError } from '#src/errors/index.js';
import { RangeResponse, TxnResponse } from '#src/gen/etcd/rpc.js';
import { type KvClient, KvClientImpl, op } from '#src/kv/index.js';
import type { KvCalls } from '#src/wire/index.js';

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

function clientThatGets(answer: unknown): KvClient {
  const give = () => Promise.resolve(answer);
  const store = { epoch: 0, replacedSince: () => undefined };
  return new KvClientImpl(
    { range: give, txn: give, keepProcessAlive: () => () => {}, store } as unknown as KvCalls,
    128,
  );
}

const refused = (call: Promise<unknown>) =>
  assert.rejects(call, (error) => error instanceof EtcdError && /not etcd's/.test(error.message));

describe('an answer to another request', () => {
  it('is no answer to a read: another key, two where one was asked for, more than the limit', async () => {
    assert.ok((await clientThatGets(range('k')).get('k')).kv);
    await refused(clientThatGets(range('other')).get('k'));
    await refused(clientThatGets(range('k', 'k')).get('k'));
    await refused(clientThatGets(range('a', 'b', 'c')).range({ prefix: '' }, { limit: 2 }));
    assert.equal((await clientThatGets(range('a', 'b')).range({ prefix: '' }, { limit: 2 })).kvs.length, 2);
  });

  it('is no page of a stream', async () => {
    const keys = Array.from({ length: 17 }, (_, i) => String.fromCharCode(97 + i));
    await refused(
      clientThatGets(range(...keys))
        .stream({ prefix: '' }, { minModRevision: 1n })
        .next(),
    );
  });

  it('is no answer to a transaction: too few or too many, of another kind, or with another key', async () => {
    const request = { success: [op.put('k', 'v'), op.get('k')], failure: [op.get('k')] };
    await clientThatGets(txn(true, put, read('k'))).txn(request);
    await clientThatGets(txn(false, read())).txn(request);
    await refused(clientThatGets(txn(true, put)).txn(request));
    await refused(clientThatGets(txn(false, put, read('k'))).txn(request));
    await refused(clientThatGets(txn(true, read('k'), put)).txn(request));
    await refused(clientThatGets(txn(true, put, read('other'))).txn(request));
    const nested = { success: [op.txn(request)] };
    const inner = (responses: Answer[]): Answer => ({
      response: { $case: 'responseTxn', value: { succeeded: true, responses } },
    });
    await clientThatGets(txn(true, inner([put, read('k')]))).txn(nested);
    await refused(clientThatGets(txn(true, inner([put]))).txn(nested));
  });
});

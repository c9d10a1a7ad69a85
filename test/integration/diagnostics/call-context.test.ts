import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallTrace, diagnosticsChannels, EtcdClient } from '@org/etcd-naming';
import { useEtcd } from '../../support/etcd.js';

describe('the asynchronous context in which the end of a call is published', () => {
  const etcd = useEtcd();
  const requests = new AsyncLocalStorage<string>();
  const names = ['a', 'b', 'c', 'd'];
  let observed: string[];
  let client: EtcdClient;
  const record = (what: string) => observed.push(`${what} in ${requests.getStore()}`);
  const handlers = {
    error: ({ method }: CallTrace) => void record(`${method} failed`),
    asyncEnd: ({ method }: CallTrace) => void record(`${method} ended`),
  };
  const within = (call: (name: string) => Promise<unknown>) =>
    Promise.all(names.map((name) => requests.run(name, () => call(name))));
  const each = (what: string) => names.map((name) => `${what} in ${name}`);
  /** What was published since the last call of this function. */
  const taken = () => observed.splice(0).sort();

  beforeEach(() => {
    observed = [];
    client = new EtcdClient({ endpoints: etcd().endpoints });
    diagnosticsChannels.call.subscribe(handlers);
  });
  afterEach(async () => {
    diagnosticsChannels.call.unsubscribe(handlers);
    await client.close();
  });

  it('is that of the caller, also of a batched read and after a failure', async () => {
    for (const name of names) await requests.run(name, () => client.kv.get(name));
    assert.deepEqual(taken(), each('Range ended'));
    for (let batch = 0; batch < 3; batch++) {
      await within((name) => client.kv.get(name));
      assert.deepEqual(taken(), each('Range ended'));
    }
    await within((name) => client.kv.put(name, ''));
    assert.deepEqual(taken(), each('Put ended'));
    await within((name) => assert.rejects(client.kv.put(name, '', { lease: 12_345n })));
    assert.deepEqual(taken(), [...each('Put ended'), ...each('Put failed')]);
    const controller = new AbortController();
    const reads = within((name) => assert.rejects(client.kv.get(name, { signal: controller.signal })));
    controller.abort();
    await reads;
    assert.deepEqual(taken(), [...each('Range ended'), ...each('Range failed')]);
  });
});

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { type CallTrace, diagnosticsChannels, EtcdClient, LeaseNotFoundError } from '@org/etcd-naming';
import { useEtcd } from '../../support/etcd.js';

interface Published {
  readonly channel: 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';
  readonly call: CallTrace;
}

describe('the tracing channel of calls', () => {
  const etcd = useEtcd();
  let client: EtcdClient;
  let published: Published[];
  const listenOn = (channel: Published['channel']) => (call: CallTrace) => {
    published.push({ channel, call });
  };
  const handlers = {
    start: listenOn('start'),
    end: listenOn('end'),
    asyncStart: listenOn('asyncStart'),
    asyncEnd: listenOn('asyncEnd'),
    error: listenOn('error'),
  };

  beforeEach(() => {
    client = new EtcdClient({ endpoints: etcd().endpoints, name: 'traced' });
    published = [];
    diagnosticsChannels.call.subscribe(handlers);
  });

  afterEach(async () => {
    diagnosticsChannels.call.unsubscribe(handlers);
    await client.close();
  });

  it('publishes a put once on each channel, with the same object', async () => {
    const { revision } = await client.kv.put('a', 'value');
    assert.deepEqual(
      published.map(({ channel }) => channel),
      ['start', 'end', 'asyncStart', 'asyncEnd'],
    );
    const [{ call }] = published as [Published];
    assert.ok(published.every((one) => one.call === call));
    const { client: name, service, method, ranges, error } = call;
    assert.deepEqual(
      { name, service, method, ranges, error, revision: call.revision },
      {
        name: 'traced',
        service: 'etcdserverpb.KV',
        method: 'Put',
        ranges: [{ key: 'a', rangeEnd: undefined }],
        error: undefined,
        revision,
      },
    );
    assert.ok(call.requestBytes > 0 && call.responseBytes > 0 && (call.durationMs ?? -1) >= 0);
    assert.equal(call.attempts.length, 1);
    assert.equal(call.attempts[0]?.endpoint, etcd().endpoints[0]);
  });

  it('publishes the error of a call, before its end', async () => {
    await assert.rejects(client.kv.put('a', 'value', { lease: 12_345n }), LeaseNotFoundError);
    assert.deepEqual(
      published.map(({ channel }) => channel),
      ['start', 'end', 'error', 'asyncStart', 'asyncEnd'],
    );
    assert.ok(published[4]?.call.error instanceof LeaseNotFoundError);
  });

  it('publishes each read of a batch', async () => {
    await client.kv.get('warm-up');
    published = [];
    await Promise.all(['a', 'b', 'c'].map((key) => client.kv.get(key)));
    const ended = published.flatMap(({ channel, call }) => (channel === 'asyncEnd' ? [call] : []));
    assert.deepEqual(ended.map(({ ranges, method }) => [method, ranges[0]?.key]).sort(), [
      ['Range', 'a'],
      ['Range', 'b'],
      ['Range', 'c'],
    ]);
    for (const { attempts, revision } of ended) {
      assert.equal(attempts.length, 1);
      assert.ok(revision !== undefined && attempts[0]?.durationMs !== undefined);
    }
  });

  it('runs a call in the context that a subscriber binds to its start', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, CallTrace>(diagnosticsChannels.call.name);
    start.bindStore(storage, (call) => call.method);
    try {
      await Promise.all([client.kv.get('a'), client.kv.get('b'), client.kv.put('c', '')]);
      assert.equal(storage.getStore(), undefined);
    } finally {
      start.unbindStore(storage);
    }
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { promisify } from 'node:util';
import {
  type CallHandlers,
  type CallTrace,
  type ClientMetrics,
  diagnosticsChannels,
  EtcdClient,
} from '@org/etcd-naming';
import { useEtcd } from '../../support/etcd.js';

describe('a subscriber of the diagnostics channels', () => {
  const etcd = useEtcd();
  let clients: EtcdClient[] = [];

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
  });

  function connect(name?: string): EtcdClient {
    const client = new EtcdClient({ endpoints: etcd().endpoints, ...(name === undefined ? {} : { name }) });
    clients.push(client);
    return client;
  }

  async function withHandlers(handlers: CallHandlers, work: () => Promise<unknown>): Promise<void> {
    diagnosticsChannels.call.subscribe(handlers);
    try {
      await work();
    } finally {
      diagnosticsChannels.call.unsubscribe(handlers);
    }
  }

  it('that throws does not change the call; Node reports its error as an uncaught exception', async () => {
    const program = `
      import { diagnosticsChannels, EtcdClient } from '@org/etcd-naming';
      const uncaught = [];
      process.on('uncaughtException', (error) => uncaught.push(error.message));
      const fail = (name) => () => { throw new Error(name); };
      diagnosticsChannels.call.subscribe({
        start: fail('start'), end: fail('end'), asyncStart: fail('asyncStart'), asyncEnd: fail('asyncEnd'),
      });
      const client = new EtcdClient({ endpoints: [process.argv[1]] });
      await client.kv.put('a', 'b');
      const { kv } = await client.kv.get('a');
      await client.close();
      console.log(JSON.stringify([String(kv.value), uncaught]));`;
    const args = ['--input-type=module', '--eval', program, etcd().endpoints[0]!];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    const each = ['start', 'end', 'asyncStart', 'asyncEnd'];
    assert.deepEqual(JSON.parse(stdout), ['b', [...each, ...each]]);
  });

  it('can unsubscribe in its own call, and another one still receives the message', async () => {
    const client = connect();
    const seen: string[] = [];
    const { call } = diagnosticsChannels;
    const once: CallHandlers = {
      asyncEnd: ({ method }) => {
        seen.push(`once ${method}`);
        call.unsubscribe(once);
      },
    };
    call.subscribe(once);
    await withHandlers({ asyncEnd: ({ method }) => seen.push(method) }, async () => {
      await client.kv.put('a', '');
      await client.kv.delete('a');
    });
    assert.deepEqual(seen.sort(), ['DeleteRange', 'Put', 'once Put']);
  });

  it('that subscribes during a call receives the next one', async () => {
    const client = connect();
    const put = client.kv.put('a', '');
    const ended: CallTrace[] = [];
    await withHandlers({ asyncEnd: (call) => ended.push(call) }, async () => {
      await put;
      await client.kv.delete('a');
    });
    assert.deepEqual(
      ended.map(({ method }) => method),
      ['DeleteRange'],
    );
  });

  it('that unsubscribes during a call leaves it as it is', async () => {
    const client = connect();
    let put: Promise<unknown> = Promise.resolve();
    await withHandlers({ start: () => {} }, async () => {
      put = client.kv.put('a', '');
    });
    await put;
    assert.equal(diagnosticsChannels.call.hasSubscribers, false);
  });

  it('can close the client when its call ends', async () => {
    const client = connect();
    await withHandlers({ asyncEnd: () => void client.close() }, () => client.kv.put('a', ''));
    await assert.rejects(client.kv.get('a'), { name: 'ClosedError' });
  });

  it('receives a call whose JSON is complete', async () => {
    const client = connect('json');
    const ended: CallTrace[] = [];
    await withHandlers({ asyncEnd: (call) => ended.push(call) }, async () => {
      await client.kv.put('a', 'the value');
      await assert.rejects(client.kv.put('a', 'the value', { lease: 12_345n }));
    });
    const [put, failed] = JSON.parse(JSON.stringify(ended));
    assert.equal(put.revision, String(ended[0]?.revision));
    assert.deepEqual(put.ranges, [{ key: 'a' }]);
    assert.equal(put.attempts[0].endpoint, etcd().endpoints[0]);
    assert.equal(failed.error.name, 'LeaseNotFoundError');
    assert.equal(failed.attempts[0].error.code, 5);
  });
});

describe('a request on the channel of metrics', () => {
  const etcd = useEtcd();
  const names = (): readonly string[] => {
    const reported: ClientMetrics[] = [];
    channel('etcd-naming:metrics').publish({ report: (metrics: ClientMetrics) => reported.push(metrics) });
    return reported.map(({ client }) => client);
  };
  const open = (name: string) => new EtcdClient({ endpoints: etcd().endpoints, name });

  it('is answered by each open client once, in JSON', async () => {
    assert.deepEqual(names(), []);
    const clients = Array.from({ length: 100 }, (_, i) => open(`many-${i}`));
    assert.deepEqual(
      names(),
      clients.map(({ name }) => name),
    );
    JSON.stringify(clients[0]?.metrics());
    await Promise.all(clients.slice(1).map((client) => client.close()));
    assert.deepEqual(names(), ['many-0']);
    await clients[0]?.close();
    assert.deepEqual(names(), []);
    assert.equal(diagnosticsChannels.metrics.hasSubscribers, false);
  });

  it('is answered no longer by a client that was dropped without close() and collected', async () => {
    const program = `
      import { diagnosticsChannels, EtcdClient } from '@org/etcd-naming';
      import { setImmediate as turn } from 'node:timers/promises';
      for (let i = 0; i < 50; i++) new EtcdClient({ endpoints: ['127.0.0.1:1'] });
      const count = () => {
        let clients = 0;
        diagnosticsChannels.metrics.publish({ report: () => clients++ });
        return clients;
      };
      const before = count();
      for (let i = 0; i < 100 && count() > 0; i++) { await turn(); gc(); }
      console.log(JSON.stringify([before, count(), diagnosticsChannels.metrics.hasSubscribers]));`;
    const args = ['--expose-gc', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    assert.deepEqual(JSON.parse(stdout), [50, 0, false]);
  });
});

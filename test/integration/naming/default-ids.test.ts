import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { EndpointManager, encodeEndpoint, type NamingClient, register } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';

describe('a registration without an id whose address has slashes', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;
  let n = 0;

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
    target = `${etcd().prefix}ids/${n++}`;
  });
  afterEach(() => opened.close());

  const keys = async () => (await client.kv.range({ prefix: `${target}/` })).kvs.map(({ key }) => `${key}`);
  const registered = async (addr: string, by: NamingClient = client) =>
    opened.add(await register(by, { target, addr }), (one) => one.close());

  for (const addr of ['unix:/run/a.sock', 'unix:///run/a.sock']) {
    it(`is stored one level below its target, visible with direct: true: ${addr}`, async () => {
      const { key } = await registered(addr);
      assert.doesNotMatch(key.slice(target.length + 1), /\//);
      const found = await new EndpointManager(client, target, { direct: true }).list();
      assert.deepEqual(
        [...found.values()].map((one) => one.addr),
        [addr],
      );
    });
  }

  it('replaces the nested record of an older release', async () => {
    const addr = 'unix:/run/a.sock';
    const lease = await client.lease.grant({ ttlSeconds: 60 });
    await client.kv.put(`${target}/${addr}`, encodeEndpoint({ addr, metadata: { weight: 3 } }), {
      lease: lease.id,
    });
    const { key } = await registered(addr);
    await eventually('the nested record is gone', async () => (await keys()).join() === key);
  });

  it('keeps a record of another address under any key', async () => {
    const addr = 'unix:/run/a.sock';
    const other = `${target}/${addr}`;
    await client.kv.put(other, encodeEndpoint({ addr: '10.0.0.9:1' }));
    const watched = watchCalls(client);
    const { key } = await registered(addr, watched.client);
    await watched.settled();
    assert.deepEqual(await keys(), [key, other].sort());
  });

  it('keeps the nested record if it has an id of its own', async () => {
    const addr = 'unix:/run/a.sock';
    const other = `${target}/${addr}`;
    await client.kv.put(other, encodeEndpoint({ addr }));
    const watched = watchCalls(client);
    const options = { target, id: 'one', addr };
    opened.add(await register(watched.client, options), (one) => one.close());
    await watched.settled();
    assert.deepEqual(await keys(), [`${target}/one`, other]);
  });
});

/** A client, and a wait until its KV has no request in flight: the registration's background work is then done. */
function watchCalls(client: EtcdClient) {
  const calls: Promise<unknown>[] = [];
  const noted = <T>(call: Promise<T>): Promise<T> => {
    calls.push(call);
    return call;
  };
  const { kv, lease, closed } = client;
  const naming: NamingClient = {
    kv: {
      get: (...args) => noted(kv.get(...args)),
      txn: (...args) => noted(kv.txn(...args)),
      range: (...args) => noted(kv.range(...args)),
      stream: (...args) => kv.stream(...args),
    },
    lease,
    closed,
    watch: (...args) => client.watch(...args),
    mirror: (...args) => client.mirror(...args),
    onClose: (callback) => client.onClose(callback),
  };
  const settled = async () => {
    for (let known = -1; known !== calls.length; ) {
      known = calls.length;
      await Promise.allSettled(calls);
      await new Promise(setImmediate); // lets their callers continue
    }
  };
  return { client: naming, settled };
}

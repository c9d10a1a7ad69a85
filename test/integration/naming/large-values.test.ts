import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { retainOption } from '#src/mirror/index.js';
import { retainEndpoint } from '#src/naming/codec/retain-endpoint.js';
import { EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';
import { SlowLink } from '../../support/slow-link.js';
import { expectNoSocketLeft } from '../../support/sockets.js';
import { fill, folderOf } from '../client/support.js';

const count = 600;
const bytes = 50_000;
/** All values together take twice the deadline of a call. */
const timeoutMs = 2_500;
const bytesPerSecond = (count * bytes) / ((2 * timeoutMs) / 1_000);

describe('a service with large values that are not endpoints', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let client: EtcdClient;
  let target: string;

  beforeEach(async () => {
    client = opened.client(etcd().endpoints);
    target = `${folderOf(etcd())}svc`;
    await fill(client, `${target}/`, count, Buffer.alloc(bytes, 'x'));
    await new EndpointManager(client, target).addEndpoint(`${target}/good`, { addr: 'a:1' });
  });

  afterEach(async () => {
    await client.kv.delete({ prefix: target });
    await opened.close();
  });

  it('is listed by a directory in pages, each within the deadline of a call', async () => {
    const link = opened.add(await SlowLink.to(etcd().endpoints[0]!, bytesPerSecond), (one) => one.close());
    const proxied = opened.add(new EtcdClient({ endpoints: [link.endpoint], timeoutMs }), (one) =>
      one.close(),
    );
    const directory = opened.add(new ServiceDirectory(proxied), (one) => one.close());
    const { endpoints, invalid } = await directory.ready(target, { timeoutMs: 40_000 });
    assert.deepEqual([endpoints.map(({ addr }) => addr), invalid.size], [['a:1'], count]);
  });

  it('keeps none of them in memory, listed or watched', async () => {
    const mirror = client.mirror({ prefix: `${target}/` }, retainOption.set({}, retainEndpoint));
    const updates = mirror[Symbol.asyncIterator]();
    await updates.next();
    const kept = () => [...mirror.kvs.values()].reduce((sum, { value }) => sum + value.length, 0);
    assert.ok(mirror.kvs.size === count + 1 && kept() < 50 * count, `${kept()} bytes`);
    await client.kv.put(`${target}/late`, Buffer.alloc(bytes, 'y'));
    await updates.next();
    assert.ok(mirror.kvs.size === count + 2 && kept() < 50 * count, `${kept()} bytes`);
    await updates.return(undefined);
  });
});

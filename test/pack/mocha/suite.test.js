import assert from 'node:assert/strict';
import { EndpointManager, EtcdClient, register } from '@org/etcd-naming';
import { startEtcd } from '@org/etcd-naming/testing';

describe('a server', () => {
  let etcd, client;
  before(async function () {
    this.timeout(300_000); // the first start on a machine may download etcd
    etcd = await startEtcd();
    client = new EtcdClient(etcd.clientOptions);
  });
  afterEach(() => client.kv.delete({ prefix: etcd.prefix }));
  after(async () => {
    await client?.close();
    await etcd?.close();
  });

  it('is registered until it is closed', async () => {
    const target = `${etcd.prefix}greeter`;
    const manager = new EndpointManager(client, target);
    const registration = await register(client, { target, addr: '10.0.0.7:50051' });
    assert.equal((await manager.list()).size, 1);
    await registration.close();
    assert.equal((await manager.list()).size, 0);
  });
});

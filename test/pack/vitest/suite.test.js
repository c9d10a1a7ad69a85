import { EndpointManager, EtcdClient, register } from '@org/etcd-naming';
import { startEtcd } from '@org/etcd-naming/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

describe('a server', () => {
  let etcd, client;
  beforeAll(async () => {
    etcd = await startEtcd();
    client = new EtcdClient(etcd.clientOptions);
  }, 300_000); // the first start on a machine may download etcd
  afterEach(() => client.kv.delete({ prefix: etcd.prefix }));
  afterAll(async () => {
    await client?.close();
    await etcd?.close();
  });

  it('is registered until it is closed', async () => {
    const target = `${etcd.prefix}greeter`;
    const manager = new EndpointManager(client, target);
    const registration = await register(client, { target, addr: '10.0.0.7:50051' });
    expect((await manager.list()).size).toBe(1);
    await registration.close();
    expect((await manager.list()).size).toBe(0);
  });
});

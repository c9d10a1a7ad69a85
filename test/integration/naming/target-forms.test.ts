import assert from 'node:assert/strict';
import { Server } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { channelTarget, registerEtcdResolver, registerServer } from '#src/naming/grpc/index.js';
import { EndpointManager, NamingError, register, ServiceDirectory } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';

/** The service that each function with a target parameter uses. */
type Reader = (client: EtcdClient, target: string) => Promise<string>;

describe('a target', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let client: EtcdClient;
  let other: EtcdClient;
  const service = () => `${etcd().prefix}forms/a b`;
  const uri = () => `${etcd().prefix}forms/a%20b`;

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
    other = opened.client(etcd().endpoints);
  });
  afterEach(() => opened.close());

  const withoutId = (key: string) => key.slice(0, key.lastIndexOf('/'));
  const registered: Reader = async (from, target) => {
    const registration = await register(from, { target, addr: '10.0.0.7:1' });
    await registration.close();
    return withoutId(registration.key);
  };
  const servers: Reader = async (from, target) => {
    const registration = await registerServer(new Server(), from, { target, addr: '10.0.0.7:1' });
    await registration.close();
    return withoutId(registration.key);
  };
  const managed: Reader = async (from, target) => {
    const manager = new EndpointManager(from, target);
    await manager.addEndpoint(`${manager.target}/1`, { addr: '10.0.0.7:1' });
    const [key = ''] = (await manager.list()).keys();
    await manager.deleteEndpoint(key);
    return withoutId(key);
  };
  const followed: Reader = async (from, target) => {
    const directory = opened.add(new ServiceDirectory(from), (one) => one.close());
    const view = await directory.ready(target, { minEndpoints: 0 });
    const unfollow = directory.follow(target, { onView: () => {}, onFailure: () => {} });
    await directory.ready(target, { minEndpoints: 0 });
    assert.equal(directory.get(target)?.target, view.target);
    assert.equal(directory.status(target).state, 'empty');
    for await (const one of directory.subscribe(target)) {
      assert.equal(one.target, view.target);
      break;
    }
    unfollow();
    return view.target;
  };
  /** The channel's error for a service without endpoints. */
  const dialled: Reader = async (_, target) => {
    const { target: given, options } = channelTarget(target);
    const error = await opened.caller(given, options).call().then(String, String);
    return /'(.*)\/' at etcd/.exec(error)?.[1] ?? error;
  };

  for (const [name, read] of Object.entries({ registered, servers, managed, followed, dialled })) {
    it(`is parsed by one rule: ${name}`, async () => {
      const authorities = { prod: other };
      opened.add(registerEtcdResolver(client, { authorities }), (one) => one[Symbol.dispose]());
      for (const target of [
        service(),
        `etcd:///${uri()}`,
        `etcd:/${uri()}`,
        `etcd:${service()}`,
        `etcd:///${uri()}?x#y`,
      ])
        assert.equal(await read(client, target), service(), target);
      // An authority that selects no client is the first part of the service.
      assert.equal(await read(client, `etcd://zone/${uri()}`), `zone/${service()}`);
      // An authority that selects a client is not part of the service.
      assert.equal(await read(other, `etcd://prod/${uri()}`), service());
      // A service name that looks like a URI.
      assert.equal(await read(client, 'etcd:///etcd%3Aforms'), 'etcd:forms');
      for (const target of [
        'etcd:///',
        'etcd:',
        'etcd:///a%',
        'etcd:///%ff',
        'etcd://prod',
        '',
        undefined as never,
      ])
        await assert.rejects(async () => read(other, target), NamingError, String(target));
    });
  }

  for (const [name, read] of Object.entries({ registered, servers, managed, followed })) {
    it(`is rejected if it selects another client than the given one: ${name}`, async () => {
      const authorities = { prod: other };
      opened.add(registerEtcdResolver(client, { authorities }), (one) => one[Symbol.dispose]());
      await assert.rejects(async () => read(client, `etcd://prod/${uri()}`), {
        name: 'NamingError',
        message: /'prod' selects another client/,
      });
    });
  }
});

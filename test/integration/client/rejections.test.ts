import assert from 'node:assert/strict';
import { Server } from '@grpc/grpc-js';
import { InvalidInputError, NamingError } from '#src/index.js';
import { registerServer } from '#src/naming/grpc/index.js';
import { EndpointManager, register, ServiceDirectory } from '#src/naming/index.js';
import { locateEtcd, startEtcd, startEtcdCluster, startFaultProxy } from '#src/testing/index.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from './support.js';

/** Methods that return an iterable, a handle, a value or nothing, not a promise. */
const synchronous = new Set(
  'constructor watch mirror namespace status metrics onClose stream events follow subscribe departures get check toJSON held onEnd'.split(
    ' ',
  ),
);

/** Argument lists that plain JavaScript can pass. */
const bad: readonly (readonly unknown[])[] = [
  [],
  [null, null, null],
  ['x', null, null],
  [5, 5, 5],
  [{}, {}, {}],
  [{ target: 'x' }, { target: 'x' }],
];

function methodsOf(object: object): string[] {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object));
  return names.filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object), name) ?? {};
    return typeof value === 'function' && !synchronous.has(name);
  });
}

/** Fails the test if `call` throws; a rejection is allowed. */
async function settles(call: () => unknown): Promise<void> {
  const promise = call();
  if (promise === undefined) return;
  assert.ok(promise instanceof Promise, String(promise));
  promise.catch(() => {});
  await Promise.race([promise.catch(() => {}), new Promise((resolve) => setImmediate(resolve))]);
}

describe('a function that returns a promise rejects instead of throwing, for any arguments', () => {
  const etcd = useEtcd();
  const { connect } = useClients();
  const target = () => `${folderOf(etcd())}rejections`;
  const client = () => connect(etcd().endpoints);

  const makers: Record<string, () => object | Promise<object>> = {
    client,
    'client.kv': () => client().kv,
    'client.lease': () => client().lease,
    'a namespace’s kv': () => client().namespace('n/').kv,
    'a lease': () => client().lease.hold({ ttlSeconds: 60 }),
    'a watcher': () => client().watch('k'),
    'a mirror': () => client().mirror({ prefix: 'k' }),
    'an endpoint manager': () => new EndpointManager(client(), target()),
    'a directory': () => new ServiceDirectory(client()),
    'a registration': () => register(client(), { target: target(), addr: 'a:1' }),
  };
  for (const [what, make] of Object.entries(makers)) {
    it(`of ${what}`, async () => {
      const names = methodsOf(await make());
      assert.ok(names.length > 0);
      for (const name of names) {
        for (const args of bad) {
          const object = (await make()) as Record<string, (...given: readonly unknown[]) => unknown>;
          await settles(() => object[name]!(...args)).catch((error) =>
            assert.fail(`${name}(${args}): ${error}`),
          );
        }
      }
    });
  }

  for (const [name, call] of Object.entries<(...args: readonly never[]) => unknown>({
    register,
    'register with a client': (...args) => register(client(), ...(args as unknown as [never])),
    registerServer,
    'registerServer with both': (...args) =>
      registerServer(new Server(), client(), ...(args as unknown as [never])),
  })) {
    it(name, async () => {
      for (const args of bad) await settles(() => call(...(args as never[])));
    });
  }

  it('of the test kit', async () => {
    const nothing = { startTimeoutMs: -1, source: 'none', members: -1, size: -1 } as never;
    for (const call of [startEtcd, startEtcdCluster, startFaultProxy, locateEtcd])
      await settles(() => call(nothing));
  });
});

describe('an invalid time', () => {
  const etcd = useEtcd();
  const { connect } = useClients();

  for (const value of [Number.NaN, -1, '5', null]) {
    it(`is refused by every function that takes a time: ${Number.isNaN(value) ? 'NaN' : JSON.stringify(value)}`, async () => {
      const client = connect(etcd().endpoints);
      const target = `${folderOf(etcd())}times`;
      const ms = value as number;
      const registration = await register(client, { target, addr: 'a:1' });
      const server = await registerServer(new Server(), client, { target, addr: 'b:1' });
      const calls = {
        register: () => register(client, { target, addr: 'c:1', timeoutMs: ms }),
        'register, ttlSeconds': () => register(client, { target, addr: 'c:1', ttlSeconds: ms }),
        registerServer: () => registerServer(new Server(), client, { target, addr: 'c:1', timeoutMs: ms }),
        drain: () => registration.drain({ timeoutMs: ms }),
        'drain, propagateMs': () => registration.drain({ propagateMs: ms }),
        'drain of a server': () => server.drain({ propagateMs: ms }),
        ready: () => new ServiceDirectory(client).ready(target, { timeoutMs: ms }),
        keepAliveOnce: () => client.lease.keepAliveOnce(1n, { timeoutMs: ms }),
        'stream, after it began': async () => client.kv.stream({ prefix: target }, { timeoutMs: ms }).next(),
        get: () => client.kv.get(target, { timeoutMs: ms }),
        list: () => new EndpointManager(client, target).list({ timeoutMs: ms }),
      };
      for (const [name, call] of Object.entries(calls)) {
        await assert.rejects(
          call,
          (error) => error instanceof InvalidInputError || error instanceof NamingError,
          name,
        );
      }
      assert.equal(registration.state, 'registered');
      assert.equal(server.state, 'registered');
      await Promise.all([registration.close(), server.close()]);
    });
  }
});

import { Server } from '@grpc/grpc-js';
import { coreDns, goMicro, kitex, kratos, withServiceName } from '#src/codecs/index.js';
import { ElectionTerm } from '#src/election/election-term.js';
import {
  advertiseAddress,
  channelTarget,
  compare,
  EndpointManager,
  EndpointPicker,
  EtcdClient,
  encodeEndpoint,
  type Mirror,
  op,
  pick,
  type Registration,
  register,
  registerEtcdResolver,
  registerServer,
  ServiceDirectory,
} from '#src/index.js';
import { Ownership } from '#src/lock/queue/ownership.js';
import { instrument } from '#src/otel/index.js';
import {
  type FaultProxy,
  locateEtcd,
  startEtcd,
  startEtcdCluster,
  startFaultProxy,
} from '#src/testing/index.js';
import { secretOf } from '../../support/canary.js';
import { FakeRegistry } from '../naming/fake-registry.js';

/** The objects whose methods are called. They need no etcd: invalid input is rejected before anything is sent. */
export class World implements AsyncDisposable {
  readonly client = new EtcdClient({ endpoints: ['127.0.0.1:1'] });
  readonly server = new Server();
  readonly directory = new ServiceDirectory(this.client);
  readonly picker = new EndpointPicker(this.directory, 'svc');
  readonly manager = new EndpointManager(this.client, 'svc');
  readonly lock = new Ownership({
    client: this.client,
    acquisition: { dispatch() {} },
    lease: { held: true },
    acquired: { lease: 1n, key: Buffer.from('jobs/1'), createRevision: 2n, token: 3n },
    name: Buffer.from('jobs'),
    what: 'the lock',
    onEnd() {},
  });
  readonly mirror: Mirror = this.client.mirror({ prefix: 'svc/' });
  readonly registration: Registration;
  readonly proxy: FaultProxy;

  private constructor(registration: Registration, proxy: FaultProxy) {
    this.registration = registration;
    this.proxy = proxy;
  }

  static async create(): Promise<World> {
    const { client } = new FakeRegistry();
    const registration = await register(client, { target: 'svc', id: 'e', addr: 'h:1' });
    return new World(registration, await startFaultProxy({ target: '127.0.0.1:1' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.proxy.close();
    this.server.forceShutdown();
  }
}

/** How to call one function with valid arguments. */
export interface Recipe {
  /** Valid arguments, up to the last one that is replaced by an invalid value. */
  readonly args: readonly unknown[];
  readonly call: (world: World, args: readonly unknown[]) => unknown;
  /** The prefix with which errors name the members of each parameter, if there is one. */
  readonly self?: readonly string[];
  /** Whether the call rejects although the function does not return a promise. */
  readonly isAsync?: boolean;
}

function on<T>(of: (world: World) => T, method: keyof T & string, ...args: readonly unknown[]): Recipe {
  return {
    args,
    call: (world, given) =>
      Reflect.apply(of(world)[method] as (...args: unknown[]) => unknown, of(world), given),
  };
}

function plain(call: (...args: never[]) => unknown, ...args: readonly unknown[]): Recipe {
  return { args, call: (_, given) => Reflect.apply(call, undefined, given) };
}

const client = ({ client }: World) => client;
const kv = ({ client }: World) => client.kv;
const lease = ({ client }: World) => client.lease;
const election = ({ client }: World) => client.election;
const cluster = ({ client }: World) => client.cluster;
const maintenance = ({ client }: World) => client.maintenance;
const downgrade = ({ client }: World) => client.maintenance.downgrade;
const auth = ({ client }: World) => client.auth;
const users = ({ client }: World) => client.auth.users;
const roles = ({ client }: World) => client.auth.roles;
const namespace = ({ client }: World) => client.namespace('ns/');
const registration = ({ registration }: World) => registration;
const manager = ({ manager }: World) => manager;
const directory = ({ directory }: World) => directory;
const picker = ({ picker }: World) => picker;
const lock = ({ lock }: World) => lock;
const term = ({ lock }: World) => new ElectionTerm(lock, 1n, 5_000);
const mirror = ({ mirror }: World) => mirror;
const proxy = ({ proxy }: World) => proxy;

/** A transaction checks the results of `op` and `compare`, and its errors name them by their position. */
function inTxn(
  part: 'success' | 'compare',
  self: readonly string[],
  build: unknown,
  ...args: unknown[]
): Recipe {
  return {
    args,
    isAsync: true,
    self: self.map((name) => (name === '' ? '' : `${part}[0].${name}`)),
    call: ({ client }, given) =>
      client.kv.txn({ [part]: [Reflect.apply(build as (...args: unknown[]) => unknown, undefined, given)] }),
  };
}

const anyCompare = compare.version('k', '=', 1n);

/** The calls of all functions that take an object, by the function's name in the declarations. */
export const recipes: Readonly<Record<string, Recipe>> = {
  'new EtcdClient': plain((options: never) => new EtcdClient(options), { endpoints: ['127.0.0.1:1'] }),
  'EtcdClient.fromEnv': plain((...args: [never]) => EtcdClient.fromEnv(...args)),
  'EtcdClient.watch': on(client, 'watch', 'k'),
  'EtcdClient.mirror': on(client, 'mirror', { prefix: 'k' }),
  'EtcdClient.status': on(client, 'status'),
  'EtcdClient.sync': on(client, 'sync'),
  'EtcdNamespace.watch': on(namespace, 'watch', 'k'),
  'EtcdNamespace.mirror': on(namespace, 'mirror', { prefix: 'k' }),
  'KvClient.get': on(kv, 'get', 'k'),
  'KvClient.range': on(kv, 'range', 'k'),
  'KvClient.stream': on(kv, 'stream', 'k'),
  'KvClient.put': on(kv, 'put', 'k', 'v'),
  'KvClient.delete': on(kv, 'delete', 'k'),
  'KvClient.txn': on(kv, 'txn', { compare: [anyCompare] }),
  'KvClient.update': on(kv, 'update', 'k', () => undefined),
  'KvClient.compact': on(kv, 'compact', 1n),
  'op.put': inTxn('success', ['', '', 'options'], op.put, 'k', 'v'),
  'op.get': inTxn('success', ['', 'options'], op.get, 'k'),
  'op.range': inTxn('success', ['range', 'options'], op.range, 'k'),
  'op.delete': inTxn('success', ['range', 'options'], op.delete, 'k'),
  'op.txn': inTxn('success', ['txn'], op.txn, { compare: [anyCompare] }),
  'compare.version': inTxn('compare', ['key'], compare.version, 'k', '=', 1n),
  'compare.createRevision': inTxn('compare', ['key'], compare.createRevision, 'k', '=', 1n),
  'compare.modRevision': inTxn('compare', ['key'], compare.modRevision, 'k', '=', 1n),
  'compare.lease': inTxn('compare', ['key'], compare.lease, 'k', '=', 1n),
  'compare.value': inTxn('compare', ['key'], compare.value, 'k', '=', 'v'),
  'LeaseClient.grant': on(lease, 'grant', { ttlSeconds: 5 }),
  'LeaseClient.hold': on(lease, 'hold', { ttlSeconds: 5 }),
  'LeaseClient.revoke': on(lease, 'revoke', 1n),
  'LeaseClient.keepAliveOnce': on(lease, 'keepAliveOnce', 1n),
  'LeaseClient.timeToLive': on(lease, 'timeToLive', 1n),
  'LeaseClient.list': on(lease, 'list'),
  'ElectionClient.campaign': on(election, 'campaign', 'k', 'v'),
  'ElectionClient.observe': on(election, 'observe', 'k'),
  'ElectionClient.leader': on(election, 'leader', 'k'),
  'EtcdClient.lock': on(client, 'lock', 'jobs'),
  'EtcdClient.tryLock': on(client, 'tryLock', 'jobs'),
  'EtcdClient.withLock': on(client, 'withLock', 'jobs', () => {}),
  'EtcdClient.lockQueue': on(client, 'lockQueue', 'jobs'),
  'Lock.txn': on(lock, 'txn', { compare: [anyCompare] }),
  'Lock.release': on(lock, 'release'),
  'Term.txn': on(term, 'txn', { compare: [anyCompare] }),
  'Term.proclaim': on(term, 'proclaim', 'v'),
  'Term.resign': on(term, 'resign'),
  'EtcdNamespace.lock': on(namespace, 'lock', 'jobs'),
  'EtcdNamespace.tryLock': on(namespace, 'tryLock', 'jobs'),
  'EtcdNamespace.withLock': on(namespace, 'withLock', 'jobs', () => {}),
  'EtcdNamespace.lockQueue': on(namespace, 'lockQueue', 'jobs'),
  'ClusterClient.list': on(cluster, 'list'),
  'ClusterClient.add': on(cluster, 'add', ['http://127.0.0.1:1']),
  'ClusterClient.addLearner': on(cluster, 'addLearner', ['http://127.0.0.1:1']),
  'ClusterClient.promote': on(cluster, 'promote', 1n),
  'ClusterClient.remove': on(cluster, 'remove', 1n),
  'ClusterClient.update': on(cluster, 'update', 1n, ['http://127.0.0.1:1']),
  'MaintenanceClient.status': on(maintenance, 'status', '127.0.0.1:1'),
  'MaintenanceClient.alarms': on(maintenance, 'alarms'),
  'MaintenanceClient.disarm': on(maintenance, 'disarm', { memberId: 1n, type: 'NOSPACE' }),
  'MaintenanceClient.defragment': on(maintenance, 'defragment', '127.0.0.1:1'),
  'MaintenanceClient.hash': on(maintenance, 'hash', '127.0.0.1:1'),
  'MaintenanceClient.hashKv': on(maintenance, 'hashKv', '127.0.0.1:1'),
  'MaintenanceClient.snapshot': on(maintenance, 'snapshot', '127.0.0.1:1'),
  'MaintenanceClient.saveSnapshot': on(maintenance, 'saveSnapshot', '127.0.0.1:1', 'unused.db'),
  'MaintenanceClient.moveLeader': on(maintenance, 'moveLeader', '127.0.0.1:1', 1n),
  'DowngradeClient.validate': on(downgrade, 'validate', '3.5'),
  'DowngradeClient.enable': on(downgrade, 'enable', '3.5'),
  'DowngradeClient.cancel': on(downgrade, 'cancel'),
  'AuthClient.enable': on(auth, 'enable'),
  'AuthClient.disable': on(auth, 'disable'),
  'AuthClient.status': on(auth, 'status'),
  'UserClient.add': on(users, 'add', 'u', { noPassword: true }),
  'UserClient.get': on(users, 'get', 'u'),
  'UserClient.list': on(users, 'list'),
  'UserClient.delete': on(users, 'delete', 'u'),
  'UserClient.changePassword': on(users, 'changePassword', 'u', secretOf('how-to-call')),
  'UserClient.grantRole': on(users, 'grantRole', 'u', 'r'),
  'UserClient.revokeRole': on(users, 'revokeRole', 'u', 'r'),
  'RoleClient.add': on(roles, 'add', 'r'),
  'RoleClient.get': on(roles, 'get', 'r'),
  'RoleClient.list': on(roles, 'list'),
  'RoleClient.delete': on(roles, 'delete', 'r'),
  'RoleClient.grantPermission': on(roles, 'grantPermission', 'r', 'read', 'k'),
  'RoleClient.revokePermission': on(roles, 'revokePermission', 'r', 'k'),
  'Mirror.waitForRevision': on(mirror, 'waitForRevision', 1n),
  'Mirror.verify': on(mirror, 'verify'),
  channelTarget: plain(channelTarget, 'svc'),
  registerEtcdResolver: {
    args: [undefined, { scheme: 'options-test' }],
    call: ({ client }, [source = client, options]) =>
      registerEtcdResolver(source as typeof client, options as never),
  },
  registerServer: {
    args: [undefined, undefined, { target: 'svc', addr: 'h:1' }],
    call: (world, [server = world.server, client = world.client, options]) =>
      registerServer(server as Server, client as never, options as never),
  },
  register: {
    args: [undefined, { target: 'svc', addr: 'h:1' }],
    call: (world, [client = world.client, options]) => register(client as never, options as never),
  },
  'Registration.update': on(registration, 'update', {}),
  'Registration.drain': on(registration, 'drain'),
  'Registration.events': on(registration, 'events'),
  coreDns: plain(coreDns),
  instrument: plain(instrument),
  goMicro: plain(goMicro),
  kitex: plain(kitex),
  kratos: plain(kratos),
  withServiceName: plain(withServiceName),
  advertiseAddress: plain(advertiseAddress, 1),
  encodeEndpoint: plain(encodeEndpoint),
  'new EndpointManager': {
    args: [undefined, 'svc'],
    call: (world, [client = world.client, target, options]) =>
      new EndpointManager(client as never, target as never, options as never),
  },
  'EndpointManager.update': {
    ...on(manager, 'update', [{ op: 'delete', key: 'svc/e' }]),
    self: ['operations'],
  },
  'EndpointManager.addEndpoint': on(manager, 'addEndpoint', 'svc/e', { addr: 'h:1' }),
  'EndpointManager.deleteEndpoint': on(manager, 'deleteEndpoint', 'svc/e'),
  'EndpointManager.list': on(manager, 'list'),
  'EndpointManager.watch': on(manager, 'watch'),
  'new ServiceDirectory': {
    args: [],
    call: (world, [client = world.client, options]) =>
      new ServiceDirectory(client as never, options as never),
  },
  'ServiceDirectory.follow': on(directory, 'follow', 'svc'),
  'ServiceDirectory.subscribe': on(directory, 'subscribe', 'svc'),
  'ServiceDirectory.departures': on(directory, 'departures', 'svc'),
  'ServiceDirectory.ready': on(directory, 'ready', 'svc'),
  'new EndpointPicker': {
    args: [undefined, 'svc'],
    call: ({ directory }, [source = directory, target, options]) =>
      new EndpointPicker(source as never, target as never, options as never),
  },
  'EndpointPicker.ready': on(picker, 'ready'),
  pick: {
    args: [undefined, 'svc'],
    call: ({ directory }, [source = directory, target, options]) =>
      pick(source as never, target as never, options as never),
  },
  startEtcd: plain(startEtcd),
  startEtcdCluster: plain(startEtcdCluster),
  locateEtcd: plain(locateEtcd),
  startFaultProxy: plain(startFaultProxy, { target: '127.0.0.1:1' }),
  'FaultProxy.delay': on(proxy, 'delay'),
};

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { kratos } from '#src/codecs/index.js';
import type { EtcdError } from '#src/errors/index.js';
import { op } from '#src/kv/index.js';
import { registerEtcdResolver, registerServer } from '#src/naming/grpc/index.js';
import { EndpointManager, type Registration, register, ServiceDirectory } from '#src/naming/index.js';
import { EndpointPicker, pick } from '#src/naming/picker/index.js';
import { eventually } from '../../support/eventually.js';
import type { Opened } from '../../support/naming/opened.js';
import type { CommandProcess } from '../cli/support.js';

/** What an exercise acts with. */
export interface Actor {
  /** A client with the user of the row. */
  readonly client: EtcdClient;
  /** Closes what the exercise opens. */
  readonly opened: Opened;
  /** Changes keys without limits, as an operator. */
  readonly root: EtcdClient;
  /** How many renewals of leases etcd has seen. */
  readonly renewals: () => Promise<number>;
  /** Starts the command with the user of the row. */
  readonly start: (...args: string[]) => CommandProcess;
}

export const target = 'foo/bar/my-service';
/** The record that exists when an exercise begins. It has a lease, and the address of a server. */
export const key = `${target}/e1`;
export const configPrefix = 'service-config/';
const addr = '10.0.0.7:50051';
const ttlSeconds = 2;
const lockName = 'jobs/nightly';
const kratosService = 'my-service';
const codec = kratos();

/** Uses one part of the package as the row says. Rejects if etcd refuses any of it. */
export type Exercise = (actor: Actor) => Promise<unknown>;

/** The life of a registration: renewed, changed, deleted by an operator, stored again, and drained. */
async function live(actor: Actor, registration: Registration, recordKey: string): Promise<void> {
  const { opened, root, renewals } = actor;
  opened.add(registration, (one) => one.close());
  const before = await renewals();
  await eventually('its lease is renewed', async () => (await renewals()) > before);
  await registration.update({ metadata: { weight: 2 } });
  await root.kv.delete(recordKey);
  await eventually('its record is stored again', async () => (await root.kv.get(recordKey)).kv !== undefined);
  if (registration.state !== 'registered') throw registration.lastError ?? new Error(registration.state);
  await registration.drain({ propagateMs: 10, whenIdle: () => Promise.resolve() });
  if ((await root.kv.get(recordKey)).kv) throw new Error('the record is left');
}

async function registerOne(actor: Actor): Promise<void> {
  const registration = await register(actor.client, { target, addr, ttlSeconds });
  await live(actor, registration, `${target}/${addr}`);
}

async function registerWithId(actor: Actor): Promise<void> {
  await actor.root.kv.delete(key);
  await live(actor, await register(actor.client, { target, addr, ttlSeconds, id: 'e1' }), key);
}

async function registerGrpcServer(actor: Actor): Promise<void> {
  const server = actor.opened.add(new Server(), (one) => one.forceShutdown());
  await new Promise<void>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  const registration = await registerServer(server, actor.client, { target, addr, ttlSeconds });
  await live(actor, registration, `${target}/${addr}`);
}

async function call(actor: Actor, options: Parameters<typeof registerEtcdResolver>[1] = {}): Promise<void> {
  actor.opened.add(registerEtcdResolver(actor.client, options), (resolver) => resolver[Symbol.dispose]());
  await actor.opened.caller(`etcd:///${target}`).call();
}

async function callWithServiceConfig(actor: Actor): Promise<void> {
  const failures: EtcdError[] = [];
  const onFailure = (error: EtcdError) => failures.push(error);
  await call(actor, { serviceConfig: { prefix: configPrefix, onFailure } });
  if (failures[0]) throw failures[0];
}

async function followDirectory({ client, opened }: Actor): Promise<void> {
  const directory = opened.add(new ServiceDirectory(client), (one) => one.close());
  await directory.ready(target);
}

async function usePicker({ client, opened }: Actor): Promise<void> {
  const picker = opened.add(new EndpointPicker(client, target), (one) => one.close());
  await picker.ready();
  picker.pick();
}

async function registerAsKratos(actor: Actor): Promise<void> {
  const registration = await register(actor.client, { target: kratosService, addr, ttlSeconds, codec });
  await live(actor, registration, `/microservices/${kratosService}/${addr}`);
}

async function followKratos({ client, opened, root }: Actor): Promise<void> {
  const manager = new EndpointManager(root, kratosService, { codec });
  await manager.addEndpoint(`/microservices/${kratosService}/e1`, { addr });
  const directory = opened.add(new ServiceDirectory(client, { codec }), (one) => one.close());
  await directory.ready(kratosService);
}

async function watchEndpoints({ client }: Actor): Promise<void> {
  for await (const _ of new EndpointManager(client, target).watch()) return;
}

async function addEndpoint(actor: Actor): Promise<void> {
  const { client, opened, renewals } = actor;
  const manager = new EndpointManager(client, target);
  await manager.addEndpoint(key, { addr });
  const lease = await client.lease.hold({ ttlSeconds });
  opened.add(lease, (one) => one.revoke());
  await manager.addEndpoint(key, { addr }, { lease });
  const before = await renewals();
  await eventually('its lease is renewed', async () => (await renewals()) > before);
  await lease.revoke();
}

/** A term: elected, renewed, proclaimed and resigned. */
async function campaign({ client, root, renewals }: Actor): Promise<void> {
  await root.kv.delete(key);
  for await (const term of client.election.campaign(target, 'here', { ttlSeconds })) {
    const before = await renewals();
    await eventually('its lease is renewed', async () => (await renewals()) > before);
    await term.proclaim('ready');
    await term.txn({ success: [op.put(`${target}/config`, 'x')] });
    break;
  }
  const { kvs } = await root.kv.range({ prefix: `${target}/` });
  if (kvs.length !== 1) throw new Error('the candidate is left');
}

/** Waits behind another holder, and holds until the lease is renewed. */
async function waitForLock({ client, opened, root, renewals }: Actor): Promise<void> {
  const holder = await root.lock(lockName);
  const waiting = client.lock(lockName, { ttlSeconds });
  const wait = waiting.then(
    () => true,
    () => true,
  );
  const joined = eventually('it waits', async () => (await root.lockQueue(lockName)).waiters.length > 0);
  await Promise.race([joined.catch(() => {}), wait]);
  await holder.release();
  const lock = opened.add(await waiting, (one) => one[Symbol.asyncDispose]());
  const before = await renewals();
  await eventually('its lease is renewed', async () => (await renewals()) > before);
  await lock.txn({});
  await lock.release();
  if ((await root.lockQueue(lockName)).holder) throw new Error('the key is left');
}

async function tryLock({ client }: Actor): Promise<void> {
  const lock = await client.tryLock(lockName);
  await lock?.release();
}

/** etcd refused a request of the command. */
export class CommandRefused extends Error {}

const refusedOr = (text: string) => new (text.includes('PERMISSION_DENIED') ? CommandRefused : Error)(text);

async function run({ start }: Actor, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await start(...args).ended;
  if (code !== 0) throw refusedOr(`exit code ${code}: ${stdout}${stderr}`);
}

/** Runs a command that has no end, until it has printed a text. */
async function runUntil({ start }: Actor, text: string, ...args: string[]): Promise<void> {
  const command = start(...args);
  await command.prints(text).catch((error: Error) => {
    throw refusedOr(error.message);
  });
  await command.stop();
}

const endless = [process.execPath, '-e', 'setInterval(() => {}, 1_000)'];

/** Runs a program while the command holds a lock or leads, and checks that nothing is left. */
async function holdPlace(actor: Actor, ...args: string[]): Promise<void> {
  await actor.root.kv.delete(key);
  await run(actor, ...args, '--', 'true');
  const { kvs } = await actor.root.kv.range({ prefix: `${target}/` });
  if (kvs.length > 0) throw new Error('the key is left');
}

/** The exercise of each name in the table's first column, in the order of the table. */
export const exercises: ReadonlyMap<string, readonly Exercise[]> = new Map(
  Object.entries({
    '`register()`, `registerServer()`, `etcd-naming register`': [
      registerOne,
      registerGrpcServer,
      (actor) =>
        runUntil(
          actor,
          'registered',
          'register',
          target,
          '--addr',
          addr,
          '--no-ready-check',
          '--',
          ...endless,
        ),
    ],
    '`register()` with a fixed `id`': [registerWithId],
    '`registerEtcdResolver()`, `ServiceDirectory`, `EndpointPicker`, `pick()`, `EndpointManager.list()`, `EndpointManager.watch()`':
      [
        (actor) => call(actor),
        followDirectory,
        usePicker,
        ({ client }) => pick(client, target),
        ({ client }) => new EndpointManager(client, target).list(),
        watchEndpoints,
      ],
    '`serviceConfig` of `registerEtcdResolver()`, in addition; its `prefix` is `service-config/`': [
      callWithServiceConfig,
    ],
    '`EndpointManager.addEndpoint()`, with and without a lease; `EndpointManager.deleteEndpoint()`, `EndpointManager.update()`':
      [
        addEndpoint,
        ({ client }) => new EndpointManager(client, target).deleteEndpoint(key),
        ({ client }) => new EndpointManager(client, target).update([{ op: 'add', key, endpoint: { addr } }]),
      ],
    '`election.campaign()` in the election `foo/bar/my-service`': [campaign],
    '`election.observe()`, `election.leader()`': [
      async ({ client }) => {
        for await (const _ of client.election.observe(target)) return;
      },
      ({ client }) => client.election.leader(target),
    ],
    '`kv.update()` of the key `foo/bar/my-service/e1`': [({ client }) => client.kv.update(key, () => 'x')],
    '`etcd-naming ls <target>`, `etcd-naming get <target>`, `etcd-naming watch <target>`, `etcd-naming doctor <target>`':
      [
        (actor) => run(actor, 'ls', target),
        (actor) => run(actor, 'get', target),
        (actor) => runUntil(actor, 'snapshot', 'watch', target),
        (actor) => run(actor, 'doctor', target),
      ],
    '`etcd-naming get <target> <id>`': [(actor) => run(actor, 'get', target, 'e1')],
    '`etcd-naming add`, `etcd-naming drain`, `etcd-naming rm`, `etcd-naming rm --revoke`': [
      (actor) => run(actor, 'add', target, addr, '--id', 'e1', '--force'),
      (actor) => run(actor, 'drain', target, 'e1'),
      (actor) => run(actor, 'rm', target, 'e1'),
      (actor) => run(actor, 'rm', target, 'e1', '--revoke'),
    ],
    '`etcd-naming lock <name>`, `etcd-naming elect <name> <value>` with the name `foo/bar/my-service`': [
      (actor) => holdPlace(actor, 'lock', target),
      (actor) => holdPlace(actor, 'elect', target, 'here'),
    ],
    '`etcd-naming lock --list <name>`, `etcd-naming elect --observe <name>`': [
      (actor) => run(actor, 'lock', '--list', target),
      (actor) => runUntil(actor, 'leader', 'elect', '--observe', target),
    ],
    '`etcd-naming ui --prefix foo/bar/`': [
      (actor) => runUntil(actor, '#token=', 'ui', '--port', '0', '--prefix', 'foo/bar/'),
    ],
    '`etcd-naming ls --prefix foo/bar/`': [(actor) => run(actor, 'ls', '--prefix', 'foo/bar/')],
    '`etcd-naming ls`': [(actor) => run(actor, 'ls')],
    '`register()` of the service `my-service` with the codec `kratos()`': [registerAsKratos],
    '`ServiceDirectory`, `EndpointManager.list()`, `etcd-naming ls <target>`, of the service `my-service` with the codec `kratos()`':
      [
        followKratos,
        ({ client }) => new EndpointManager(client, kratosService, { codec }).list(),
        (actor) => run(actor, 'ls', kratosService, '--codec', 'kratos'),
      ],
    '`client.lock()`, `client.tryLock()`, `client.withLock()`, with the name `jobs/nightly`': [
      waitForLock,
      tryLock,
      ({ client }) => client.withLock(lockName, (lock) => lock.txn({})),
    ],
    '`client.lockQueue()`, with the name `jobs/nightly`': [({ client }) => client.lockQueue(lockName)],
  } satisfies Record<string, Exercise[]>),
);

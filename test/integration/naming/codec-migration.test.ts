import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { kratos } from '#src/codecs/index.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import {
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  type Registration,
  register,
  ServiceDirectory,
} from '#src/naming/index.js';
import { secretOf } from '../../support/canary.js';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { lineCodec } from '../../support/naming/line-codec.js';
import { Opened } from '../../support/naming/opened.js';
import type { NamedServer } from '../../support/naming/servers.js';
import { Traffic } from '../../support/naming/traffic.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

describe('a service that moves from one format to another', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  let tests = 0;
  let target: string;
  let client: EtcdClient;
  let next: EndpointCodec;
  let directory: ServiceDirectory;

  beforeEach(() => {
    target = `${etcd().prefix}migration/${++tests}`;
    client = opened.client(etcd().endpoints);
    next = kratos({ namespace: `/${etcd().prefix}microservices` });
    directory = opened.add(new ServiceDirectory(client, { codec: [goEndpoints, next] }), (one) =>
      one.close(),
    );
    opened.add(registerEtcdResolver(directory, { balance: {} }), (one) => one[Symbol.dispose]());
  });

  afterEach(() => opened.close());

  const caller = () => {
    const { target: uri, options } = channelTarget(target);
    return opened.caller(uri, options);
  };
  const registerIn = async (codec: EndpointCodec | undefined, { addr }: NamedServer) => {
    const options = { target, addr, ttlSeconds: 5, ...(codec ? { codec } : {}) };
    return opened.add(await register(client, options), (one) => one.close());
  };
  /** The addresses of the view, each with its format. */
  const shown = () => directory.get(target)?.endpoints.map(({ addr, codec }) => `${codec} ${addr}`) ?? [];
  /** Moves a server: it is in both formats for a while. */
  const move = async (server: NamedServer, from: Registration, whileInBoth = async () => {}) => {
    const to = await registerIn(next, server);
    await whileInBoth();
    await from.close();
    await eventually('it is in the new format only', () => shown().includes(`kratos ${server.addr}`));
    return to;
  };
  const startTraffic = () => {
    const traffic = new Traffic(caller());
    return opened.add(traffic, (one) => one.stop());
  };

  it('is called without a failure while its servers move one by one', async () => {
    const servers = await opened.servers('a', 'b', 'c');
    const names = servers.map(({ name }) => name);
    const before = await Promise.all(servers.map((server) => registerIn(undefined, server)));
    const traffic = startTraffic();
    await traffic.untilAnswered(30, ...names);
    for (const [i, server] of servers.entries()) {
      await move(server, before[i]!);
      await traffic.untilAnswered(30, ...names);
    }
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    assert.deepEqual(shown(), servers.map(({ addr }) => `kratos ${addr}`).sort());
  });

  it('gives a server in both formats one share of the calls', async () => {
    const servers = await opened.servers('both', 'old');
    for (const server of servers) await registerIn(undefined, server);
    await registerIn(next, servers[0]!);
    const one = caller();
    await one.untilServedBy('both', 'old');
    await eventually('both formats were read', () => shown().length === 2);
    const { both = 0, old = 0 } = await one.calls(40);
    assert.ok(Math.abs(both - old) <= 2, `${both} and ${old}`);
  });

  it('is called without a failure while etcd is killed in the middle', async function () {
    skipUnlessBreakable(this, etcd());
    const servers = await opened.servers('a', 'b');
    const before = await Promise.all(servers.map((server) => registerIn(undefined, server)));
    const traffic = startTraffic();
    await traffic.untilAnswered(20, 'a', 'b');
    const [a, b] = servers as [NamedServer, NamedServer];
    const moved = await move(a, before[0]!, async () => {
      await etcd().kill();
      await traffic.untilAnswered(20, 'a', 'b');
      await etcd().restart();
      await eventually('it is followed again', () => directory.status(target).source === 'live', 30_000);
    });
    assert.equal(moved.endpoint.addr, a.addr);
    await move(b, before[1]!);
    await traffic.untilAnswered(20, 'a', 'b');
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });

  it('keeps the servers of one format when all records of the other are deleted', async () => {
    const servers = await opened.servers('a', 'b');
    const inGo = new EndpointManager(client, target);
    const inNext = new EndpointManager(client, target, { codec: next });
    for (const { name, addr } of servers) {
      await inGo.addEndpoint(`${target}/${name}`, { addr });
      await inNext.addEndpoint(`${next.keyPrefix(target)}${name}`, { addr });
    }
    const traffic = startTraffic();
    await traffic.untilAnswered(20, 'a', 'b');
    await client.kv.delete({ prefix: `${target}/` });
    await eventually('only the others are left', () => shown().every((one) => one.startsWith('kratos')));
    assert.equal(shown().length, 2);
    await traffic.untilAnswered(20, 'a', 'b');
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });

  it('is called without a failure while etcd loses all its data', async function () {
    skipUnlessBreakable(this, etcd());
    const [a, b] = (await opened.servers('a', 'b')) as [NamedServer, NamedServer];
    const all = [await registerIn(undefined, a), await registerIn(undefined, b), await registerIn(next, b)];
    const traffic = startTraffic();
    await traffic.untilAnswered(20, 'a', 'b');
    await etcd().wipe();
    await eventually('all are registered again', () => all.every((one) => one.registrationCount > 1), 30_000);
    await traffic.untilAnswered(20, 'a', 'b');
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
    await eventually('each loss is over', () => directory.status(target).unconfirmed === 0, 30_000);
    assert.deepEqual(shown(), [a, b].map(({ addr }) => `endpoints ${addr}`).sort());
  });

  it('fails calls with the prefixes of both formats when no server is left', async () => {
    const { addr } = await opened.server('a');
    const manager = new EndpointManager(client, target, { codec: next });
    const key = `${next.keyPrefix(target)}a`;
    await manager.addEndpoint(key, { addr });
    const one = caller();
    assert.equal(await one.call(), 'a');
    await manager.deleteEndpoint(key);
    const error = await eventually('a call fails', () =>
      one.call().then(
        () => undefined,
        (e: Error) => e,
      ),
    );
    const text = `no endpoints under '${target}/' and '${next.keyPrefix(target)}' at etcd revision`;
    assert.ok(error?.message.includes(text), error?.message);
  });
});

describe('a service in two formats of which one may not be read', function () {
  this.timeout(60_000);
  const role = 'go-only';
  const etcd = useEtcd({
    auth: {
      roles: { [role]: [{ access: 'read', prefix: 'allowed/' }] },
      users: { reader: { password: secretOf('reader'), roles: [role] } },
    },
  });
  expectNoSocketLeft();
  const opened = new Opened();
  afterEach(() => opened.close());

  it('fails calls at once with that error, and is called once it may be read', async () => {
    const root = opened.add(new EtcdClient(etcd().clientOptions), (one) => one.close());
    const reader = opened.add(new EtcdClient(etcd().clientOptionsOf('reader')), (one) => one.close());
    const { addr } = await opened.server('a');
    await new EndpointManager(root, 'allowed/svc').addEndpoint('allowed/svc/a', { addr });
    opened.add(registerEtcdResolver(reader, { codec: [goEndpoints, lineCodec] }), (one) =>
      one[Symbol.dispose](),
    );
    const { target, options } = channelTarget('allowed/svc');
    const one = opened.caller(target, options);
    const text =
      /cannot resolve 'allowed\/svc\/' and '\/lines\/allowed\/svc\/' in etcd: PERMISSION_DENIED: .* the prefix '\/lines\/allowed\/svc\/'/;
    await assert.rejects(one.call(), text);
    await root.auth.roles.grantPermission(role, 'read', { prefix: '/lines/allowed/' });
    await eventually(
      'calls succeed',
      () =>
        one.call().then(
          (name) => name === 'a',
          () => false,
        ),
      30_000,
    );
  });
});

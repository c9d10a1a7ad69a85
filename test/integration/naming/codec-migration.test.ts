import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { kratos } from '#src/codecs/index.js';
import { op } from '#src/kv/index.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import {
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  type Registration,
  register,
  ServiceDirectory,
  type ServiceView,
} from '#src/naming/index.js';
import { EndpointPicker } from '#src/naming/picker/index.js';
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

  it('has its servers in every view when their records move in one transaction', async () => {
    const addrs = ['10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1', '10.0.0.4:1'];
    const [stays, ...move] = addrs as [string, ...string[]];
    const inGo = (addr: string) => `${target}/${addr}`;
    const inNext = (addr: string) => `${next.keyPrefix(target)}${addr}`;
    const valueIn = (codec: EndpointCodec, addr: string) =>
      codec.encode!({ addr }, { service: target, key: `${codec.keyPrefix(target)}${addr}`, id: addr });
    for (const addr of move) await client.kv.put(inGo(addr), valueIn(goEndpoints, addr));
    await client.kv.put(inNext(stays), valueIn(next, stays));
    const views: ServiceView[] = [];
    directory.follow(target, { onView: (view) => views.push(view), onFailure: () => {} });
    const removed: string[] = [];
    const picker = opened.add(
      new EndpointPicker(directory, target, { onRemoved: ({ addr }) => removed.push(addr) }),
      (one) => one.close(),
    );
    await picker.ready({ minEndpoints: addrs.length });
    const known = views.length;
    for (let round = 0; round < 10; round++) {
      const [from, to, codec] =
        round % 2 === 0 ? ([inGo, inNext, next] as const) : ([inNext, inGo, goEndpoints] as const);
      const success = move.flatMap((addr) => [op.put(to(addr), valueIn(codec, addr)), op.delete(from(addr))]);
      await client.kv.txn({ success });
      await eventually('all have moved', () => {
        const { endpoints = [], unconfirmed } = directory.get(target) ?? {};
        return unconfirmed?.size === 0 && move.every((addr) => endpoints.some(({ key }) => key === to(addr)));
      });
    }
    assert.ok(views.length >= known + 10, `${views.length - known} views`);
    for (const { endpoints } of views.slice(known))
      assert.deepEqual(endpoints.map(({ addr }) => addr).sort(), addrs);
    assert.equal(removed.length, 0);
    await client.kv.delete(inGo(move[0]!));
    await eventually('a deletion takes effect', () => removed.includes(move[0]!));
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

  it('loses servers of the other format also after the permission ended', async () => {
    const root = opened.add(new EtcdClient(etcd().clientOptions), (one) => one.close());
    const reader = opened.add(new EtcdClient(etcd().clientOptionsOf('reader')), (one) => one.close());
    const lines = { prefix: '/lines/allowed/later/' };
    await root.auth.roles.grantPermission(role, 'read', lines);
    const addrs = ['10.0.0.1:1', '10.0.0.2:1'];
    for (const addr of addrs) await root.kv.put(`allowed/later/${addr}`, JSON.stringify({ Addr: addr }));
    await root.kv.put(`${lines.prefix}c`, '10.0.0.3:1');
    const directory = opened.add(new ServiceDirectory(reader, { codec: [goEndpoints, lineCodec] }), (one) =>
      one.close(),
    );
    await directory.ready('allowed/later', { minEndpoints: 3 });
    directory.follow('allowed/later', { onView: () => {}, onFailure: () => {} });
    const shown = () =>
      directory
        .get('allowed/later')
        ?.endpoints.map(({ addr }) => addr)
        .sort();
    await root.auth.roles.revokePermission(role, lines);
    for (const addr of addrs) {
      await root.kv.delete(`allowed/later/${addr}`);
      await eventually('it is gone', () => !shown()?.includes(addr), 30_000);
    }
    assert.deepEqual(shown(), ['10.0.0.3:1']);
    await root.auth.roles.grantPermission(role, 'read', lines);
    await root.kv.put(`${lines.prefix}d`, '10.0.0.4:1');
    await eventually('it is read again', () => shown()?.includes('10.0.0.4:1'), 30_000);
  });
});

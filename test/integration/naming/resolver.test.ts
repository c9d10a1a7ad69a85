import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { startEtcd, startFaultProxy } from '#src/testing/index.js';
import { skip, skipUnlessBreakable } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { NamedServer } from '../../support/naming/servers.js';
import { Traffic } from '../../support/naming/traffic.js';
import { isOwnAddress } from '../../support/own-address.js';
import { openSockets } from '../../support/sockets.js';
import { useResolver } from './use-resolver.js';

const pickFirst = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] }) };

describe('a channel of grpc-js to etcd:///<service>', () => {
  const { etcd, opened, fixture, put, watchers, watchersBefore, untilCallFails } = useResolver();
  let client: EtcdClient;
  let target: string;
  let manager: EndpointManager;

  beforeEach(() => {
    ({ client, target, manager } = fixture);
  });

  it('uses all endpoints in turn', async () => {
    for (const server of await opened.servers('one', 'two', 'three')) await put(server);
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one', 'two', 'three');
    assert.deepEqual(await caller.calls(30), { one: 10, two: 10, three: 10 });
  });

  it('uses the service config of the caller', async () => {
    const servers = await opened.servers('one', 'two', 'three');
    for (const server of servers) await put(server);
    const caller = opened.caller(`etcd:///${target}`, pickFirst);
    assert.equal(Object.keys(await caller.calls(20)).length, 1);
  });

  it('uses an address once, however many records have it', async () => {
    const [one, two] = await opened.servers('one', 'two');
    await put(one!);
    await put(two!);
    for (const id of ['again', 'and-again'])
      await manager.addEndpoint(`${target}/${id}`, { addr: one!.addr });
    await manager.addEndpoint(`${target}/as-url`, { addr: `http://${one!.addr}` });
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one', 'two');
    assert.deepEqual(await caller.calls(20), { one: 10, two: 10 });
  });

  it('ignores records that are not endpoints or whose address cannot be dialled', async () => {
    await put(await opened.server('one'));
    await client.kv.put(`${target}/text`, 'not an endpoint');
    await client.kv.put(`${target}/cut`, '{"Op":0,"Addr":"127.0.');
    await client.kv.put(`${target}/bytes`, Buffer.from([0xff, 0, 1]));
    await manager.addEndpoint(`${target}/socket`, { addr: 'unix:/tmp/x' });
    await client.kv.put(`${target}/empty`, '{"Addr":""}');
    const caller = opened.caller(`etcd:///${target}`);
    assert.deepEqual(await caller.calls(10), { one: 10 });
    await client.kv.put(`${target}/one`, 'no longer an endpoint');
    const error = await untilCallFails(() => caller.call());
    assert.match(
      error.message,
      /none of the 6 records under '.*\/svc\/' at etcd revision \d+ has a usable address/,
    );
  });

  it('adds and removes a server under traffic without a failed call', async () => {
    const [one, two] = await opened.servers('one', 'two');
    await put(one!);
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one');
    const traffic = opened.add(new Traffic(caller), (running) => running.stop());
    await traffic.untilAnswered(50, 'one');

    await put(two!);
    await traffic.untilAnswered(50, 'one', 'two');
    await manager.deleteEndpoint(`${target}/one`);
    await traffic.untilAnswered(50, 'two');
    one!.stop();
    await traffic.untilAnswered(50, 'two');
    await traffic.stop();

    assert.deepEqual(traffic.failures, []);
  });

  it('replaces a server by another in one update under traffic without a failed call', async () => {
    const [one, two] = await opened.servers('one', 'two');
    await put(one!);
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one');
    const traffic = opened.add(new Traffic(caller), (running) => running.stop());
    await traffic.untilAnswered(20, 'one');

    await manager.update([
      { op: 'delete', key: `${target}/one` },
      { op: 'add', key: `${target}/two`, endpoint: { addr: two!.addr } },
    ]);
    await traffic.untilAnswered(50, 'two');
    await traffic.stop();

    assert.deepEqual(traffic.failures, []);
  });

  it('keeps its connections when only metadata changes', async () => {
    const server = await opened.server('one');
    const proxy = opened.add(await startFaultProxy({ target: server.addr }), (one) => one.close());
    const other = await opened.server('other');
    await manager.addEndpoint(`${target}/one`, { addr: proxy.endpoint });
    const caller = opened.caller(`etcd:///${target}`);
    await caller.untilServedBy('one');
    for (let weight = 0; weight < 5; weight++) {
      await manager.addEndpoint(`${target}/one`, { addr: proxy.endpoint, metadata: { weight } });
    }
    // A change with a visible effect, after changes that must have none.
    await put(other);
    await caller.untilServedBy('one', 'other');
    assert.equal(proxy.accepted, 1);
  });

  it('accepts 500 endpoints in one view', async function () {
    // One server with 500 addresses.
    if (!(await isOwnAddress('127.0.2.250'))) skip(this, 'not all of 127/8 is this machine');
    const server = opened.add(await NamedServer.start('many', '0.0.0.0'), (one) => one.stop());
    const addrs = Array.from(
      { length: 500 },
      (_, i) => `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}:${server.port}`,
    );
    for (let i = 0; i < addrs.length; i += 100) {
      await manager.update(
        addrs.slice(i, i + 100).map((addr) => ({ op: 'add', key: `${target}/${addr}`, endpoint: { addr } })),
      );
    }
    const before = openSockets();
    const caller = opened.caller(`etcd:///${target}`);
    assert.deepEqual(await caller.calls(100), { many: 100 });
    await eventually('500 connections are open', () => openSockets() >= before + 500, 20_000);
    assert.deepEqual(await caller.calls(500), { many: 500 });
  });

  it('shares one watcher in etcd with all other channels to the service', async () => {
    const before = await watchersBefore();
    await put(await opened.server('one'));
    const callers = [1, 2, 3].map((n) => opened.caller(`etcd:///${target}`, { 'test.channel': n }));
    for (const caller of callers) await caller.untilServedBy('one');
    assert.equal((await watchers()) - before, 1);
  });

  describe('to an empty service', () => {
    for (const [policy, options] of [
      ['round_robin', {}],
      ['pick_first', pickFirst],
    ] as const) {
      it(`fails calls immediately, with prefix and revision: ${policy}`, async () => {
        const { revision } = await client.kv.put(`${etcd().prefix}resolver/other`, 'x');
        const began = performance.now();
        await assert.rejects(opened.caller(`etcd:///${target}`, options).call(), {
          code: 14,
          details: new RegExp(`no endpoints under '${target}/' at etcd revision ${revision}`),
        });
        assert.ok(performance.now() - began < 2_000, `it took ${performance.now() - began} ms`);
      });

      it(`makes calls as soon as there is an endpoint: ${policy}`, async () => {
        const caller = opened.caller(`etcd:///${target}`, options);
        await assert.rejects(caller.call(), { code: 14 });
        await put(await opened.server('one'));
        await eventually('calls succeed', () => caller.call().catch(() => undefined));
      });
    }

    for (const [policy, options] of [
      ['round_robin', {}],
      ['pick_first', pickFirst],
    ] as const) {
      it(`updates the reason when the records change: ${policy}`, async () => {
        const caller = opened.caller(`etcd:///${target}`, options);
        const untilCallsFailWith = (details: RegExp) =>
          eventually(`calls fail with ${details}`, async () =>
            details.test((await untilCallFails(() => caller.call())).message),
          );
        await untilCallsFailWith(/no endpoints under/);
        await client.kv.put(`${target}/text`, 'not an endpoint');
        await untilCallsFailWith(/none of the 1 records under .* has a usable address/);
        await manager.addEndpoint(`${target}/socket`, { addr: 'unix:/tmp/x' });
        await untilCallsFailWith(/none of the 2 records under .* has a usable address/);
        await client.kv.delete({ prefix: `${target}/` });
        await untilCallsFailWith(/no endpoints under/);
      });
    }

    it('fails calls after its last endpoint was deleted, with the revision of the delete', async () => {
      await put(await opened.server('one'));
      const caller = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      const { revision } = await manager.deleteEndpoint(`${target}/one`);
      const error = await untilCallFails(() => caller.call());
      assert.match(error.message, new RegExp(`no endpoints under '${target}/' at etcd revision ${revision}`));
    });
  });

  describe('while etcd is down', () => {
    it('continues with the known endpoints, and follows the service again afterwards', async function () {
      skipUnlessBreakable(this, etcd());
      const [one, two] = await opened.servers('one', 'two');
      await put(one!);
      const caller = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      const traffic = opened.add(new Traffic(caller), (running) => running.stop());

      await etcd().stop();
      await traffic.untilAnswered(200, 'one');
      await etcd().restart();
      await put(two!);
      await traffic.untilAnswered(50, 'one', 'two');
      await traffic.stop();

      assert.deepEqual(traffic.failures, []);
    });

    it('fails the calls of a new channel with the reason, and recovers automatically', async () => {
      const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      proxy.refuse();
      const lost = opened.client([proxy.endpoint]);
      opened.add(registerEtcdResolver(lost), (one) => one[Symbol.dispose]());
      await put(await opened.server('one'));

      const caller = opened.caller(`etcd:///${target}`);
      await assert.rejects(caller.call(8_000), {
        code: 14,
        details: new RegExp(`cannot resolve '${target}/' in etcd: .*${proxy.endpoint}`),
      });

      proxy.heal();
      await eventually('calls succeed', () => caller.call(500).catch(() => undefined), 20_000);
    });
  });

  describe('with other forms of its target', () => {
    beforeEach(async () => {
      await put(await opened.server('one'));
    });

    it('reads an authority as the first part of the service', async () => {
      assert.equal(await opened.caller(`etcd://${target}`).call(), 'one');
    });

    it('reads a target without slashes, with one slash, and with escapes', async () => {
      for (const uri of [
        `etcd:${target}`,
        `etcd:/${target}`,
        `etcd:///${target.replaceAll('/', '%2F')}?x=1#y`,
      ]) {
        assert.equal(await opened.caller(uri).call(), 'one', uri);
      }
    });

    it('dials an address without a scheme as usual', async () => {
      const server = await opened.server('plain');
      assert.equal(await opened.caller(server.addr).call(), 'plain');
    });

    it('uses another scheme', async () => {
      opened.add(registerEtcdResolver(client, { scheme: 'discovery' }), (one) => one[Symbol.dispose]());
      assert.equal(await opened.caller(`discovery:///${target}`).call(), 'one');
    });

    it('fails calls to a target that names no service', async () => {
      for (const uri of ['etcd:///', 'etcd:///%zz', 'etcd:/']) {
        await assert.rejects(opened.caller(uri).call(), { code: 14, details: /invalid target/ }, uri);
      }
    });
  });

  it("follows another cluster when its authority names that cluster's client", async () => {
    const other = opened.add(await startEtcd(etcd().canBreak ? {} : { source: 'auto' }), (one) =>
      one.close(),
    );
    const otherClient = opened.client(other.endpoints);
    const [here, there] = await opened.servers('here', 'there');
    await put(here!);
    await new EndpointManager(otherClient, target).addEndpoint(`${target}/x`, { addr: there!.addr });
    const authorities = { prod: otherClient };
    opened.add(registerEtcdResolver(client, { authorities }), (one) => one[Symbol.dispose]());

    assert.deepEqual(await opened.caller(`etcd://prod/${target}`).calls(5), { there: 5 });
    assert.deepEqual(await opened.caller(`etcd:///${target}`).calls(5), { here: 5 });
    await assert.rejects(opened.caller('etcd://prod').call(), { code: 14, details: /invalid target/ });
  });

  describe('that idles', () => {
    const idling = { 'grpc.client_idle_timeout_ms': 1_000 };

    it('uses the current endpoints after idling', async () => {
      const [one, two] = await opened.servers('one', 'two');
      await put(one!);
      const caller = opened.caller(`etcd:///${target}`, idling);
      await caller.untilServedBy('one');
      await caller.untilIdle();
      assert.equal(await caller.call(), 'one');

      await caller.untilIdle();
      await put(two!);
      await manager.deleteEndpoint(`${target}/one`);
      await caller.untilServedBy('two');
    });

    it('closes its watcher in etcd, and opens one when it is used again', async () => {
      const before = await watchersBefore();
      await put(await opened.server('one'));
      const caller = opened.caller(`etcd:///${target}`, idling);
      assert.equal(await caller.call(), 'one');
      await eventually('one watcher is open', async () => (await watchers()) - before === 1);
      await eventually('no watcher is left', async () => (await watchers()) === before, 15_000);
      assert.equal(await caller.call(), 'one');
      await eventually('one watcher is open again', async () => (await watchers()) - before === 1);
    });
  });

  describe('to a service with an odd name', () => {
    for (const [last, dialled] of [
      ['ns/my service', 'ns/my%20service'],
      ['日本', '日本'],
      ['v1.2', 'v1.2'],
      ['1.2.3.4.5', '1.2.3.4.5'],
      ['100%', '100%25'],
      ['what?', 'what%3F'],
      ['a:b@c', 'a:b@c'],
      ['[x]', '[x]'],
      ['..', '..'],
      ['-', '-'],
      ['xn--a', 'xn--a'],
      ['line\nbreak', 'line%0Abreak'],
    ] as const) {
      it(`is called with an authority that is a host name: ${JSON.stringify(last)}`, async () => {
        const server = await opened.server('odd');
        const service = `${target}/${last}`;
        await new EndpointManager(client, service).addEndpoint(`${service}/1`, { addr: server.addr });
        assert.equal(await opened.caller(`etcd:///${target}/${dialled}`).call(3_000), 'odd');
        assert.match([...server.authorities].join(), /^[A-Za-z0-9._-]+$/);
      });
    }
  });
});

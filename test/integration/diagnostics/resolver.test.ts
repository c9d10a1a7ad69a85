import assert from 'node:assert/strict';
import { diagnosticsChannels } from '@org/etcd-naming';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { EndpointPicker } from '#src/naming/picker/index.js';
import { eventually } from '../../support/eventually.js';
import { usePublished } from '../../support/published.js';
import { useResolver } from '../naming/use-resolver.js';

describe('the channel of resolvers', () => {
  const { opened, fixture, put } = useResolver();
  const published = usePublished(diagnosticsChannels.resolver);
  const metrics = () => fixture.client.metrics().resolvers.find(({ target }) => target === fixture.target);
  const picks = () => metrics()?.picks ?? {};
  const sum = () => Object.values(picks()).reduce((all, one) => all + one, 0);
  const untilLast = (type: string) =>
    eventually(`the last event is ${type}`, () => published().at(-1)?.type === type);
  const balanced = () => {
    opened.add(registerEtcdResolver(fixture.client, { balance: {} }), (one) => one[Symbol.dispose]());
    return opened.caller(`etcd:///${fixture.target}`);
  };

  it('publishes the lists of endpoints, and why there are none', async () => {
    const server = await opened.server('a');
    const { target, client, manager } = fixture;
    const caller = opened.caller(`etcd:///${target}`);
    const error = await caller.call().then(assert.fail, (reason: Error) => reason);
    await put(server);
    await untilLast('endpoints');
    await caller.untilServedBy('a');
    await manager.deleteEndpoint(`${target}/a`);
    await untilLast('unavailable');
    await put(server);
    await untilLast('endpoints');
    await caller.untilServedBy('a');
    const events = published();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['unavailable', 'endpoints', 'unavailable', 'endpoints'],
    );
    assert.ok(events.every((event) => event.target === target && event.client === client.name));
    const [empty, one] = events;
    assert.ok(empty?.type === 'unavailable' && error.message.includes(empty.text));
    assert.ok(one?.type === 'endpoints' && one.endpoints === 1);
    assert.deepEqual([metrics()?.channels, metrics()?.updates], [1, 4]);
    assert.deepEqual(picks(), {}, 'round_robin, whose picks are not counted');
  });

  it('counts the channels that resolve a service', async () => {
    await put(await opened.server('a'));
    const [one, other] = [balanced(), balanced()];
    await Promise.all([one.untilServedBy('a'), other.untilServedBy('a')]);
    assert.equal(metrics()?.channels, 2);
    one.close();
    assert.equal(metrics()?.channels, 1);
    other.close();
    assert.equal(metrics()?.channels, 0);
    assert.equal(metrics()?.updates, 2, 'the counters stay');
  });

  it('publishes that the resolver was disposed', async () => {
    await put(await opened.server('a'));
    const caller = opened.caller(`etcd:///${fixture.target}`);
    await caller.untilServedBy('a');
    fixture.resolver[Symbol.dispose]();
    const last = published().at(-1);
    assert.ok(last?.type === 'unavailable');
    assert.match(last.text, /disposed/);
    assert.equal(metrics()?.channels, 0);
  });

  it('counts the picks by endpoint: their sum is the number of the calls, also when an endpoint leaves', async () => {
    const servers = await opened.servers('a', 'b');
    const [a, b] = servers;
    await Promise.all([put(a!, { weight: 3 }), put(b!)]);
    const [one, other] = [balanced(), balanced()];
    await Promise.all([one.calls(100), other.calls(60)]);
    const answered = () => ({ [a!.addr]: a!.calls, [b!.addr]: b!.calls });
    assert.deepEqual(picks(), answered());
    assert.equal(sum(), 160);
    assert.ok(a!.calls > b!.calls);
    await fixture.manager.deleteEndpoint(`${fixture.target}/a`);
    await eventually('the endpoint has left', async () => (await one.calls(2))['a'] === undefined);
    await one.calls(20);
    assert.deepEqual(picks(), answered());
    await put(a!);
    await eventually('the endpoint is back', async () => (await one.calls(2))['a'] !== undefined);
    assert.deepEqual(picks(), answered());
  });

  it('counts first calls that wait for a connection once', async () => {
    const servers = await opened.servers('a', 'b', 'c');
    await Promise.all(servers.map((server) => put(server)));
    const caller = balanced();
    await Promise.all(Array.from({ length: 50 }, () => caller.call()));
    assert.equal(sum(), 50);
    assert.deepEqual(picks(), Object.fromEntries(servers.map(({ addr, calls }) => [addr, calls])));
  });

  it('counts the picks of an endpoint picker, too', async () => {
    const server = await opened.server('a');
    await put(server);
    using picker = new EndpointPicker(fixture.client, fixture.target);
    await picker.ready();
    for (let i = 0; i < 5; i++) picker.pick();
    assert.deepEqual(metrics(), {
      target: fixture.target,
      channels: 0,
      updates: 0,
      picks: { [server.addr]: 5 },
    });
  });
});

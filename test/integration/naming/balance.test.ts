import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ResolverOptions } from '#src/naming/grpc/index.js';
import type { JsonValue } from '#src/naming/index.js';
import { eventually } from '../../support/eventually.js';
import type { Caller } from '../../support/naming/caller.js';
import { useService } from '../../support/naming/service.js';
import { Traffic } from '../../support/naming/traffic.js';

describe('calls balanced by record metadata', () => {
  const { opened, manager, service, put, dial } = useService('balance');

  const balanced = (options: NonNullable<ResolverOptions['balance']> = {}) => dial({ balance: options });

  async function counts(caller: Caller, calls: number): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (let i = 0; i < calls; i += 100) {
      const names = await Promise.all(Array.from({ length: 100 }, () => caller.call()));
      for (const name of names) found[name] = (found[name] ?? 0) + 1;
    }
    return found;
  }

  /** Waits until every server has a connection, so that counts are shares. */
  const allAnswer = (caller: Caller, servers: number) =>
    eventually('all servers answer', async () => Object.keys(await counts(caller, 100)).length === servers);

  it('follow a weight of three to one, within two percent over ten thousand calls', async function () {
    this.timeout(60_000);
    const [a, b] = await opened().servers('a', 'b');
    await Promise.all([put(a!, { weight: 3 }), put(b!, { weight: 1 })]);
    const caller = balanced();
    await allAnswer(caller, 2);
    const shares = await counts(caller, 10_000);
    assert.ok(Math.abs(shares['a']! - 7_500) <= 200, JSON.stringify(shares));
  });

  it('follow a changed weight over the existing connections', async () => {
    const [a, b] = await opened().servers('a', 'b');
    await Promise.all([put(a!), put(b!)]);
    const caller = balanced();
    await allAnswer(caller, 2);
    const dialled = countDials();
    await put(a!, { weight: 9 });
    await eventually('the share is nine to one', async () => (await counts(caller, 100))['a'] === 90);
    assert.equal(dialled(), 0);
  });

  it('leave a draining server without a failed call', async () => {
    const [a, b] = await opened().servers('a', 'b');
    await Promise.all([put(a!), put(b!)]);
    const caller = balanced();
    await allAnswer(caller, 2);
    await put(a!, { status: 'draining' });
    await eventually(
      'the draining server gets no calls',
      async () => (await counts(caller, 100))['a'] === undefined,
    );
    assert.deepEqual(await counts(caller, 500), { b: 500 });
  });

  it('count the records of one address as one server, which drains only when all of them do', async () => {
    const [a, b] = await opened().servers('a', 'b');
    const worker = (id: number, metadata?: JsonValue) =>
      manager().addEndpoint(`${service()}/a-${id}`, { addr: `127.0.0.1:${a!.port}`, metadata });
    await Promise.all([worker(1), worker(2), worker(3), put(b!)]);
    const dialled = countDials();
    const caller = balanced();
    await allAnswer(caller, 2);
    await eventually('the shares are three to one', async () => (await counts(caller, 100))['a'] === 75);
    const draining = { status: 'draining' };
    await Promise.all([worker(1, draining), worker(2, draining)]);
    await eventually('the shares are equal', async () => (await counts(caller, 100))['a'] === 50);
    await worker(3, draining);
    await eventually(
      'the draining server gets no calls',
      async () => (await counts(caller, 100))['a'] === undefined,
    );
    await worker(1);
    await eventually('the server gets calls again', async () => (await counts(caller, 100))['a'] === 50);
    assert.ok(dialled() <= 4, `${dialled()} connections for two servers, a watch and reads`);
  });

  it('stay in their zone, and leave it when it has no endpoint', async () => {
    const [a, b] = await opened().servers('a', 'b');
    await Promise.all([put(a!, { zone: 'a' }), put(b!, { zone: 'b' })]);
    const caller = balanced({ zone: 'a' });
    await eventually(
      'the server of the own zone answers',
      async () => (await counts(caller, 100))['a'] === 100,
    );
    assert.deepEqual(await counts(caller, 200), { a: 200 });
    await manager().deleteEndpoint(`${service()}/a`);
    await eventually(
      'the server of the other zone answers',
      async () => (await counts(caller, 100))['b'] === 100,
    );
  });

  it('reach a new server slowly at first', async () => {
    const [a, b] = await opened().servers('a', 'b');
    await put(a!);
    const caller = balanced({ slowStartMs: 3_600_000 });
    await eventually('the first server answers', () => caller.call());
    await put(b!);
    await eventually(
      'the new server gets its first calls',
      async () => (await counts(caller, 100))['b'] ?? 0,
    );
    const shares = await counts(caller, 1_100);
    const { b: fresh = 0 } = shares;
    assert.ok(
      fresh > 30 && fresh < 250,
      `${JSON.stringify(shares)}: a new server starts with a tenth of its share`,
    );
  });

  it('fail with a reason when the service is empty, and when its server does not listen', async () => {
    const caller = balanced();
    await assert.rejects(caller.call(), /no endpoints under/);
    await manager().addEndpoint(`${service()}/gone`, { addr: '127.0.0.1:1' });
    await eventually('calls fail with the new reason', () =>
      caller.call().then(
        () => false,
        (error: Error) => /ECONNREFUSED/.test(error.message),
      ),
    );
  });

  it('do not fail while servers are added and removed', async () => {
    const servers = await opened().servers('a', 'b', 'c');
    await put(servers[0]!);
    const caller = balanced();
    await eventually('the first server answers', () => caller.call());
    const traffic = new Traffic(caller);
    for (let round = 0; round < 10; round++) {
      const [old, next] = [servers[round % 3]!, servers[(round + 1) % 3]!];
      await put(next, { weight: 1 + (round % 4) });
      await eventually('the next server answers', async () => (await caller.call()) === next.name);
      await manager().deleteEndpoint(`${service()}/${old.name}`);
      await eventually(
        'the old server gets no calls',
        async () => (await counts(caller, 100))[old.name] === undefined,
      );
    }
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });
});

/** Counts the connections that this process starts from now on. */
function countDials(): () => number {
  let dials = 0;
  const note = () => dials++;
  subscribe('net.client.socket', note);
  return () => {
    unsubscribe('net.client.socket', note);
    return dials;
  };
}

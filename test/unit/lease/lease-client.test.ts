import assert from 'node:assert/strict';
import {
  ClosedError,
  Code,
  DeadlineError,
  errorFromServer,
  InvalidInputError,
  LeaseNotFoundError,
} from '#src/errors/index.js';
import { LeaseClientImpl } from '#src/lease/index.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { FakeClock, FakeLeases } from './fakes.js';

const ttlSeconds = 9;
const ttlMs = 9_000;
const third = ttlMs / 3;

function setUp() {
  const clock = new FakeClock();
  const server = new FakeLeases();
  const client = new LeaseClientImpl(server.calls, clock, () => 0);
  const hold = (id: bigint) => client.hold({ ttlSeconds, id });
  return { clock, server, client, hold };
}

/** Lets promises settle. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a held lease', () => {
  it('opens no stream before its first renewal is due, and holds the process', async () => {
    const { clock, server, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(third - 1);
    assert.equal(server.streams.length, 0);
    clock.advance(1);
    assert.deepEqual(server.last.requests, [1n]);
    assert.equal(server.holds, 1);
    await lease.close();
    assert.equal(server.holds, 0);
  });

  it('is held as long as its renewals are answered, with one timer', async () => {
    const { clock, server, hold } = setUp();
    const leases = await Promise.all([hold(1n), hold(2n), hold(3n)]);
    for (let i = 1; i <= 10; i++) {
      clock.advance(third);
      assert.equal(server.last.requests.length, 3 * i);
      for (const { id } of leases) server.last.answer(id, ttlSeconds);
      assert.ok(leases.every(({ held }) => held));
      assert.equal(clock.timers, 1);
    }
    assert.equal(server.streams.length, 1);
  });

  it('is told lost by whoever looks first after a pause: its signal has aborted when held says no', async () => {
    const { clock, hold } = setUp();
    const lease = await hold(1n);
    const { signal } = lease;
    clock.jump(2 * ttlMs);
    assert.equal(lease.held, false);
    assert.equal(signal.aborted, true);
    const end = await lease.ended;
    assert.equal(end.reason, 'lost-contact');
    assert.ok(end.unacknowledgedMs !== undefined && end.unacknowledgedMs >= 2 * ttlMs);
    assert.equal(signal.reason, end);
  });

  it('is told lost by the check before an answer, and that before the answer', async () => {
    const { clock, client, hold } = setUp();
    const lease = await hold(1n);
    const order: string[] = [];
    void lease.ended.then(() => order.push('lost'));
    lease.signal.addEventListener('abort', () => order.push('aborted'));
    clock.jump(2 * ttlMs);
    client.endExpired();
    await Promise.resolve().then(() => order.push('answer'));
    assert.deepEqual(order, ['aborted', 'lost', 'answer']);
  });

  it('is not troubled by checks before its end', async () => {
    const { clock, client, hold } = setUp();
    const lease = await hold(1n);
    clock.jump(ttlMs * 0.97);
    client.endExpired();
    assert.equal(lease.held, true);
    await lease.close();
  });

  it('gives a signal that has aborted when asked for after the end', async () => {
    const { hold } = setUp();
    const lease = await hold(1n);
    await lease.close();
    assert.equal(lease.signal.aborted, true);
    assert.deepEqual(lease.signal.reason, { reason: 'closed' });
  });

  it('closed is not revoked; revoked, or disposed, it is; and nothing is left of either', async () => {
    const { clock, server, hold } = setUp();
    const [closed, revoked, disposed] = [await hold(1n), await hold(2n), await hold(3n)];
    clock.advance(third);
    await closed.close();
    await closed.close();
    await closed[Symbol.asyncDispose]();
    assert.deepEqual(server.revoked, []);
    await revoked.revoke();
    await disposed[Symbol.asyncDispose]();
    assert.deepEqual(server.revoked, [2n, 3n]);
    assert.deepEqual(await closed.ended, { reason: 'closed' });
    assert.deepEqual(await revoked.ended, { reason: 'revoked' });
    clock.advance(5_000);
    assert.equal(server.last.over, 'cancelled');
    assert.equal(clock.timers, 0);
    assert.equal(server.holds, 0);
  });

  it('ends as revoked when its id is revoked through the client, before the request is answered', async () => {
    const { server, client, hold } = setUp();
    const lease = await hold(5n);
    const request = client.revoke(5n);
    assert.equal(lease.held, false);
    assert.deepEqual(await lease.ended, { reason: 'revoked' });
    await request;
    assert.deepEqual(server.revoked, [5n]);
  });

  it('whose id is granted anew is told expired, and none of its ends is taken for that of the new one', async () => {
    const { clock, server, hold } = setUp();
    const earlier = await hold(42n);
    clock.advance(500);
    const lease = await hold(42n);
    assert.deepEqual(await earlier.ended, { reason: 'expired' });
    assert.equal(earlier.held, false);
    await earlier.close();
    await earlier.revoke();
    assert.deepEqual(server.revoked, [], 'the id is that of another lease');
    for (let i = 0; i < 10; i++) {
      clock.advance(third);
      server.last.answer(42n, ttlSeconds);
    }
    assert.equal(lease.held, true);
    await lease.close();
    assert.deepEqual(await lease.ended, { reason: 'closed' });
    assert.equal(server.holds, 0);
  });

  it('may be ended, or another one be held, by whoever is told of an end', async () => {
    const { clock, server, hold } = setUp();
    const [one, other] = [await hold(1n), await hold(2n)];
    one.signal.addEventListener('abort', () => void other.close());
    clock.advance(third);
    server.last.answer(1n, 0);
    assert.deepEqual(await one.ended, { reason: 'expired' });
    assert.deepEqual(await other.ended, { reason: 'closed' });
  });

  it('of a very long time keeps still', async () => {
    const { clock, server, client } = setUp();
    const lease = await client.hold({ ttlSeconds: 7_000_000 });
    clock.advance(60_000);
    assert.equal(server.streams.length, 0);
    await lease.close();
  });

  it('is renewed elsewhere when its member is silent, which is doubted and not cut off at once', async () => {
    const { clock, server, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(third);
    await turn();
    clock.advance(third);
    assert.equal(server.streams[0]?.doubted, true);
    assert.equal(server.streams[0]?.over, undefined);
    assert.equal(server.streams.length, 2);
    server.last.answer(1n, ttlSeconds);
    assert.equal(server.streams[0]?.over, 'cancelled');
    await lease.close();
  });

  it('gets a new token for the stream, newer than that which was turned down', async () => {
    const { clock, server, hold } = setUp();
    server.tokenGeneration = 3;
    const lease = await hold(1n);
    clock.advance(third);
    await turn();
    server.last.lose(errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'));
    assert.deepEqual(
      server.refreshes.map(({ used }) => used),
      [3],
    );
    server.refreshes[0]?.resolve();
    await turn();
    clock.advance(100);
    assert.equal(server.streams.length, 2);
    server.last.answer(1n, ttlSeconds);
    assert.equal(lease.held, true);
    await lease.close();
  });
});

describe('a keep-alive-once', () => {
  it('tells the TTL, and holds the process until it is answered', async () => {
    const { server, client } = setUp();
    const renewed = client.keepAliveOnce(4n);
    await turn();
    assert.equal(server.holds, 1);
    server.last.answer(4n, 30);
    assert.deepEqual(withoutPrototypes(await renewed), { id: 4n, ttlSeconds: 30 });
    assert.equal(server.holds, 0);
  });

  it('shares one stream with others and with leases that are held', async () => {
    const { clock, server, client, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(third - 100);
    const renewed = [client.keepAliveOnce(1n), client.keepAliveOnce(1n), client.keepAliveOnce(2n)];
    await turn();
    clock.advance(100);
    assert.equal(server.streams.length, 1);
    assert.deepEqual(server.last.requests, [1n, 1n, 2n, 1n]);
    for (const id of [1n, 2n, 1n, 1n]) server.last.answer(id, ttlSeconds);
    await Promise.all(renewed);
    clock.jump(heldFor - 1);
    assert.equal(lease.held, true, 'its own answer was the last');
    await lease.close();
  });

  it('of a lease that is gone ends its handle, too', async () => {
    const { clock, server, client, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(1);
    const renewed = client.keepAliveOnce(1n);
    await turn();
    server.last.answer(1n, 0);
    await assert.rejects(renewed, LeaseNotFoundError);
    assert.deepEqual(await lease.ended, { reason: 'expired' });
  });

  it('is late with the last trouble as its cause', async () => {
    const { clock, server, client } = setUp();
    const renewed = client.keepAliveOnce(4n, { timeoutMs: 1_000 });
    await turn();
    const failure = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
    server.last.lose(failure);
    clock.advance(1_000);
    await assert.rejects(renewed, (error) => error instanceof DeadlineError && error.cause === failure);
  });

  it('that is aborted rejects with the reason, and is not sent again', async () => {
    const { clock, server, client } = setUp();
    const giveUp = new AbortController();
    const renewed = client.keepAliveOnce(4n, { signal: giveUp.signal });
    await turn();
    const reason = new Error('enough');
    giveUp.abort(reason);
    await assert.rejects(renewed, reason);
    server.last.lose(errorFromServer(Code.UNAVAILABLE, 'Connection dropped'));
    clock.advance(1_000);
    assert.equal(server.streams.length, 1);
  });

  it('ends with the client, and is not begun after', async () => {
    const { client } = setUp();
    const renewed = client.keepAliveOnce(4n);
    client.close();
    await assert.rejects(renewed, ClosedError);
    await assert.rejects(client.keepAliveOnce(4n), ClosedError);
  });

  it('refuses what cannot be, by name', async () => {
    const { client } = setUp();
    await assert.rejects(
      client.keepAliveOnce(0n),
      (error: Error) => error instanceof InvalidInputError && /lease id is 0n/.test(error.message),
    );
    await assert.rejects(
      client.keepAliveOnce(1n, { timeoutMs: -1 }),
      (error: Error) => error instanceof InvalidInputError && /timeoutMs is -1/.test(error.message),
    );
  });
});

const heldFor = ttlMs * 0.98;

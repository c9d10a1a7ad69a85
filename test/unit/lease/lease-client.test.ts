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
const interval = ttlMs / 3;

function setUp() {
  const clock = new FakeClock();
  const server = new FakeLeases();
  const client = new LeaseClientImpl(server.calls, clock, () => 0);
  const hold = (id: bigint) => client.hold({ ttlSeconds, id });
  return { clock, server, client, hold };
}

/** Waits until pending promises have settled. */
const settlePromises = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The process is stopped after some readings of the clock. */
class StoppingClock extends FakeClock {
  #readings = Number.POSITIVE_INFINITY;
  #ms = 0;

  stopAfter(readings: number, ms: number): void {
    [this.#readings, this.#ms] = [readings, ms];
  }

  override now(): number {
    const now = super.now();
    if (--this.#readings === 0) this.jump(this.#ms);
    return now;
  }
}

describe('a held lease', () => {
  it('opens no stream before its first renewal is due, and keeps the process alive', async () => {
    const { clock, server, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(interval - 1);
    assert.equal(server.streams.length, 0);
    clock.advance(1);
    assert.deepEqual(server.lastStream.requests, [1n]);
    assert.equal(server.processRefs, 1);
    await lease.close();
    assert.equal(server.processRefs, 0);
  });

  it('stays held while its renewals are acknowledged, with one timer', async () => {
    const { clock, server, hold } = setUp();
    const leases = await Promise.all([hold(1n), hold(2n), hold(3n)]);
    for (let i = 1; i <= 10; i++) {
      clock.advance(interval);
      assert.equal(server.lastStream.requests.length, 3 * i);
      for (const { id } of leases) server.lastStream.reply(id, ttlSeconds);
      assert.ok(leases.every(({ held }) => held));
      assert.equal(clock.timers, 1);
    }
    assert.equal(server.streams.length, 1);
  });

  it('ends when held is read after a pause: its signal is aborted before held returns false', async () => {
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

  it('has aborted its signal when held is false, also if the process is stopped while held is read', async () => {
    for (let reads = 1; reads <= 4; reads++) {
      const clock = new StoppingClock();
      const lease = await new LeaseClientImpl(new FakeLeases().calls, clock, () => 0).hold({ ttlSeconds });
      const { signal } = lease;
      clock.stopAfter(reads, 2 * ttlMs);
      for (let i = 0; i < 4; i++)
        assert.equal(lease.held, !signal.aborted, `stopped after ${reads} readings`);
      assert.equal(lease.held, false);
    }
  });

  it('ends before a response is returned after a pause', async () => {
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

  it('stays held when expiry is checked before its end', async () => {
    const { clock, client, hold } = setUp();
    const lease = await hold(1n);
    clock.jump(ttlMs * 0.97);
    client.endExpired();
    assert.equal(lease.held, true);
    await lease.close();
  });

  it('returns an aborted signal after its end', async () => {
    const { hold } = setUp();
    const lease = await hold(1n);
    await lease.close();
    assert.equal(lease.signal.aborted, true);
    assert.deepEqual(lease.signal.reason, { reason: 'closed' });
  });

  it('is revoked by revoke() and by disposal, not by close(), and leaves no timer and no stream', async () => {
    const { clock, server, hold } = setUp();
    const [closed, revoked, disposed] = [await hold(1n), await hold(2n), await hold(3n)];
    clock.advance(interval);
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
    assert.equal(server.lastStream.endedBy, 'cancelled');
    assert.equal(clock.timers, 0);
    assert.equal(server.processRefs, 0);
  });

  it('ends as revoked when its id is revoked through the client, before the response', async () => {
    const { server, client, hold } = setUp();
    const lease = await hold(5n);
    const request = client.revoke(5n);
    assert.equal(lease.held, false);
    assert.deepEqual(await lease.ended, { reason: 'revoked' });
    await request;
    assert.deepEqual(server.revoked, [5n]);
  });

  it('ends as expired when its id is granted again, without ending the new lease', async () => {
    const { clock, server, hold } = setUp();
    const earlier = await hold(42n);
    clock.advance(500);
    const lease = await hold(42n);
    assert.deepEqual(await earlier.ended, { reason: 'expired' });
    assert.equal(earlier.held, false);
    await earlier.close();
    await earlier.revoke();
    assert.deepEqual(server.revoked, [], 'the id belongs to another lease');
    for (let i = 0; i < 10; i++) {
      clock.advance(interval);
      server.lastStream.reply(42n, ttlSeconds);
    }
    assert.equal(lease.held, true);
    await lease.close();
    assert.deepEqual(await lease.ended, { reason: 'closed' });
    assert.equal(server.processRefs, 0);
  });

  it('has aborted its signal when held is false in the abort listener of another lease', async () => {
    const { clock, hold } = setUp();
    const leases = await Promise.all([hold(1n), hold(2n), hold(3n)]);
    const seen: (readonly [held: boolean, aborted: boolean])[] = [];
    for (const { signal } of leases)
      signal.addEventListener('abort', () =>
        seen.push(...leases.map((lease) => [lease.held, lease.signal.aborted] as const)),
      );
    clock.jump(2 * ttlMs);
    assert.equal(leases[1]?.held, false);
    assert.deepEqual(seen, Array(9).fill([false, true]));
    for (const { ended } of leases) assert.equal((await ended).reason, 'lost-contact');
  });

  it('can be closed from the abort listener of another lease', async () => {
    const { clock, server, hold } = setUp();
    const [one, other] = [await hold(1n), await hold(2n)];
    one.signal.addEventListener('abort', () => void other.close());
    clock.advance(interval);
    server.lastStream.reply(1n, 0);
    assert.deepEqual(await one.ended, { reason: 'expired' });
    assert.deepEqual(await other.ended, { reason: 'closed' });
  });

  it('with a very long TTL sends nothing for a long time', async () => {
    const { clock, server, client } = setUp();
    const lease = await client.hold({ ttlSeconds: 7_000_000 });
    clock.advance(60_000);
    assert.equal(server.streams.length, 0);
    await lease.close();
  });

  it('is renewed through another member when its member is unresponsive, whose stream stays open at first', async () => {
    const { clock, server, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(interval);
    await settlePromises();
    clock.advance(interval);
    assert.equal(server.streams[0]?.isReportedUnresponsive, true);
    assert.equal(server.streams[0]?.endedBy, undefined);
    assert.equal(server.streams.length, 2);
    server.lastStream.reply(1n, ttlSeconds);
    assert.equal(server.streams[0]?.endedBy, 'cancelled');
    await lease.close();
  });

  it('gets a newer token than the refused one for the stream', async () => {
    const { clock, server, hold } = setUp();
    server.tokenGeneration = 3;
    const lease = await hold(1n);
    clock.advance(interval);
    await settlePromises();
    server.lastStream.lose(errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'));
    assert.deepEqual(
      server.refreshes.map(({ used }) => used),
      [3],
    );
    server.refreshes[0]?.resolve();
    await settlePromises();
    clock.advance(100);
    assert.equal(server.streams.length, 2);
    server.lastStream.reply(1n, ttlSeconds);
    assert.equal(lease.held, true);
    await lease.close();
  });
});

describe('keepAliveOnce', () => {
  it('returns the TTL, and keeps the process alive until the reply', async () => {
    const { server, client } = setUp();
    const renewed = client.keepAliveOnce(4n);
    await settlePromises();
    assert.equal(server.processRefs, 1);
    server.lastStream.reply(4n, 30);
    assert.deepEqual(withoutPrototypes(await renewed), { id: 4n, ttlSeconds: 30 });
    assert.equal(server.processRefs, 0);
  });

  it('shares one stream with other calls and with held leases', async () => {
    const { clock, server, client, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(interval - 100);
    const renewed = [client.keepAliveOnce(1n), client.keepAliveOnce(1n), client.keepAliveOnce(2n)];
    await settlePromises();
    clock.advance(100);
    assert.equal(server.streams.length, 1);
    assert.deepEqual(server.lastStream.requests, [1n, 1n, 2n, 1n]);
    for (const id of [1n, 2n, 1n, 1n]) server.lastStream.reply(id, ttlSeconds);
    await Promise.all(renewed);
    clock.jump(heldFor - 1);
    assert.equal(lease.held, true, 'the last reply is for the held lease');
    await lease.close();
  });

  it('of a lease that does not exist also ends the held lease with its id', async () => {
    const { clock, server, client, hold } = setUp();
    const lease = await hold(1n);
    clock.advance(1);
    const renewed = client.keepAliveOnce(1n);
    await settlePromises();
    server.lastStream.reply(1n, 0);
    await assert.rejects(renewed, LeaseNotFoundError);
    assert.deepEqual(await lease.ended, { reason: 'expired' });
  });

  it('times out with the last failure as its cause', async () => {
    const { clock, server, client } = setUp();
    const renewed = client.keepAliveOnce(4n, { timeoutMs: 1_000 });
    await settlePromises();
    const failure = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
    server.lastStream.lose(failure);
    clock.advance(1_000);
    await assert.rejects(renewed, (error) => error instanceof DeadlineError && error.cause === failure);
  });

  it('rejects with the reason of an abort, and is not sent again', async () => {
    const { clock, server, client } = setUp();
    const abort = new AbortController();
    const renewed = client.keepAliveOnce(4n, { signal: abort.signal });
    await settlePromises();
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(renewed, reason);
    server.lastStream.lose(errorFromServer(Code.UNAVAILABLE, 'Connection dropped'));
    clock.advance(1_000);
    assert.equal(server.streams.length, 1);
  });

  it('rejects with ClosedError when the client closes, and after it', async () => {
    const { client } = setUp();
    const renewed = client.keepAliveOnce(4n);
    client.close();
    await assert.rejects(renewed, ClosedError);
    await assert.rejects(client.keepAliveOnce(4n), ClosedError);
  });

  it('rejects an invalid id and an invalid timeout, which the error names', async () => {
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

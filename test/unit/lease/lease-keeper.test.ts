import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { KeepAliveStream } from '#src/lease/keep-alive-stream.js';
import { LeaseKeeper } from '#src/lease/lease-keeper.js';
import { FakeClock, FakeLeases } from './fakes.js';

const ttlMs = 9_000;
const third = ttlMs / 3;
const lost = () => errorFromServer(Code.UNAVAILABLE, 'Connection dropped');

function setUp() {
  const clock = new FakeClock();
  const server = new FakeLeases();
  const stream = new KeepAliveStream(server.calls, clock, () => 0.5);
  const revoked: bigint[] = [];
  const hold = (id: bigint) =>
    new LeaseKeeper(id, { sentAt: clock.now(), ttlMs }, stream, clock, () => {
      revoked.push(id);
      return Promise.resolve();
    });
  return { clock, server, stream, hold, revoked };
}

describe('a kept lease', () => {
  it('opens no stream before its first renewal is due', () => {
    const { clock, server, hold } = setUp();
    hold(1n);
    clock.advance(third - 1);
    assert.equal(server.streams.length, 0);
    clock.advance(1);
    assert.deepEqual(server.last.requests, [1n]);
  });

  it('is held as long as its renewals are answered', () => {
    const { clock, server, hold } = setUp();
    const lease = hold(1n);
    for (let i = 1; i <= 10; i++) {
      clock.advance(third);
      assert.equal(server.last.requests.length, i);
      server.last.answer(1n, 9);
      assert.equal(lease.held, true);
    }
    assert.equal(lease.signal.aborted, false);
  });

  it('ends as expired when etcd says it is gone, once, and stops its stream and timers', async () => {
    const { clock, server, hold } = setUp();
    const lease = hold(1n);
    clock.advance(third);
    server.last.answer(1n, 0);
    assert.deepEqual(await lease.ended, { reason: 'expired' });
    assert.deepEqual(lease.signal.reason, { reason: 'expired' });
    assert.equal(lease.held, false);
    assert.equal(server.last.over, 'cancelled');
    assert.equal(clock.timers, 0);
  });

  it('ends as lost contact, with the last trouble as its cause, before a correct server lets go of it', async () => {
    const { clock, server, hold } = setUp();
    const lease = hold(1n);
    clock.advance(third);
    const trouble = lost();
    server.last.lose(trouble);
    clock.advance(ttlMs - third - 1);
    assert.deepEqual(await lease.ended, { reason: 'lost-contact', cause: trouble });
  });

  it('ends when a late timer finds that time went by, and is known lost before that', async () => {
    const { clock, server, hold } = setUp();
    const lease = hold(1n);
    clock.jump(2 * ttlMs);
    assert.equal(lease.held, false);
    clock.advance(0);
    assert.deepEqual(await lease.ended, { reason: 'lost-contact' });
    assert.equal(server.streams.length, 0, 'nothing is renewed that may not be ours any more');
  });

  it('closed is not revoked, and revoked is gone', async () => {
    const { clock, server, hold, revoked } = setUp();
    const closed = hold(1n);
    const other = hold(2n);
    clock.advance(third);
    await closed.close();
    await closed.close();
    assert.deepEqual(await closed.ended, { reason: 'closed' });
    await closed[Symbol.asyncDispose]();
    assert.deepEqual(revoked, []);
    await other.revoke();
    assert.deepEqual(await other.ended, { reason: 'revoked' });
    assert.deepEqual(revoked, [2n]);
    assert.equal(server.last.over, 'cancelled');
    assert.equal(clock.timers, 0);
  });

  it('disposed is revoked', async () => {
    const { hold, revoked } = setUp();
    await hold(3n)[Symbol.asyncDispose]();
    assert.deepEqual(revoked, [3n]);
  });
});

describe('a keep-alive stream', () => {
  it('is one for all leases', () => {
    const { clock, server, hold } = setUp();
    hold(1n);
    hold(2n);
    clock.advance(third);
    assert.equal(server.streams.length, 1);
    assert.deepEqual(server.last.requests, [1n, 2n]);
  });

  it('that is lost is opened again after a pause, and what was due is renewed at once', () => {
    const { clock, server, hold } = setUp();
    hold(1n);
    clock.advance(third);
    server.last.lose(lost());
    assert.equal(server.streams.length, 1);
    clock.advance(50); // half of the first bound of 100 ms
    assert.equal(server.streams.length, 2);
    assert.deepEqual(server.last.requests, [1n]);
  });

  it('waits longer from loss to loss, up to 2 s, until something is answered', () => {
    const { clock, server, hold } = setUp();
    hold(1n);
    clock.advance(third);
    const pauses: number[] = [];
    for (let i = 0; i < 4; i++) {
      server.last.lose(lost());
      const before = clock.now();
      const streams = server.streams.length;
      while (server.streams.length === streams) clock.advance(1);
      pauses.push(clock.now() - before);
    }
    assert.deepEqual(pauses, [50, 100, 200, 400]);
    server.last.answer(1n, 9);
    server.last.lose(lost());
    clock.advance(third);
    assert.deepEqual(server.last.requests, [1n]);
  });

  it('matches answers to requests in their order, so that an old answer proves no more than it may', () => {
    const { clock, server, hold, stream } = setUp();
    const lease = hold(1n);
    clock.advance(third);
    const firstSent = clock.now();
    clock.advance(1_000);
    stream.renew(1n); // a second one under way
    clock.advance(1_000);
    server.last.answer(1n, 9);
    clock.jump(firstSent + ttlMs - clock.now());
    assert.equal(lease.held, false);
  });

  it('drops answers for a lease it does not keep', async () => {
    const { clock, server, hold } = setUp();
    const lease = hold(1n);
    clock.advance(third);
    server.last.answer(99n, 0);
    server.last.answer(1n, 9);
    server.last.answer(1n, 0);
    assert.equal(lease.held, true);
    await lease.close();
  });

  describe('whose member owes an answer for a third of the TTL', () => {
    it('is abandoned, and the renewal sent on another one', () => {
      const { clock, server, hold } = setUp();
      hold(1n);
      clock.advance(2 * third);
      assert.equal(server.streams[0]?.over, 'abandoned');
      assert.deepEqual(server.last.requests, [1n]);
      assert.equal(server.streams.length, 2);
    });

    it('is abandoned once, and what other leases asked on it is asked again at once', () => {
      const { clock, server, hold } = setUp();
      hold(1n);
      clock.advance(1_000);
      hold(2n); // a second behind the first
      clock.advance(third - 1_000); // renews 1
      clock.advance(1_000); // renews 2
      assert.deepEqual(server.last.requests, [1n, 2n]);
      clock.advance(third - 1_000); // 1 has waited for a third
      assert.equal(server.streams[0]?.over, 'abandoned');
      assert.deepEqual(new Set(server.last.requests), new Set([1n, 2n]));
      server.last.answer(1n, 9);
      server.last.answer(2n, 9);
      clock.advance(1_500); // when 2 alone would have lost patience with a stream that is gone
      assert.equal(server.streams.length, 2);
      assert.equal(server.last.over, undefined);
    });
  });
});

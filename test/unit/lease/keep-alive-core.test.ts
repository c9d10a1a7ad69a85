import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import {
  heldUntil,
  KeepAliveCore,
  type KeepAliveEffect,
  type KeepAliveInput,
} from '#src/lease/core/index.js';

const ttlMs = 9_000;
const interval = ttlMs / 3;
const connectionDropped = () => errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
const permissionDenied = () => errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');

/** A core without jitter, with a function for each input. */
function setUp() {
  const core = new KeepAliveCore(() => 0);
  const handle = (now: number, input: KeepAliveInput) => core.handle(input, now);
  const hold = (now: number, lease = 1n, sentAt = now, ms = ttlMs) =>
    handle(now, { type: 'hold', lease, sentAt, ttlMs: ms });
  const timer = (now: number) => handle(now, { type: 'timer' });
  const streamOpened = (now: number, stream = 1) => handle(now, { type: 'stream-opened', stream });
  const reply = (now: number, lease = 1n, stream = 1, ms = ttlMs) =>
    handle(now, { type: 'reply', stream, lease, ttlMs: ms });
  const streamLost = (now: number, error = connectionDropped(), stream = 1) =>
    handle(now, { type: 'stream-lost', stream, error });
  const renewOnce = (now: number, call = 1, lease = 1n, deadlineAt = now + 10_000) =>
    handle(now, { type: 'renew-once', call, lease, deadlineAt });
  return { core, handle, hold, timer, streamOpened, reply, streamLost, renewOnce };
}

const types = (effects: readonly KeepAliveEffect[]) => effects.map(({ type }) => type);
const timerAt = (effects: readonly KeepAliveEffect[]) =>
  effects.find((effect) => effect.type === 'set-timer')?.at;
const endedLeases = (effects: readonly KeepAliveEffect[]) =>
  effects.filter(({ type }) => type === 'end-lease');
const settledCalls = (effects: readonly KeepAliveEffect[]) =>
  effects.filter(({ type }) => type === 'settle-call');
const sentLeases = (effects: readonly KeepAliveEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.lease] : []));

describe('a held lease in the core', () => {
  it('is renewed a third of its TTL after its grant was sent, on a new stream', () => {
    const { hold, timer } = setUp();
    assert.equal(timerAt(hold(400, 1n, 0)), interval);
    assert.deepEqual(types(timer(interval)), ['open-stream', 'send', 'set-timer']);
  });

  it('is renewed up to a tenth earlier at random, never later', () => {
    const core = new KeepAliveCore(() => 0.999);
    const at = timerAt(core.handle({ type: 'hold', lease: 1n, sentAt: 0, ttlMs }, 0));
    assert.ok(at !== undefined && at < interval && at > interval * 0.85);
  });

  it('is renewed together with another lease that is nearly due', () => {
    const { hold, timer } = setUp();
    hold(0, 1n);
    hold(50, 2n);
    assert.deepEqual(sentLeases(timer(interval)), [1n, 2n]);
  });

  it('is held for its TTL from when the acknowledged request was sent, not from the reply', () => {
    const { core, hold, timer, streamOpened, reply } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    reply(interval + 2_000);
    assert.equal(core.isHeldAt(1n, heldUntil(interval, ttlMs) - 1), true);
    assert.equal(core.isHeldAt(1n, heldUntil(interval, ttlMs)), false);
    assert.ok(heldUntil(interval, ttlMs) < interval + ttlMs);
  });

  it('ends as expired after a reply with TTL 0', () => {
    const { hold, timer, reply, core } = setUp();
    hold(0);
    timer(interval);
    assert.deepEqual(endedLeases(reply(interval + 5, 1n, 1, 0)), [
      { type: 'end-lease', lease: 1n, end: { reason: 'expired' } },
    ]);
    assert.equal(core.isHeldAt(1n, interval + 6), false);
  });

  it('does not end after the reply to a request older than its grant', () => {
    const { handle, hold, renewOnce, reply } = setUp();
    renewOnce(0, 1, 7n);
    hold(100, 7n, 50);
    assert.deepEqual(endedLeases(reply(200, 7n, 1, 0)), []);
    handle(300, { type: 'release', lease: 7n, reason: 'closed' });
  });

  it('ends immediately if its grant took longer than its TTL', () => {
    const { hold } = setUp();
    assert.deepEqual(types(hold(ttlMs, 1n, 0)), ['end-lease']);
  });

  it('with a TTL of 7,000,000 s is checked once per third of it', () => {
    const { hold, timer } = setUp();
    const long = 7_000_000_000;
    assert.equal(timerAt(hold(0, 1n, 0, long)), long / 3);
    // Node's timers reach 24.8 days: a clock may fire early, which has no effect.
    assert.deepEqual(types(timer(2 ** 31 - 1)), ['set-timer']);
  });
});

describe('a lease whose id is held again', () => {
  it('ends as expired, and only the new lease is kept alive', () => {
    const { core, hold, timer } = setUp();
    hold(0);
    assert.deepEqual(endedLeases(hold(100)), [{ type: 'end-lease', lease: 1n, end: { reason: 'expired' } }]);
    assert.deepEqual(endedLeases(timer(heldUntil(0, ttlMs))), []);
    assert.equal(core.isHeldAt(1n, heldUntil(100, ttlMs) - 1), true);
    assert.deepEqual(endedLeases(timer(heldUntil(100, ttlMs))), [
      {
        type: 'end-lease',
        lease: 1n,
        end: { reason: 'lost-contact', unacknowledgedMs: heldUntil(0, ttlMs) },
      },
    ]);
  });

  it('does not end the new lease with a late reply or stream error of its own', () => {
    const { hold, timer, streamOpened, reply, streamLost } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    hold(interval + 20, 1n, interval - 10);
    assert.deepEqual(
      endedLeases(reply(interval + 30, 1n, 1, 0)),
      [],
      'the request was sent before the grant',
    );
    timer(2 * interval);
    hold(2 * interval + 20, 1n, 2 * interval + 10);
    const notFound = errorFromServer(Code.NOT_FOUND, 'etcdserver: requested lease not found');
    assert.deepEqual(endedLeases(streamLost(2 * interval + 30, notFound)), []);
  });
});

describe('a renewal without a reply', () => {
  it('is sent to another member after a third of the TTL, and the reply of either counts', () => {
    const { core, hold, timer, streamOpened, reply } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    assert.deepEqual(types(timer(2 * interval)), ['report-unresponsive', 'open-stream', 'send', 'set-timer']);
    assert.deepEqual(types(reply(2 * interval + 10, 1n, 1)), ['close-stream']);
    assert.equal(core.isHeldAt(1n, heldUntil(interval, ttlMs) - 1), true);
    streamOpened(2 * interval + 20, 2);
    reply(2 * interval + 30, 1n, 2);
    assert.equal(core.isHeldAt(1n, heldUntil(2 * interval, ttlMs) - 1), true);
  });

  it('moves the other renewals of its stream too, so that none reports the new member', () => {
    const { hold, timer, streamOpened } = setUp();
    hold(0, 1n);
    hold(1_000, 2n);
    timer(interval);
    streamOpened(interval);
    timer(interval + 1_000);
    assert.deepEqual(sentLeases(timer(2 * interval)), [1n, 2n]);
  });

  it('closes the silent stream when a reply arrives on the new stream', () => {
    const { hold, timer, streamOpened, reply } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    timer(2 * interval);
    streamOpened(2 * interval, 2);
    assert.deepEqual(reply(2 * interval + 10, 1n, 2)[0], { type: 'close-stream', stream: 1 });
  });

  it('has no response timeout until the stream has a member', () => {
    const { hold, timer, streamOpened } = setUp();
    hold(0);
    assert.equal(timerAt(timer(interval)), heldUntil(0, ttlMs));
    assert.equal(timerAt(streamOpened(interval + 1_000)), 2 * interval + 1_000);
  });

  it('ends the lease when it may have expired, with the last failure as the cause', () => {
    const { hold, timer, streamLost } = setUp();
    hold(0);
    timer(interval);
    const error = connectionDropped();
    streamLost(interval + 10, error);
    assert.deepEqual(endedLeases(timer(heldUntil(0, ttlMs))), [
      {
        type: 'end-lease',
        lease: 1n,
        end: { reason: 'lost-contact', unacknowledgedMs: heldUntil(0, ttlMs), cause: error },
      },
    ]);
  });

  it('is sent again on the next stream if its stream was lost', () => {
    const { hold, timer, streamLost } = setUp();
    hold(0);
    timer(interval);
    assert.deepEqual(types(streamLost(interval + 10)).slice(0, 3), ['close-stream', 'open-stream', 'send']);
  });
});

describe('a process that was paused', () => {
  for (const type of ['timer', 'check-expiry'] as const) {
    it(`for longer than its leases reports their end before anything else, on input ${type}`, () => {
      const { hold, handle } = setUp();
      hold(0, 1n);
      hold(0, 2n);
      assert.deepEqual(types(handle(2 * ttlMs, { type })).slice(0, 2), ['end-lease', 'end-lease']);
    });
  }

  it('reports the end of a lease before it settles a call with a reply that waited', () => {
    const { hold, renewOnce, streamOpened, reply } = setUp();
    hold(0);
    renewOnce(100);
    streamOpened(100);
    assert.deepEqual(types(reply(2 * ttlMs)).slice(0, 2), ['end-lease', 'settle-call']);
  });

  it('for a shorter time leaves time to read a reply that may have waited', () => {
    const { hold, timer, streamOpened, reply } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    assert.deepEqual(types(timer(2 * interval + 1_500)), ['set-timer'], 'the member is not reported');
    reply(2 * interval + 1_501);
    assert.deepEqual(types(timer(2 * interval + 1_600)).slice(0, 1), ['send']);
  });
});

describe('keepAliveOnce in the core', () => {
  it('shares the stream with a held lease of the same id, each with its own reply', () => {
    const { hold, timer, streamOpened, renewOnce, reply } = setUp();
    hold(0);
    timer(interval);
    streamOpened(interval);
    assert.deepEqual(types(renewOnce(interval + 10)), ['send']);
    assert.deepEqual(settledCalls(reply(interval + 20)), [], 'the first reply is for the held lease');
    assert.deepEqual(settledCalls(reply(interval + 30)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'renewed', ttlMs } },
    ]);
  });

  it('settles as not found if the lease does not exist', () => {
    const { renewOnce, reply } = setUp();
    renewOnce(0);
    assert.deepEqual(settledCalls(reply(10, 1n, 1, 0)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'not-found' } },
    ]);
  });

  it('is sent again when the stream is lost, until its deadline', () => {
    const { renewOnce, streamLost, timer } = setUp();
    renewOnce(0);
    const error = connectionDropped();
    assert.deepEqual(sentLeases(streamLost(10, error)), [1n]);
    streamLost(20, error, 2);
    assert.deepEqual(settledCalls(timer(10_000)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'deadline', cause: error } },
    ]);
  });

  describe('with a short deadline', () => {
    it('times out without reporting its member, which may have a long round trip', () => {
      const { renewOnce, streamOpened, timer } = setUp();
      renewOnce(0, 1, 1n, 300);
      assert.equal(timerAt(streamOpened(1)), undefined);
      assert.deepEqual(types(timer(300)).slice(0, 1), ['settle-call']);
    });

    it('detects a silent member together with the calls before it', () => {
      const { renewOnce, streamOpened, timer } = setUp();
      renewOnce(0, 1, 1n, 300);
      streamOpened(0);
      for (const from of [300, 600]) {
        timer(from);
        renewOnce(from, from, 1n, from + 300);
      }
      timer(900);
      assert.equal(timerAt(renewOnce(900, 4, 1n, 1_200)), 1_000);
      assert.deepEqual(types(timer(1_000)).slice(0, 3), ['report-unresponsive', 'open-stream', 'send']);
    });

    it('does not report a member that replies to other calls', () => {
      const { renewOnce, streamOpened, reply, timer } = setUp();
      renewOnce(0, 1, 1n, 10_000);
      renewOnce(0, 2, 2n, 1_500);
      streamOpened(0);
      reply(900, 1n);
      assert.deepEqual(types(timer(1_000)), ['set-timer']);
      assert.deepEqual(types(timer(1_500)).slice(0, 1), ['settle-call']);
    });
  });

  it('leaves the stream open for 5 s', () => {
    const { renewOnce, reply, timer } = setUp();
    renewOnce(0);
    assert.equal(timerAt(reply(10)), 5_010);
    assert.deepEqual(sentLeases(renewOnce(4_500, 2)), [1n]);
    assert.deepEqual(types(timer(5_010)), ['set-timer'], 'the stream is in use again');
    reply(5_020);
    assert.deepEqual(types(timer(10_000)), ['set-timer']);
    assert.deepEqual(types(timer(10_020)), ['close-stream']);
  });

  it('is not sent again after its caller aborted it', () => {
    const { renewOnce, handle, streamLost } = setUp();
    renewOnce(0);
    handle(5, { type: 'cancel-call', call: 1 });
    assert.deepEqual(sentLeases(streamLost(10)), []);
  });
});

describe('the end of a keep-alive stream', () => {
  it('because of one lease that the user may not renew ends only that lease', () => {
    const { hold, timer, streamOpened, streamLost, reply } = setUp();
    hold(0, 1n);
    hold(0, 2n);
    timer(interval);
    streamOpened(interval);
    const error = permissionDenied();
    const first = streamLost(interval + 10, error);
    assert.deepEqual(endedLeases(first), [], 'the error does not name the lease');
    assert.deepEqual(sentLeases(first), [1n], 'the first lease is renewed alone');
    const second = streamLost(interval + 20, error, 2);
    assert.deepEqual(endedLeases(second), [
      { type: 'end-lease', lease: 1n, end: { reason: 'unauthorized', cause: error } },
    ]);
    const later = timer(interval + 400);
    assert.deepEqual([...sentLeases(second), ...sentLeases(later)], [2n]);
    assert.deepEqual(endedLeases(reply(interval + 500, 2n, 3)), []);
  });

  it('because of one of several leases renews the next when the first is released', () => {
    const { handle, hold, timer, streamOpened, streamLost } = setUp();
    hold(0, 1n);
    hold(0, 2n);
    timer(interval);
    streamOpened(interval);
    assert.deepEqual(sentLeases(streamLost(interval + 10, permissionDenied())), [1n]);
    streamOpened(interval + 20, 2);
    assert.deepEqual(sentLeases(handle(interval + 30, { type: 'release', lease: 1n, reason: 'closed' })), [
      2n,
    ]);
  });

  it('because of an invalid token ends no lease and waits for a new token', () => {
    const { handle, hold, timer, streamLost } = setUp();
    hold(0);
    timer(interval);
    const error = errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');
    assert.deepEqual(types(streamLost(interval + 10, error)).slice(0, 2), ['refresh-token', 'close-stream']);
    assert.deepEqual(sentLeases(timer(interval + 3_000)), []);
    assert.deepEqual(sentLeases(handle(interval + 3_100, { type: 'token-refreshed' })), [1n]);
  });

  it('ends the leases as unauthorized if the user is refused', () => {
    const { handle, hold, timer, streamLost } = setUp();
    hold(0);
    timer(interval);
    streamLost(interval + 10, errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'));
    const error = errorFromServer(
      Code.INVALID_ARGUMENT,
      'etcdserver: authentication failed, invalid user ID or password',
    );
    assert.deepEqual(endedLeases(handle(interval + 90, { type: 'token-refresh-failed', error })), [
      { type: 'end-lease', lease: 1n, end: { reason: 'unauthorized', cause: error } },
    ]);
  });

  it('with "not a primary lessor" marks the member unhealthy', () => {
    const { hold, timer, streamLost } = setUp();
    hold(0);
    timer(interval);
    const effects = streamLost(interval + 10, errorFromServer(Code.UNKNOWN, 'not a primary lessor'));
    assert.deepEqual(types(effects).slice(0, 2), ['mark-unhealthy', 'close-stream']);
  });

  it('doubles the pause before the next stream until a reply arrives', () => {
    const core = new KeepAliveCore(() => 0.5);
    let now = 0;
    const handle = (input: KeepAliveInput) => core.handle(input, now);
    handle({ type: 'hold', lease: 1n, sentAt: 0, ttlMs: 60_000 });
    now = 20_000;
    handle({ type: 'timer' });
    const pauses: number[] = [];
    for (let stream = 1; stream <= 4; stream++) {
      const at = timerAt(handle({ type: 'stream-lost', stream, error: connectionDropped() }))!;
      pauses.push(at - now);
      now = at;
      assert.deepEqual(sentLeases(handle({ type: 'timer' })), [1n]);
    }
    assert.deepEqual(pauses, [50, 100, 200, 400]);
    handle({ type: 'reply', stream: 5, lease: 1n, ttlMs: 60_000 });
    handle({ type: 'renew-once', call: 1, lease: 1n, deadlineAt: now + 10_000 });
    assert.equal(timerAt(handle({ type: 'stream-lost', stream: 5, error: connectionDropped() })), now + 50);
  });
});

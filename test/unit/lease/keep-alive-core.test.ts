import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import {
  heldUntil,
  KeepAliveCore,
  type KeepAliveEffect,
  type KeepAliveInput,
} from '#src/lease/core/index.js';

const ttlMs = 9_000;
const third = ttlMs / 3;
const lost = () => errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
const denied = () => errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');

/** A core without jitter: what it is told, and what it wants done, in short. */
function setUp() {
  const core = new KeepAliveCore(() => 0);
  const give = (now: number, input: KeepAliveInput) => core.handle(input, now);
  const hold = (now: number, lease = 1n, sentAt = now, ms = ttlMs) =>
    give(now, { type: 'hold', lease, sentAt, ttlMs: ms });
  const timer = (now: number) => give(now, { type: 'timer' });
  const opened = (now: number, stream = 1) => give(now, { type: 'stream-opened', stream });
  const answer = (now: number, lease = 1n, stream = 1, ms = ttlMs) =>
    give(now, { type: 'reply', stream, lease, ttlMs: ms });
  const gone = (now: number, error = lost(), stream = 1) => give(now, { type: 'stream-lost', stream, error });
  const once = (now: number, call = 1, lease = 1n, until = now + 10_000) =>
    give(now, { type: 'renew-once', call, lease, deadlineAt: until });
  return { core, give, hold, timer, opened, answer, gone, once };
}

const types = (effects: readonly KeepAliveEffect[]) => effects.map(({ type }) => type);
const wakeAt = (effects: readonly KeepAliveEffect[]) =>
  effects.find((effect) => effect.type === 'set-timer')?.at;
const finishes = (effects: readonly KeepAliveEffect[]) => effects.filter(({ type }) => type === 'end-lease');
const settles = (effects: readonly KeepAliveEffect[]) => effects.filter(({ type }) => type === 'settle-call');
const sent = (effects: readonly KeepAliveEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.lease] : []));

describe('a lease that is kept', () => {
  it('is renewed a third of its TTL after its grant was sent, on a stream opened for that', () => {
    const { hold, timer } = setUp();
    assert.equal(wakeAt(hold(400, 1n, 0)), third);
    assert.deepEqual(types(timer(third)), ['open-stream', 'send', 'set-timer']);
  });

  it('is renewed a little earlier where chance will have it, never later', () => {
    const core = new KeepAliveCore(() => 0.999);
    const at = wakeAt(core.handle({ type: 'hold', lease: 1n, sentAt: 0, ttlMs }, 0));
    assert.ok(at !== undefined && at < third && at > third * 0.85);
  });

  it('shares a wake-up with another that is nearly due', () => {
    const { hold, timer } = setUp();
    hold(0, 1n);
    hold(50, 2n);
    assert.deepEqual(sent(timer(third)), [1n, 2n]);
  });

  it('is believed held from the sending of the acknowledged request, not from its answer', () => {
    const { core, hold, timer, opened, answer } = setUp();
    hold(0);
    timer(third);
    opened(third);
    answer(third + 2_000);
    assert.equal(core.isHeldAt(1n, heldUntil(third, ttlMs) - 1), true);
    assert.equal(core.isHeldAt(1n, heldUntil(third, ttlMs)), false);
    assert.ok(heldUntil(third, ttlMs) < third + ttlMs);
  });

  it('ends as expired by an answer with TTL 0', () => {
    const { hold, timer, answer, core } = setUp();
    hold(0);
    timer(third);
    assert.deepEqual(finishes(answer(third + 5, 1n, 1, 0)), [
      { type: 'end-lease', lease: 1n, end: { reason: 'expired' } },
    ]);
    assert.equal(core.isHeldAt(1n, third + 6), false);
  });

  it('is not ended by the answer to a request older than its grant', () => {
    const { give, hold, once, answer } = setUp();
    once(0, 1, 7n);
    hold(100, 7n, 50);
    assert.deepEqual(finishes(answer(200, 7n, 1, 0)), []);
    give(300, { type: 'release', lease: 7n, reason: 'closed' });
  });

  it('whose grant took longer than its time is over at once', () => {
    const { hold } = setUp();
    assert.deepEqual(types(hold(ttlMs, 1n, 0)), ['end-lease']);
  });

  it('of 7,000,000 s is looked at once in a third of that', () => {
    const { hold, timer } = setUp();
    const long = 7_000_000_000;
    assert.equal(wakeAt(hold(0, 1n, 0, long)), long / 3);
    // Node's timers reach 24.8 days: a clock may fire early, and nothing comes of it.
    assert.deepEqual(types(timer(2 ** 31 - 1)), ['set-timer']);
  });
});

describe('a lease whose id is held again', () => {
  it('ends as expired, and the new one alone is looked after', () => {
    const { core, hold, timer } = setUp();
    hold(0);
    assert.deepEqual(finishes(hold(100)), [{ type: 'end-lease', lease: 1n, end: { reason: 'expired' } }]);
    assert.deepEqual(finishes(timer(heldUntil(0, ttlMs))), []);
    assert.equal(core.isHeldAt(1n, heldUntil(100, ttlMs) - 1), true);
    assert.deepEqual(finishes(timer(heldUntil(100, ttlMs))), [
      {
        type: 'end-lease',
        lease: 1n,
        end: { reason: 'lost-contact', unacknowledgedMs: heldUntil(0, ttlMs) },
      },
    ]);
  });

  it('does not end the new one by an answer, nor by the end of a stream, that was its own', () => {
    const { hold, timer, opened, answer, gone } = setUp();
    hold(0);
    timer(third);
    opened(third);
    hold(third + 20, 1n, third - 10);
    assert.deepEqual(
      finishes(answer(third + 30, 1n, 1, 0)),
      [],
      'it was not granted yet when this was asked',
    );
    timer(2 * third);
    hold(2 * third + 20, 1n, 2 * third + 10);
    const notFound = errorFromServer(Code.NOT_FOUND, 'etcdserver: requested lease not found');
    assert.deepEqual(finishes(gone(2 * third + 30, notFound)), []);
  });
});

describe('a renewal that is not answered', () => {
  it('is asked of another member after a third of the TTL, and either answer counts', () => {
    const { core, hold, timer, opened, answer } = setUp();
    hold(0);
    timer(third);
    opened(third);
    assert.deepEqual(types(timer(2 * third)), ['report-unresponsive', 'open-stream', 'send', 'set-timer']);
    assert.deepEqual(types(answer(2 * third + 10, 1n, 1)), ['close-stream']);
    assert.equal(core.isHeldAt(1n, heldUntil(third, ttlMs) - 1), true);
    opened(2 * third + 20, 2);
    answer(2 * third + 30, 1n, 2);
    assert.equal(core.isHeldAt(1n, heldUntil(2 * third, ttlMs) - 1), true);
  });

  it('takes the others of its stream along, so that none blames the new member', () => {
    const { hold, timer, opened } = setUp();
    hold(0, 1n);
    hold(1_000, 2n);
    timer(third);
    opened(third);
    timer(third + 1_000);
    assert.deepEqual(sent(timer(2 * third)), [1n, 2n]);
  });

  it('lets go of the silent stream when the new one answers', () => {
    const { hold, timer, opened, answer } = setUp();
    hold(0);
    timer(third);
    opened(third);
    timer(2 * third);
    opened(2 * third, 2);
    assert.deepEqual(answer(2 * third + 10, 1n, 2)[0], { type: 'close-stream', stream: 1 });
  });

  it('is owed by nobody as long as no member was found', () => {
    const { hold, timer, opened } = setUp();
    hold(0);
    assert.equal(wakeAt(timer(third)), heldUntil(0, ttlMs));
    assert.equal(wakeAt(opened(third + 1_000)), 2 * third + 1_000);
  });

  it('until the lease may have run out ends it, with the last trouble as the cause', () => {
    const { hold, timer, gone } = setUp();
    hold(0);
    timer(third);
    const error = lost();
    gone(third + 10, error);
    assert.deepEqual(finishes(timer(heldUntil(0, ttlMs))), [
      {
        type: 'end-lease',
        lease: 1n,
        end: { reason: 'lost-contact', unacknowledgedMs: heldUntil(0, ttlMs), cause: error },
      },
    ]);
  });

  it('because its stream was lost is sent again on the next', () => {
    const { hold, timer, gone } = setUp();
    hold(0);
    timer(third);
    assert.deepEqual(types(gone(third + 10)).slice(0, 3), ['close-stream', 'open-stream', 'send']);
  });
});

describe('a process that was paused', () => {
  for (const type of ['timer', 'check-expiry'] as const) {
    it(`past the end of its leases tells so before anything else, on a ${type}`, () => {
      const { hold, give } = setUp();
      hold(0, 1n);
      hold(0, 2n);
      assert.deepEqual(types(give(2 * ttlMs, { type })).slice(0, 2), ['end-lease', 'end-lease']);
    });
  }

  it('tells so before it settles a call with an answer that waited, though that answer is good', () => {
    const { hold, once, opened, answer } = setUp();
    hold(0);
    once(100);
    opened(100);
    assert.deepEqual(types(answer(2 * ttlMs)).slice(0, 2), ['end-lease', 'settle-call']);
  });

  it('for less gives the answer that may have waited the time to be read', () => {
    const { hold, timer, opened, answer } = setUp();
    hold(0);
    timer(third);
    opened(third);
    assert.deepEqual(types(timer(2 * third + 1_500)), ['set-timer'], 'the member is not blamed');
    answer(2 * third + 1_501);
    assert.deepEqual(types(timer(2 * third + 1_600)).slice(0, 1), ['send']);
  });
});

describe('a keep-alive-once', () => {
  it('shares stream and answers with the keeper, each taking its own', () => {
    const { hold, timer, opened, once, answer } = setUp();
    hold(0);
    timer(third);
    opened(third);
    assert.deepEqual(types(once(third + 10)), ['send']);
    assert.deepEqual(settles(answer(third + 20)), [], 'the first answer is the keeper’s');
    assert.deepEqual(settles(answer(third + 30)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'renewed', ttlMs } },
    ]);
  });

  it('is told of a lease that is not there', () => {
    const { once, answer } = setUp();
    once(0);
    assert.deepEqual(settles(answer(10, 1n, 1, 0)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'not-found' } },
    ]);
  });

  it('is sent again when the stream is lost, until its time is over', () => {
    const { once, gone, timer } = setUp();
    once(0);
    const error = lost();
    assert.deepEqual(sent(gone(10, error)), [1n]);
    gone(20, error, 2);
    assert.deepEqual(settles(timer(10_000)), [
      { type: 'settle-call', call: 1, lease: 1n, outcome: { type: 'deadline', cause: error } },
    ]);
  });

  describe('with a short deadline', () => {
    it('is late without a word against its member, which may be far away', () => {
      const { once, opened, timer } = setUp();
      once(0, 1, 1n, 300);
      assert.equal(wakeAt(opened(1)), undefined);
      assert.deepEqual(types(timer(300)).slice(0, 1), ['settle-call']);
    });

    it('finds out together with those before it that a member is silent', () => {
      const { once, opened, timer } = setUp();
      once(0, 1, 1n, 300);
      opened(0);
      for (const from of [300, 600]) {
        timer(from);
        once(from, from, 1n, from + 300);
      }
      timer(900);
      assert.equal(wakeAt(once(900, 4, 1n, 1_200)), 1_000);
      assert.deepEqual(types(timer(1_000)).slice(0, 3), ['report-unresponsive', 'open-stream', 'send']);
    });

    it('is patient with a member that answers others', () => {
      const { once, opened, answer, timer } = setUp();
      once(0, 1, 1n, 10_000);
      once(0, 2, 2n, 1_500);
      opened(0);
      answer(900, 1n);
      assert.deepEqual(types(timer(1_000)), ['set-timer']);
      assert.deepEqual(types(timer(1_500)).slice(0, 1), ['settle-call']);
    });
  });

  it('leaves the stream open for the next one for a while, and no longer', () => {
    const { once, answer, timer } = setUp();
    once(0);
    assert.equal(wakeAt(answer(10)), 5_010);
    assert.deepEqual(sent(once(4_500, 2)), [1n]);
    assert.deepEqual(types(timer(5_010)), ['set-timer'], 'it is needed again');
    answer(5_020);
    assert.deepEqual(types(timer(10_000)), ['set-timer']);
    assert.deepEqual(types(timer(10_020)), ['close-stream']);
  });

  it('that its caller left is not sent again', () => {
    const { once, give, gone } = setUp();
    once(0);
    give(5, { type: 'cancel-call', call: 1 });
    assert.deepEqual(sent(gone(10)), []);
  });
});

describe('the end of a stream', () => {
  it('for one lease that the user may not renew ends that lease alone', () => {
    const { hold, timer, opened, gone, answer } = setUp();
    hold(0, 1n);
    hold(0, 2n);
    timer(third);
    opened(third);
    const error = denied();
    const again = gone(third + 10, error);
    assert.deepEqual(finishes(again), [], 'nobody says whom it is about');
    assert.deepEqual(sent(again), [1n], 'the first is asked alone');
    const told = gone(third + 20, error, 2);
    assert.deepEqual(finishes(told), [
      { type: 'end-lease', lease: 1n, end: { reason: 'unauthorized', cause: error } },
    ]);
    const rest = timer(third + 400);
    assert.deepEqual([...sent(told), ...sent(rest)], [2n]);
    assert.deepEqual(finishes(answer(third + 500, 2n, 3)), []);
  });

  it('for one of several asks the next when nobody waits for the first any more, answered or not', () => {
    const { give, hold, timer, opened, gone } = setUp();
    hold(0, 1n);
    hold(0, 2n);
    timer(third);
    opened(third);
    assert.deepEqual(sent(gone(third + 10, denied())), [1n]);
    opened(third + 20, 2);
    assert.deepEqual(sent(give(third + 30, { type: 'release', lease: 1n, reason: 'closed' })), [2n]);
  });

  it('for an old token waits for a new one, and no lease is the worse for it', () => {
    const { give, hold, timer, gone } = setUp();
    hold(0);
    timer(third);
    const error = errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');
    assert.deepEqual(types(gone(third + 10, error)).slice(0, 2), ['refresh-token', 'close-stream']);
    assert.deepEqual(sent(timer(third + 3_000)), []);
    assert.deepEqual(sent(give(third + 3_100, { type: 'token-refreshed' })), [1n]);
  });

  it('whose user is turned down for good ends the leases as unauthorized', () => {
    const { give, hold, timer, gone } = setUp();
    hold(0);
    timer(third);
    gone(third + 10, errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token'));
    const error = errorFromServer(
      Code.INVALID_ARGUMENT,
      'etcdserver: authentication failed, invalid user ID or password',
    );
    assert.deepEqual(finishes(give(third + 90, { type: 'token-refresh-failed', error })), [
      { type: 'end-lease', lease: 1n, end: { reason: 'unauthorized', cause: error } },
    ]);
  });

  it('by a member that is not sure to lead blames that member', () => {
    const { hold, timer, gone } = setUp();
    hold(0);
    timer(third);
    const effects = gone(third + 10, errorFromServer(Code.UNKNOWN, 'not a primary lessor'));
    assert.deepEqual(types(effects).slice(0, 2), ['mark-unhealthy', 'close-stream']);
  });

  it('makes the next one wait longer each time, until something is answered', () => {
    const core = new KeepAliveCore(() => 0.5);
    let now = 0;
    const give = (input: KeepAliveInput) => core.handle(input, now);
    give({ type: 'hold', lease: 1n, sentAt: 0, ttlMs: 60_000 });
    now = 20_000;
    give({ type: 'timer' });
    const pauses: number[] = [];
    for (let stream = 1; stream <= 4; stream++) {
      const at = wakeAt(give({ type: 'stream-lost', stream, error: lost() }))!;
      pauses.push(at - now);
      now = at;
      assert.deepEqual(sent(give({ type: 'timer' })), [1n]);
    }
    assert.deepEqual(pauses, [50, 100, 200, 400]);
    give({ type: 'reply', stream: 5, lease: 1n, ttlMs: 60_000 });
    give({ type: 'renew-once', call: 1, lease: 1n, deadlineAt: now + 10_000 });
    assert.equal(wakeAt(give({ type: 'stream-lost', stream: 5, error: lost() })), now + 50);
  });
});

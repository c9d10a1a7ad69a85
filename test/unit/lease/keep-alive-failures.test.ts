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
const dropped = () => errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
const notFound = () => errorFromServer(Code.NOT_FOUND, 'etcdserver: requested lease not found');
const denied = () => errorFromServer(Code.PERMISSION_DENIED, 'etcdserver: permission denied');
const invalidToken = () => errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');

/** A core and its stream. Its time moves only with the inputs, and each effect is performed at once. */
class Keeper {
  readonly core = new KeepAliveCore(() => 0);
  readonly sent: string[] = [];
  readonly ended: string[] = [];
  readonly settled: string[] = [];
  readonly streams: string[] = [];
  now = 0;
  timerAt = Number.POSITIVE_INFINITY;

  handle(input: KeepAliveInput): readonly KeepAliveEffect[] {
    const effects = this.core.handle(input, this.now);
    for (const effect of effects) this.#perform(effect);
    return effects;
  }

  #perform(effect: KeepAliveEffect): void {
    switch (effect.type) {
      case 'send':
        this.sent.push(`${effect.lease}@${effect.stream}`);
        return;
      case 'end-lease':
        this.ended.push(`${effect.lease} ${effect.end.reason}`);
        return;
      case 'settle-call':
        this.settled.push(`${effect.call} ${effect.outcome.type}`);
        return;
      case 'set-timer':
        this.timerAt = effect.at;
        return;
      default:
        this.streams.push(`${effect.type} ${'stream' in effect ? effect.stream : ''}`);
    }
  }

  hold(...leases: bigint[]): void {
    for (const lease of leases) this.handle({ type: 'hold', lease, sentAt: this.now, ttlMs });
  }

  renewOnce(call: number, lease: bigint, deadlineAt = this.now + 10_000): void {
    this.handle({ type: 'renew-once', call, lease, deadlineAt });
  }

  opened(stream: number): void {
    this.handle({ type: 'stream-opened', stream });
  }

  reply(lease: bigint, stream: number, ms = ttlMs): void {
    this.handle({ type: 'reply', stream, lease, ttlMs: ms });
  }

  lost(stream: number, error = dropped()): void {
    this.handle({ type: 'stream-lost', stream, error });
  }

  /** The timer fires each time it is due. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let fired = 0; this.timerAt <= until; fired++) {
      assert.ok(fired < 1_000, 'the timer is set again and again');
      this.now = Math.max(this.now, this.timerAt);
      this.timerAt = Number.POSITIVE_INFINITY;
      this.handle({ type: 'timer' });
    }
    this.now = until;
  }

  /** What was sent since the last call. */
  takeSent(): string {
    return this.sent.splice(0).join();
  }
}

describe('a stream that etcd ends because of one of several leases', () => {
  let keeper: Keeper;
  /** Leases 1, 2 and 3 have a request pending on stream 1, which is then lost. */
  const lose = (error = notFound()) => {
    keeper = new Keeper();
    keeper.hold(1n, 2n, 3n);
    keeper.pass(interval);
    keeper.opened(1);
    assert.equal(keeper.takeSent(), '1@1,2@1,3@1');
    keeper.lost(1, error);
    keeper.pass(0);
  };

  for (const [error, reason] of [
    [notFound, 'expired'],
    [denied, 'unauthorized'],
  ] as const) {
    it(`renews each alone, and ends the one that is refused again as ${reason}`, () => {
      lose(error());
      assert.deepEqual([keeper.takeSent(), keeper.ended], ['1@2', []]);
      keeper.opened(2);
      keeper.reply(1n, 2);
      assert.equal(keeper.takeSent(), '2@2');
      keeper.lost(2, error());
      keeper.pass(1_000);
      assert.deepEqual(keeper.ended, [`2 ${reason}`]);
      assert.equal(keeper.takeSent(), '3@3');
      keeper.reply(3n, 3);
      assert.equal(keeper.core.isHeldAt(1n, keeper.now) && keeper.core.isHeldAt(3n, keeper.now), true);
    });
  }

  it('renews them together again after each was renewed alone', () => {
    lose();
    for (const lease of [1n, 2n, 3n]) {
      assert.equal(keeper.takeSent(), `${lease}@2`);
      keeper.reply(lease, 2);
    }
    keeper.pass(interval);
    assert.deepEqual(keeper.takeSent().split(',').sort(), ['1@2', '2@2', '3@2']);
  });

  it('renews each alone still if that stream is lost for another reason', () => {
    lose();
    keeper.lost(2);
    keeper.pass(1_000);
    assert.deepEqual([keeper.sent.shift(), keeper.ended], ['1@2', []]);
    const renewed = [1, 2, 3].map(() => {
      const lease = keeper.takeSent();
      assert.match(lease, /^\d@3$/, 'one at a time');
      keeper.reply(BigInt(lease.slice(0, 1)), 3);
      return lease;
    });
    assert.deepEqual(renewed.sort(), ['1@3', '2@3', '3@3']);
  });

  it('renews the remaining ones together when all suspects were released', () => {
    lose();
    keeper.reply(1n, 2);
    keeper.takeSent();
    keeper.reply(2n, 2);
    keeper.takeSent();
    keeper.handle({ type: 'release', lease: 3n, reason: 'closed' });
    keeper.reply(3n, 2, 0);
    keeper.pass(interval);
    assert.deepEqual(keeper.takeSent().split(',').sort(), ['1@2', '2@2']);
  });

  it('does not separate leases after an error that is about none of them', () => {
    lose(dropped());
    assert.equal(keeper.takeSent(), '1@2,2@2,3@2');
    assert.deepEqual(keeper.ended, []);
  });
});

describe('a keepAliveOnce call for a lease that etcd refuses', () => {
  it('is rejected together with the end of the held lease, and no other call is', () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.renewOnce(1, 1n);
    keeper.renewOnce(2, 1n);
    keeper.opened(1);
    keeper.lost(1, notFound());
    assert.deepEqual([keeper.ended, keeper.settled], [['1 expired'], ['1 refused', '2 refused']]);
    keeper.renewOnce(3, 1n);
    keeper.renewOnce(4, 2n);
    keeper.pass(200);
    keeper.reply(2n, 2);
    keeper.lost(2, denied());
    assert.deepEqual(keeper.settled.slice(2), ['4 renewed', '3 refused']);
  });

  it('is rejected alone when calls for several leases are pending', () => {
    const keeper = new Keeper();
    keeper.renewOnce(1, 1n);
    keeper.renewOnce(2, 2n);
    keeper.opened(1);
    keeper.lost(1, denied());
    assert.deepEqual([keeper.settled, keeper.takeSent()], [[], '1@1,2@1,1@2']);
    keeper.lost(2, denied());
    keeper.pass(1_000);
    assert.deepEqual([keeper.settled, keeper.takeSent()], [['1 refused'], '2@3']);
  });

  it('is rejected with the error', () => {
    const keeper = new Keeper();
    keeper.renewOnce(1, 1n);
    const error = denied();
    const effects = keeper.handle({ type: 'stream-lost', stream: 1, error });
    const settled = effects.find(({ type }) => type === 'settle-call');
    assert.deepEqual(settled, {
      type: 'settle-call',
      call: 1,
      lease: 1n,
      outcome: { type: 'refused', error },
    });
  });

  it('is settled by the reply to its own request, however many there are', () => {
    const keeper = new Keeper();
    for (const call of [1, 2, 3]) keeper.renewOnce(call, 1n);
    keeper.opened(1);
    for (let replies = 1; replies <= 3; replies++) {
      keeper.reply(1n, 1);
      assert.equal(keeper.settled.length, replies);
    }
    assert.deepEqual(keeper.settled, ['1 renewed', '2 renewed', '3 renewed']);
  });
});

describe('a stream whose token is invalid', () => {
  it('is opened again when there is a new token', () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.pass(interval);
    keeper.lost(1, invalidToken());
    keeper.pass(2_000);
    assert.equal(keeper.takeSent(), '1@1');
    assert.ok(keeper.streams.includes('refresh-token 1'));
    keeper.handle({ type: 'token-refreshed' });
    assert.equal(keeper.takeSent(), '1@2');
  });

  it('is opened again after a failure to get a token that may not last', () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.renewOnce(1, 2n);
    keeper.lost(1, invalidToken());
    keeper.handle({ type: 'token-refresh-failed', error: dropped() });
    assert.deepEqual([keeper.ended, keeper.settled, keeper.takeSent()], [[], [], '2@1,2@2']);
  });

  it('ends every lease and call if the user is refused', () => {
    const keeper = new Keeper();
    keeper.hold(1n, 2n);
    keeper.renewOnce(1, 3n);
    keeper.lost(1, invalidToken());
    keeper.handle({ type: 'token-refresh-failed', error: denied() });
    assert.deepEqual(keeper.ended, ['1 unauthorized', '2 unauthorized']);
    assert.deepEqual(keeper.settled, ['1 refused']);
  });
});

describe('closing the lease client', () => {
  it('ends every lease and call, and the stream', () => {
    const keeper = new Keeper();
    keeper.hold(1n, 2n);
    keeper.renewOnce(1, 3n);
    keeper.handle({ type: 'close' });
    assert.deepEqual(keeper.ended, ['1 closed', '2 closed']);
    assert.deepEqual(keeper.settled, ['1 closed']);
    assert.equal(keeper.streams.at(-1), 'close-stream 1');
  });

  it('closes no stream if there is none', () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.handle({ type: 'close' });
    assert.deepEqual(keeper.streams, []);
  });
});

describe('a member that does not reply', () => {
  /** Lease 1 is renewed on stream 1, whose member is silent, and then on stream 2. */
  const silent = () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.pass(interval);
    keeper.opened(1);
    keeper.pass(interval);
    assert.deepEqual(keeper.streams, ['open-stream 1', 'report-unresponsive 1', 'open-stream 2']);
    assert.equal(keeper.takeSent(), '1@1,1@2');
    return keeper;
  };

  it('may end its stream without effect on the renewals of the new one', () => {
    const keeper = silent();
    keeper.lost(1);
    assert.deepEqual([keeper.streams.at(-1), keeper.takeSent(), keeper.ended], ['close-stream 1', '', []]);
    keeper.reply(1n, 2);
    keeper.pass(interval);
    assert.equal(keeper.takeSent(), '1@2');
  });

  it('ends the lease if it refuses that late', () => {
    const keeper = silent();
    keeper.lost(1, notFound());
    assert.deepEqual(keeper.ended, ['1 expired']);
  });

  it('keeps the lease by a late reply, after which nothing is sent again', () => {
    const keeper = silent();
    keeper.reply(1n, 1);
    assert.equal(keeper.core.isHeldAt(1n, heldUntil(interval, ttlMs) - 1), true);
    assert.equal(keeper.streams.at(-1), 'close-stream 1', 'it has no other request');
    assert.equal(keeper.takeSent(), '');
  });

  describe('of several leases', () => {
    const several = () => {
      const keeper = new Keeper();
      keeper.hold(1n, 2n);
      keeper.pass(interval);
      keeper.opened(1);
      keeper.pass(interval);
      assert.equal(keeper.streams.at(-1), 'open-stream 2');
      return keeper;
    };

    it('keeps its stream until it has replied for each, or the new member replies', () => {
      const slow = several();
      slow.reply(1n, 1);
      assert.equal(slow.streams.at(-1), 'open-stream 2');
      slow.reply(2n, 1);
      assert.equal(slow.streams.at(-1), 'close-stream 1');
      const replaced = several();
      replaced.reply(1n, 2);
      assert.equal(replaced.streams.at(-1), 'close-stream 1');
    });
  });

  it('is ignored after its stream was closed', () => {
    const keeper = silent();
    keeper.reply(1n, 2);
    const before = keeper.streams.length;
    keeper.reply(1n, 1, 0);
    keeper.lost(1, notFound());
    keeper.opened(1);
    assert.deepEqual([keeper.ended, keeper.streams.length], [[], before]);
  });
});

describe('several leases', () => {
  it('end each at its own time without contact, and keep being checked', () => {
    const keeper = new Keeper();
    keeper.hold(1n);
    keeper.now = 500;
    keeper.hold(2n);
    keeper.now = 900;
    keeper.hold(3n);
    const end = heldUntil(0, ttlMs);
    for (const [at, count] of [
      [end - 1, 0],
      [end, 1],
      [end + 499, 1],
      [end + 500, 2],
      [end + 900, 3],
    ] as const) {
      keeper.now = at;
      keeper.handle({ type: 'check-expiry' });
      assert.equal(keeper.ended.length, count, `at ${at}`);
    }
  });

  it('are asked for again soon if one of them has a short TTL', () => {
    const keeper = new Keeper();
    keeper.core.handle({ type: 'hold', lease: 9n, sentAt: 0, ttlMs: 600 }, 0);
    const random = new KeepAliveCore(() => 0.999);
    for (const lease of [1n, 2n]) random.handle({ type: 'hold', lease, sentAt: 0, ttlMs: 1_200 }, 0);
    random.handle({ type: 'hold', lease: 3n, sentAt: 0, ttlMs: 90_000 }, 0);
    let now = 400;
    random.handle({ type: 'timer' }, now);
    let at = 0;
    for (let stream = 1; stream <= 4; stream++) {
      const effects = random.handle({ type: 'stream-lost', stream, error: dropped() }, now);
      at = effects.find((effect) => effect.type === 'set-timer')?.at ?? at;
      assert.ok(at - now <= 200, `a pause of ${at - now} ms`);
      now = at;
      random.handle({ type: 'timer' }, now);
    }
  });
});

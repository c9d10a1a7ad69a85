import assert from 'node:assert/strict';
import fc from 'fast-check';
import { heldUntil, LeaseCore, type LeaseEffect } from '#src/lease/core/index.js';

const ttlMs = 9_000;
const third = ttlMs / 3;

/** A core whose grant was sent at 0. */
const granted = () => new LeaseCore(0, ttlMs);
const types = (effects: readonly LeaseEffect[]) => effects.map(({ type }) => type);

describe('a lease that was granted', () => {
  it('waits for a third of its TTL, counted from when the grant was sent', () => {
    const core = granted();
    assert.deepEqual(core.handle({ type: 'timer', now: 400 }), [{ type: 'wake-at', at: third }]);
    assert.deepEqual(types(core.handle({ type: 'timer', now: third - 1 })), ['wake-at']);
    assert.deepEqual(core.handle({ type: 'timer', now: third }), [
      { type: 'renew' },
      { type: 'wake-at', at: 2 * third },
    ]);
  });

  it('is renewed a third of its TTL after each renewal that was acknowledged', () => {
    const core = granted();
    core.handle({ type: 'timer', now: third });
    core.handle({ type: 'sent', now: third });
    assert.deepEqual(core.handle({ type: 'acked', now: third + 20, sentAt: third, ttlMs }), [
      { type: 'wake-at', at: 2 * third },
    ]);
    assert.deepEqual(types(core.handle({ type: 'timer', now: 2 * third })), ['renew', 'wake-at']);
  });

  it('takes the TTL of each answer', () => {
    const core = granted();
    core.handle({ type: 'sent', now: 100 });
    assert.deepEqual(core.handle({ type: 'acked', now: 4_000, sentAt: 3_500, ttlMs: 30_000 }), [
      { type: 'wake-at', at: 13_500 },
    ]);
    assert.equal(core.ttlMs, 30_000);
  });
});

describe('a lease is believed held', () => {
  it('from the sending of the acknowledged request, not from its answer, and a little less than the TTL', () => {
    const core = granted();
    core.handle({ type: 'sent', now: 3_000 });
    core.handle({ type: 'acked', now: 8_000, sentAt: 3_000, ttlMs });
    assert.equal(core.heldAt(heldUntil(3_000, ttlMs) - 1), true);
    assert.equal(core.heldAt(heldUntil(3_000, ttlMs)), false);
    assert.ok(heldUntil(3_000, ttlMs) < 3_000 + ttlMs);
  });

  it('never past the sending of an acknowledged request plus its TTL, whatever happens in between', () => {
    const step = fc.record({
      after: fc.integer({ min: 0, max: 4_000 }),
      what: fc.constantFrom('timer', 'sent', 'acked', 'late-ack', 'stream-lost'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const core = granted();
        let now = 0;
        let lastSent = 0;
        let proven = ttlMs;
        for (const { after, what } of steps) {
          now += after;
          if (what === 'sent') {
            lastSent = now;
            core.handle({ type: 'sent', now });
          } else if (what === 'acked' || what === 'late-ack') {
            const sentAt = what === 'acked' ? lastSent : Math.max(0, lastSent - 5_000);
            if (core.handle({ type: 'acked', now, sentAt, ttlMs }).length > 0) {
              proven = Math.max(proven, sentAt + ttlMs);
            }
          } else {
            core.handle({ type: what as 'timer' | 'stream-lost', now });
          }
          assert.equal(core.heldAt(proven), false);
          assert.equal(core.heldAt(now) && now >= proven, false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('no longer after it was closed', () => {
    const core = granted();
    assert.equal(core.heldAt(1), true);
    core.close();
    assert.equal(core.heldAt(1), false);
    assert.deepEqual(core.handle({ type: 'timer', now: third }), []);
  });
});

describe('a renewal that is not answered', () => {
  it('for a third of the TTL is asked of another member', () => {
    const core = granted();
    core.handle({ type: 'timer', now: third });
    core.handle({ type: 'sent', now: third });
    assert.deepEqual(types(core.handle({ type: 'timer', now: 2 * third - 1 })), ['wake-at']);
    const effects = core.handle({ type: 'timer', now: 2 * third });
    assert.deepEqual(types(effects), ['move-stream', 'renew', 'wake-at']);
    assert.deepEqual(effects[2], { type: 'wake-at', at: heldUntil(0, ttlMs) });
  });

  it('until the lease may have run out ends it as lost contact, once', () => {
    const core = granted();
    const wakes: number[] = [];
    let now = 0;
    while (wakes.length < 10) {
      const effects = core.handle({ type: 'timer', now });
      if (effects.some(({ type }) => type === 'renew')) core.handle({ type: 'sent', now });
      const wake = effects.find((effect) => effect.type === 'wake-at');
      if (!wake) {
        assert.deepEqual(effects, [{ type: 'finish', reason: 'lost-contact' }]);
        break;
      }
      wakes.push(wake.at);
      now = wake.at;
    }
    assert.equal(now, heldUntil(0, ttlMs));
    assert.deepEqual(wakes, [third, 2 * third, heldUntil(0, ttlMs)]);
    assert.deepEqual(core.handle({ type: 'timer', now: now + 1 }), []);
    assert.deepEqual(core.handle({ type: 'acked', now: now + 2, sentAt: now, ttlMs }), []);
  });

  it('because its stream is gone is sent again at once when the stream is back', () => {
    const core = granted();
    core.handle({ type: 'timer', now: third });
    core.handle({ type: 'sent', now: third });
    assert.deepEqual(core.handle({ type: 'stream-lost', now: third + 200 }), [
      { type: 'renew' },
      { type: 'wake-at', at: third + 200 + third },
    ]);
  });

  it('is not sent again when the stream went while nothing was due', () => {
    const core = granted();
    assert.deepEqual(core.handle({ type: 'stream-lost', now: 10 }), [{ type: 'wake-at', at: third }]);
  });
});

describe('an answer', () => {
  it('with TTL 0 ends the lease as expired', () => {
    const core = granted();
    core.handle({ type: 'sent', now: third });
    assert.deepEqual(core.handle({ type: 'acked', now: third + 5, sentAt: third, ttlMs: 0 }), [
      { type: 'finish', reason: 'expired' },
    ]);
    assert.equal(core.heldAt(third + 6), false);
  });

  it('to an older renewal takes nothing back', () => {
    const core = granted();
    core.handle({ type: 'acked', now: 4_000, sentAt: 3_900, ttlMs });
    core.handle({ type: 'acked', now: 4_100, sentAt: 1_000, ttlMs });
    assert.equal(core.heldAt(heldUntil(3_900, ttlMs) - 1), true);
  });

  it('that comes after the lease may have run out does not bring it back to life', () => {
    const core = granted();
    core.handle({ type: 'timer', now: third });
    core.handle({ type: 'sent', now: third });
    const late = core.handle({ type: 'acked', now: third + ttlMs, sentAt: third, ttlMs });
    assert.deepEqual(late, [{ type: 'finish', reason: 'lost-contact' }]);
  });
});

describe('a process that was paused', () => {
  it('for longer than the TTL finishes before anything else', () => {
    for (const late of [heldUntil(0, ttlMs), ttlMs, 100 * ttlMs]) {
      assert.deepEqual(granted().handle({ type: 'timer', now: late }), [
        { type: 'finish', reason: 'lost-contact' },
      ]);
      assert.deepEqual(granted().handle({ type: 'stream-lost', now: late }), [
        { type: 'finish', reason: 'lost-contact' },
      ]);
    }
  });

  it('knows before any timer fired', () => {
    assert.equal(granted().heldAt(ttlMs), false);
  });

  it('for less than the TTL renews at once', () => {
    const effects = granted().handle({ type: 'timer', now: 8_000 });
    assert.deepEqual(effects, [{ type: 'renew' }, { type: 'wake-at', at: heldUntil(0, ttlMs) }]);
  });
});

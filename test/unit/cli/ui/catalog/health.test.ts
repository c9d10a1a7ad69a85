import assert from 'node:assert/strict';
import { Health } from '#src/cli/ui/catalog/health.js';
import type { TimelineEvent } from '#src/cli/ui/protocol/index.js';
import { StoreReplacedError } from '#src/errors/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { deniedError, silentError } from './errors.js';

/** Wall clock minus clock. */
const wallOffset = 1_000_000;

class Scene {
  readonly clock = new FakeClock();
  readonly states: string[] = [];
  readonly events: { readonly event: TimelineEvent; readonly at: number }[] = [];
  readonly health: Health = new Health({
    clock: this.clock,
    wallClock: () => this.wall(),
    onChange: () => this.states.push(this.health.status().etcd),
    onEvent: (event, at) => this.events.push({ event, at }),
  });

  wall(): number {
    return this.clock.now() + wallOffset;
  }

  live(): this {
    this.health.setListed();
    this.health.setFresh(true);
    this.health.setAnswered(this.clock.now());
    return this;
  }
}

describe('the health of a catalog', () => {
  it('is starting until a read is answered while the watch is live after the first list', () => {
    const { health, states, clock } = new Scene();
    assert.equal(health.status().etcd, 'starting');
    assert.equal(health.status().confirmedMsAgo, undefined);
    health.setListed();
    assert.equal(health.status().etcd, 'starting');
    health.setFresh(true);
    assert.equal(health.status().etcd, 'starting');
    health.setAnswered(clock.now());
    assert.deepEqual(states, ['live']);
  });

  it('is away before the first list if reads fail', () => {
    const { health, clock } = new Scene();
    health.setFailed('mirror', silentError());
    clock.advance(70);
    const { etcd, awayMs, error } = health.status();
    assert.deepEqual([etcd, awayMs], ['away', 70]);
    assert.match(error ?? '', /no answer/);
  });

  it('counts from the time at which the last answered read was sent', () => {
    const { health, clock } = new Scene().live();
    const sentAt = clock.now();
    clock.advance(40);
    health.setAnswered(sentAt);
    clock.advance(60);
    assert.equal(health.status().confirmedMsAgo, 100);
  });

  it('does not count reads as confirmations while the watch is interrupted', () => {
    const { health, clock } = new Scene().live();
    health.setFresh(false);
    clock.advance(500);
    health.setAnswered(clock.now());
    assert.equal(health.status().confirmedMsAgo, 500);
    assert.equal(health.status().etcd, 'away');
  });

  describe('when the watch is interrupted', () => {
    it('stays live if it is resumed within 300 ms', () => {
      const { health, clock, states } = new Scene().live();
      health.setFresh(false);
      clock.advance(299);
      health.setFresh(true);
      clock.advance(10_000);
      assert.deepEqual(states, ['live']);
    });

    it('is away after that, since the interruption', () => {
      const { health, clock, states } = new Scene().live();
      health.setFresh(false);
      clock.advance(300);
      assert.deepEqual(states, ['live', 'away']);
      assert.equal(health.status().awayMs, 300);
    });

    it('is away at once if a read fails too', () => {
      const { health, states } = new Scene().live();
      health.setFresh(false);
      health.setFailed('probe', silentError());
      assert.deepEqual(states, ['live', 'away']);
    });
  });

  it('is not live again after an outage before a read is answered: the last confirmation is that of before', () => {
    const { health, clock } = new Scene().live();
    health.setFailed('probe', silentError());
    health.setFresh(false);
    clock.advance(20_000);
    health.setAnswered(clock.now());
    health.setFresh(true);
    assert.equal(health.status().etcd, 'away');
    health.setAnswered(clock.now());
    assert.deepEqual([health.status().etcd, health.status().confirmedMsAgo], ['live', 0]);
  });

  describe('when a read is not answered while the watch seems live', () => {
    it('is away since the read was sent', () => {
      const { health, clock } = new Scene().live();
      const sentAt = clock.now();
      clock.advance(3_000);
      health.setFailed('probe', silentError(), sentAt);
      assert.deepEqual([health.status().etcd, health.status().awayMs], ['away', 3_000]);
    });

    it('is live again after the next answer', () => {
      const { health, clock, states } = new Scene().live();
      health.setFailed('probe', silentError());
      health.setAnswered(clock.now());
      assert.deepEqual(states, ['live', 'away', 'live']);
      assert.equal(health.status().error, undefined);
    });
  });

  describe('with an outage', () => {
    it('has entries for its begin and its end', () => {
      const { health, clock, events, wall } = withWall();
      health.setFailed('probe', silentError());
      const since = wall();
      clock.advance(999);
      assert.deepEqual(events, []);
      clock.advance(4_001);
      health.setAnswered(clock.now());
      const error = silentError().message;
      assert.deepEqual(events, [
        { event: { type: 'etcd-away', error }, at: since },
        { event: { type: 'etcd-back', forMs: 5_000 }, at: wall() },
      ]);
    });

    it('has no entry if it is shorter than a second', () => {
      const { health, clock, events } = new Scene().live();
      health.setFailed('probe', silentError());
      clock.advance(900);
      health.setAnswered(clock.now());
      clock.advance(10_000);
      assert.deepEqual(events, []);
    });
  });

  describe('when etcd refuses', () => {
    it('is refused, whatever else fails, until a read succeeds', () => {
      const { health, clock, states } = new Scene().live();
      health.setFailed('probe', deniedError());
      health.setFailed('mirror', silentError());
      assert.equal(health.status().etcd, 'refused');
      assert.match(health.status().error ?? '', /permission denied/);
      health.setAnswered(clock.now());
      assert.deepEqual([states[0], states.at(-1)], ['live', 'live']);
    });

    it('is refused before the first list, and after the mirror ended', () => {
      const { health, clock } = new Scene();
      health.setFailed('mirror', deniedError());
      assert.equal(health.status().etcd, 'refused');
      health.setAnswered(clock.now());
      assert.equal(health.status().etcd, 'refused');
      health.setListed();
      assert.equal(health.status().etcd, 'starting');
    });

    it('is an entry of its own in an outage, whose end is the next live view', () => {
      const { health, clock, events } = new Scene().live();
      health.setFailed('probe', silentError());
      clock.advance(2_000);
      health.setFailed('probe', deniedError());
      assert.deepEqual(
        events.map(({ event }) => event.type),
        ['etcd-away', 'etcd-refused'],
      );
      assert.equal(health.status().awayMs, undefined);
      clock.advance(1_000);
      health.setAnswered(clock.now());
      assert.deepEqual(events.at(-1)?.event, { type: 'etcd-back', forMs: 3_000 });
    });
  });

  it('does not count the replacement of the store as a failure', () => {
    const { health } = new Scene().live();
    health.setFailed('probe', new StoreReplacedError('replaced'));
    assert.equal(health.status().etcd, 'live');
  });

  it('changes no more after its end, and has no timer left', () => {
    const { health, clock, states, events } = new Scene().live();
    health.setFailed('probe', silentError());
    health.stop();
    health.setFresh(false);
    health.setAnswered(clock.now());
    clock.advance(10_000);
    assert.deepEqual([states, events, clock.timers], [['live', 'away'], [], 0]);
  });
});

function withWall() {
  const scene = new Scene().live();
  const { health, clock, events } = scene;
  return { health, clock, events, wall: () => scene.wall() };
}

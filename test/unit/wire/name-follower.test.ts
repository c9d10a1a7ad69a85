import assert from 'node:assert/strict';
import type { EtcdError } from '#src/errors/index.js';
import { NameFollower } from '#src/wire/dns/name-follower.js';
import { ManualClock } from './pool-fixture.js';

/** A follower of the name `etcd`, whose answers the test gives. */
class Fixture {
  readonly clock = new ManualClock();
  /** The times of the questions, in milliseconds. */
  readonly askedAt: number[] = [];
  readonly failures: EtcdError[] = [];
  resolved = 0;
  failing = false;
  /** Whether the answers cannot be used. */
  rejects = false;
  answer: () => Promise<readonly string[]> = async () => ['10.0.0.1'];
  readonly follower: NameFollower;

  constructor(refreshMs = 30_000, hosts = ['etcd']) {
    this.follower = new NameFollower({
      lookups: {
        addresses: () => {
          this.askedAt.push(this.clock.now());
          return this.answer();
        },
        srv: async () => [],
        close: () => {},
      },
      clock: this.clock,
      random: () => 0.5,
      refreshMs,
      discover: undefined,
      hosts: () => new Set(hosts),
      onResolved: async () => {
        this.resolved++;
        if (this.rejects) throw new TypeError('no member');
      },
      onFailure: (error) => this.failures.push(error),
      isFailing: () => this.failing,
    });
  }
}

const fail = (code: string) => async () => {
  throw Object.assign(new Error(code), { code });
};

describe('names that are followed', () => {
  it('are asked for when first used, and then once per interval', async () => {
    const { follower, clock, askedAt } = new Fixture();
    await clock.pass(100_000);
    assert.deepEqual(askedAt, []);
    await follower.prepare();
    assert.equal(follower.prepare(), undefined);
    await clock.pass(90_000);
    assert.deepEqual(askedAt, [100_000, 130_000, 160_000, 190_000]);
    follower.close();
    await clock.pass(90_000);
    assert.equal(askedAt.length, 4);
  });

  it('are one question for all who wait for the first answer', async () => {
    const { follower, askedAt } = new Fixture();
    await Promise.all([follower.prepare(), follower.prepare()]);
    assert.equal(askedAt.length, 1);
  });

  it('need no wait when there are none', () => {
    assert.equal(new Fixture(30_000, []).follower.prepare(), undefined);
  });

  it('keep their addresses while there is no answer, and are asked for at paced intervals', async () => {
    const fixture = new Fixture();
    const { follower, clock, askedAt, failures } = fixture;
    await follower.prepare();
    fixture.answer = fail('ENOTFOUND');
    await clock.pass(30_000);
    assert.deepEqual(follower.addressesOf('etcd'), ['10.0.0.1']);
    assert.match(failures[0]?.message ?? '', /the name etcd cannot be resolved: ENOTFOUND/);
    await clock.pass(120_000);
    const waits = askedAt.slice(2).map((at, i) => at - askedAt[i + 1]!);
    assert.deepEqual(waits.slice(0, 6), [500, 1_000, 2_000, 4_000, 8_000, 15_000]);
    fixture.answer = async () => ['10.0.0.2'];
    await clock.pass(30_000);
    assert.deepEqual(follower.addressesOf('etcd'), ['10.0.0.2']);
    assert.equal(follower.failureOf('etcd'), undefined);
  });

  it('are asked for soon after a member became unreachable, once for several failures', async () => {
    const { follower, clock, askedAt } = new Fixture();
    await follower.prepare();
    for (let i = 0; i < 100; i++) follower.refreshSoon();
    await clock.pass(20_000);
    assert.deepEqual(askedAt, [0, 500]);
    for (let i = 0; i < 100; i++) follower.refreshSoon();
    await clock.pass(1_000);
    assert.deepEqual(askedAt, [0, 500, 21_000]);
  });

  it('are asked for as soon when further members become unreachable meanwhile', async () => {
    const fixture = new Fixture();
    fixture.failing = true;
    await fixture.follower.prepare();
    for (let i = 0; i < 100; i++) fixture.follower.refreshSoon();
    await fixture.clock.pass(3_500);
    assert.deepEqual(fixture.askedAt, [0, 500, 1_500, 3_500]);
  });

  it('are followed further when their addresses cannot be used, which is reported', async () => {
    const fixture = new Fixture();
    fixture.rejects = true;
    await fixture.follower.prepare();
    await fixture.clock.pass(30_000);
    assert.deepEqual(fixture.askedAt, [0, 30_000]);
    assert.match(fixture.failures[1]?.message ?? '', /found by DNS cannot be used: no member/);
  });

  it('are not asked for when they are closed at once', async () => {
    const { follower, askedAt } = new Fixture();
    const prepared = follower.prepare();
    follower.close();
    await prepared;
    assert.deepEqual(askedAt, []);
  });

  it('are not used, and not asked for again, when they are closed before an answer', async () => {
    const fixture = new Fixture();
    let answer: (addresses: readonly string[]) => void = () => {};
    fixture.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const prepared = fixture.follower.prepare();
    await fixture.clock.pass(0);
    fixture.follower.close();
    answer(['10.0.0.1']);
    await prepared;
    await fixture.clock.pass(100_000);
    assert.deepEqual([fixture.askedAt, fixture.resolved], [[0], 0]);
  });

  it('are not asked for at a pace that failures set: a member that flaps forever causes two questions a minute', async () => {
    const { follower, clock, askedAt } = new Fixture(600_000);
    await follower.prepare();
    for (let i = 0; i < 600; i++) {
      follower.refreshSoon();
      await clock.pass(1_000);
    }
    assert.ok(askedAt.length < 60, `${askedAt.length} questions in ten minutes`);
  });

  it('are asked for at paced intervals while a member stays unreachable', async () => {
    const fixture = new Fixture(600_000);
    fixture.failing = true;
    await fixture.follower.prepare();
    await fixture.clock.pass(7_500);
    assert.deepEqual(fixture.askedAt, [0, 500, 1_500, 3_500, 7_500]);
  });

  it('are used without those that DNS is slow to answer, whose questions end after five seconds', async () => {
    const fixture = new Fixture(30_000, ['etcd', 'slow']);
    const answers = [['10.0.0.1']];
    fixture.answer = () => {
      const answer = answers.shift();
      return answer ? Promise.resolve(answer) : new Promise(() => {});
    };
    const prepared = fixture.follower.prepare();
    await fixture.clock.pass(1_000);
    assert.equal(fixture.resolved, 1);
    assert.deepEqual(fixture.follower.addressesOf('etcd'), ['10.0.0.1']);
    await fixture.clock.pass(4_000);
    await prepared;
    assert.match(
      fixture.follower.failureOf('slow') ?? '',
      /DNS did not answer for the name slow within 5000 ms/,
    );
  });

  it('that are found later are asked for once, and followed from then on', async () => {
    const hosts: string[] = [];
    const { follower, clock, askedAt } = new Fixture(30_000, hosts);
    hosts.push('etcd');
    await follower.resolve(hosts);
    await follower.resolve(hosts);
    assert.deepEqual(askedAt, [0]);
    await clock.pass(30_000);
    assert.deepEqual(askedAt, [0, 30_000]);
  });
});

import assert from 'node:assert/strict';
import type { Clock } from '#src/async/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { Member } from '#src/wire/member.js';
import { type MemberEvent, MemberPool } from '#src/wire/member-pool.js';
import type { MemberFailure } from '#src/wire/retry-rule.js';

class FakeMember {
  readonly endpoint: string;
  reachable = true;
  connected = true;
  closed = false;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  get ready(): object | undefined {
    return this.connected && this.reachable ? {} : undefined;
  }

  async connect(): Promise<object> {
    if (!this.reachable) {
      throw new EtcdError(`member ${this.endpoint}: refused`, {
        code: Code.UNAVAILABLE,
        verdict: 'not-applied',
      });
    }
    this.connected = true;
    return {};
  }

  close(): void {
    this.closed = true;
  }
}

/** A clock that stands still until it is moved, and then calls back what is due, in order. */
class StillClock implements Clock {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
  }
}

const never = new AbortController().signal;

describe('a pool of members', () => {
  let clock: StillClock;
  let members: FakeMember[];
  let events: MemberEvent[];
  let ill: Map<FakeMember, MemberFailure>;
  let probes: FakeMember[];

  /** `home`: the place in the list that chance picks. */
  function pool(count: number, home = 0): MemberPool {
    clock = new StillClock();
    members = Array.from({ length: count }, (_, i) => new FakeMember(`m${i}`));
    events = [];
    probes = [];
    ill = new Map();
    return new MemberPool(members as unknown as Member[], {
      clock,
      random: () => (home + 0.5) / count,
      probe: async (member) => {
        probes.push(member as unknown as FakeMember);
        return ill.get(member as unknown as FakeMember);
      },
      onEvent: (event) => events.push(event),
    });
  }

  const used = async (from: MemberPool) =>
    (from.readyAt(clock.now()) ?? (await from.connect(never))).member.endpoint;
  const real = (at: number) => members[at] as unknown as Member;

  it('goes to its home, wherever that stands in the list', async () => {
    assert.equal(await used(pool(3, 2)), 'm2');
  });

  it('goes to another member while its home cannot be reached, and back when it can', async () => {
    const some = pool(3);
    members[0]!.reachable = false;
    assert.equal(await used(some), 'm1');
    ill.set(members[0]!, 'unreachable');
    await clock.pass(10_000);
    assert.equal(await used(some), 'm1');
    members[0]!.reachable = true;
    ill.clear();
    await clock.pass(60_000);
    assert.equal(await used(some), 'm0');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['member-unhealthy', 'member-recovered'],
    );
  });

  it('steps around a member that is blamed, though it is connected', async () => {
    const some = pool(3);
    some.markUnhealthy(real(0), 'leaderless');
    assert.notEqual(await used(some), 'm0');
  });

  it('probes a member in trouble less and less often, and no more once it is well', async () => {
    const some = pool(2);
    ill.set(members[0]!, 'leaderless');
    some.markUnhealthy(real(0), 'leaderless');
    await clock.pass(10_000);
    const early = probes.length;
    assert.ok(early >= 3, `${early} probes in the first ten seconds`);
    await clock.pass(100_000);
    assert.ok(probes.length - early < 20, `${probes.length - early} probes in the next hundred`);
    ill.clear();
    await clock.pass(60_000);
    const { length } = probes;
    await clock.pass(600_000);
    assert.equal(probes.length, length);
  });

  it('takes its time with a member that comes and goes, and no longer once it has been well for a minute', async () => {
    const some = pool(2);
    const awayFor = async () => {
      some.markUnhealthy(real(0), 'unreachable');
      const since = clock.now();
      while ((await used(some)) !== 'm0') await clock.pass(100);
      return clock.now() - since;
    };
    const first = await awayFor();
    let last = 0;
    for (let i = 0; i < 6; i++) last = await awayFor();
    assert.ok(last > 5 * first, `${first} ms at first, ${last} ms at last`);
    await clock.pass(61_000);
    assert.ok((await awayFor()) < 2 * first);
  });

  it('leaves a member alone that owes an answer for three seconds, until it says something', async () => {
    const some = pool(2);
    const home = some.readyAt(0)!;
    home.callSent(0);
    await clock.pass(2_900);
    assert.equal(await used(some), 'm0');
    await clock.pass(200);
    assert.equal(await used(some), 'm1');
    home.callSettled(clock.now(), true);
    home.callSent(clock.now());
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
  });

  it('uses the only member there is, whatever is held against it, and tells when it is well again', async () => {
    const some = pool(1);
    some.markUnhealthy(real(0), 'silent');
    assert.equal(await used(some), 'm0');
    await clock.pass(10_000);
    assert.equal(events.at(-1)?.type, 'member-recovered');
  });

  it('counts one cut once, however many calls it ends', async () => {
    const some = pool(2);
    for (let call = 0; call < 500; call++) some.markUnhealthy(real(0), 'unreachable');
    await clock.pass(1_500);
    assert.equal(await used(some), 'm0');
    assert.equal(events.filter(({ type }) => type === 'member-unhealthy').length, 1);
  });

  it('adds up the silence that callers with short deadlines met', () => {
    const home = pool(2).readyAt(0)!;
    for (let call = 0; call < 4; call++) {
      home.callSent(call * 10_000);
      home.callSettled(call * 10_000 + 300, false);
    }
    assert.equal(home.silentMs(100_000), 1_200);
    home.callSent(100_000);
    home.callSettled(100_001, true);
    assert.equal(home.silentMs(200_000), 0);
  });

  it('goes back to a home that was merely slow to connect', async () => {
    const some = pool(2);
    members[0]!.connected = false;
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
    members[0]!.connected = false;
    members[0]!.connect = () => new Promise(() => {});
    const connecting = some.connect(never);
    await clock.pass(600);
    assert.equal((await connecting).member.endpoint, 'm1');
    members[0]!.connected = true;
    assert.equal(await used(some), 'm0');
  });

  it('reports the failure of every member when none can be reached', async () => {
    const some = pool(2);
    for (const member of members) member.reachable = false;
    const failures: string[] = [];
    const standing = await some.connectOnce(Number.POSITIVE_INFINITY, never, (_, error) =>
      failures.push(error.message),
    );
    assert.equal(standing, undefined);
    assert.deepEqual(failures, ['UNAVAILABLE: member m0: refused', 'UNAVAILABLE: member m1: refused']);
  });

  describe('that is given other members', () => {
    it('keeps those it had, drops those that are gone, and goes to one of the new ones', async () => {
      const some = pool(2, 1);
      const added = new FakeMember('m9');
      some.replace([members[0]!, added] as unknown as Member[]);
      assert.equal(await used(some), 'm9');
      assert.equal(members[1]!.closed, false);
      await clock.pass(60_001);
      assert.equal(members[1]!.closed, true);
      assert.equal(members[0]!.closed, false);
      assert.deepEqual(events, [{ type: 'members-changed', endpoints: ['m0', 'm9'] }]);
    });

    it('changes nothing when they are the same', () => {
      const some = pool(2);
      some.replace([members[1], members[0]] as unknown as Member[]);
      assert.deepEqual(events, []);
    });

    it('closes also what it had dropped', () => {
      const some = pool(2);
      some.replace([members[0]] as unknown as Member[]);
      some.close();
      assert.ok(members.every(({ closed }) => closed));
    });
  });
});

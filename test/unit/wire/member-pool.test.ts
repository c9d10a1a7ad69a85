import assert from 'node:assert/strict';
import type { Clock } from '#src/async/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { MemberFailure } from '#src/wire/call/retry-rule.js';
import type { Member } from '#src/wire/member/member.js';
import { type MemberEvent, MemberPool } from '#src/wire/member/pool.js';

class FakeMember {
  readonly endpoint: string;
  reachable = true;
  connected = true;
  closed = false;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  get readyChannel(): object | undefined {
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

/** A clock that moves only in `pass`, which runs the timers that are due, in order. */
class ManualClock implements Clock {
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
  let clock: ManualClock;
  let members: FakeMember[];
  let events: MemberEvent[];
  /** What a probe of these members returns. */
  let unhealthy: Map<FakeMember, MemberFailure>;
  let probes: FakeMember[];

  /** @param preferred The index of the member that the random draw picks. */
  function pool(count: number, preferred = 0): MemberPool {
    clock = new ManualClock();
    members = Array.from({ length: count }, (_, i) => new FakeMember(`m${i}`));
    events = [];
    probes = [];
    unhealthy = new Map();
    return new MemberPool(members as unknown as Member[], {
      clock,
      random: () => (preferred + 0.5) / count,
      probe: async (member) => {
        probes.push(member as unknown as FakeMember);
        return unhealthy.get(member as unknown as FakeMember);
      },
      onEvent: (event) => events.push(event),
    });
  }

  const memberInUse = async (from: MemberPool) =>
    (from.readyAt(clock.now()) ?? (await from.connect(never))).member.endpoint;
  const memberAt = (index: number) => members[index] as unknown as Member;

  it('uses its preferred member, whatever its position in the list', async () => {
    assert.equal(await memberInUse(pool(3, 2)), 'm2');
  });

  it('uses another member while the preferred one cannot be reached, and returns when it can', async () => {
    const some = pool(3);
    members[0]!.reachable = false;
    assert.equal(await memberInUse(some), 'm1');
    unhealthy.set(members[0]!, 'unreachable');
    await clock.pass(10_000);
    assert.equal(await memberInUse(some), 'm1');
    members[0]!.reachable = true;
    unhealthy.clear();
    await clock.pass(60_000);
    assert.equal(await memberInUse(some), 'm0');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['member-unhealthy', 'member-recovered'],
    );
  });

  it('skips an unhealthy member although it is connected', async () => {
    const some = pool(3);
    some.markUnhealthy(memberAt(0), 'leaderless');
    assert.notEqual(await memberInUse(some), 'm0');
  });

  it('probes an unhealthy member at growing intervals, and not after it has recovered', async () => {
    const some = pool(2);
    unhealthy.set(members[0]!, 'leaderless');
    some.markUnhealthy(memberAt(0), 'leaderless');
    await clock.pass(10_000);
    const early = probes.length;
    assert.ok(early >= 3, `${early} probes in the first ten seconds`);
    await clock.pass(100_000);
    assert.ok(probes.length - early < 20, `${probes.length - early} probes in the next hundred`);
    unhealthy.clear();
    await clock.pass(60_000);
    const { length } = probes;
    await clock.pass(600_000);
    assert.equal(probes.length, length);
  });

  it('ejects a flapping member for longer each time, until it has been healthy for a minute', async () => {
    const some = pool(2);
    const ejectedFor = async () => {
      some.markUnhealthy(memberAt(0), 'unreachable');
      const since = clock.now();
      while ((await memberInUse(some)) !== 'm0') await clock.pass(100);
      return clock.now() - since;
    };
    const first = await ejectedFor();
    let last = 0;
    for (let i = 0; i < 6; i++) last = await ejectedFor();
    assert.ok(last > 5 * first, `${first} ms at first, ${last} ms at last`);
    await clock.pass(61_000);
    assert.ok((await ejectedFor()) < 2 * first);
  });

  it('skips a member that has left a call unanswered for three seconds, until it answers', async () => {
    const some = pool(2);
    const preferred = some.readyAt(0)!;
    preferred.callSent(0);
    await clock.pass(2_900);
    assert.equal(await memberInUse(some), 'm0');
    await clock.pass(200);
    assert.equal(await memberInUse(some), 'm1');
    preferred.callSettled(clock.now(), true);
    preferred.callSent(clock.now());
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
  });

  it('uses its only member even while it is unhealthy, and reports its recovery', async () => {
    const some = pool(1);
    some.markUnhealthy(memberAt(0), 'silent');
    assert.equal(await memberInUse(some), 'm0');
    await clock.pass(10_000);
    assert.equal(events.at(-1)?.type, 'member-recovered');
  });

  it('counts one lost connection once, however many calls it fails', async () => {
    const some = pool(2);
    for (let call = 0; call < 500; call++) some.markUnhealthy(memberAt(0), 'unreachable');
    await clock.pass(1_500);
    assert.equal(await memberInUse(some), 'm0');
    assert.equal(events.filter(({ type }) => type === 'member-unhealthy').length, 1);
  });

  it('adds up the silence that calls with short deadlines observe', () => {
    const preferred = pool(2).readyAt(0)!;
    for (let call = 0; call < 4; call++) {
      preferred.callSent(call * 10_000);
      preferred.callSettled(call * 10_000 + 300, false);
    }
    assert.equal(preferred.silentMs(100_000), 1_200);
    preferred.callSent(100_000);
    preferred.callSettled(100_001, true);
    assert.equal(preferred.silentMs(200_000), 0);
  });

  it('returns to a preferred member that was merely slow to connect', async () => {
    const some = pool(2);
    members[0]!.connected = false;
    assert.equal((await some.connect(never)).member.endpoint, 'm0');
    members[0]!.connected = false;
    members[0]!.connect = () => new Promise(() => {});
    const connecting = some.connect(never);
    await clock.pass(600);
    assert.equal((await connecting).member.endpoint, 'm1');
    members[0]!.connected = true;
    assert.equal(await memberInUse(some), 'm0');
  });

  it('reports the failure of every member when none can be reached', async () => {
    const some = pool(2);
    for (const member of members) member.reachable = false;
    const failures: string[] = [];
    const health = await some.connectOnce(Number.POSITIVE_INFINITY, never, (_, error) =>
      failures.push(error.message),
    );
    assert.equal(health, undefined);
    assert.deepEqual(failures, ['UNAVAILABLE: member m0: refused', 'UNAVAILABLE: member m1: refused']);
  });

  describe('whose members are replaced', () => {
    it('keeps members that are still listed, closes the others after a minute, and uses a new one', async () => {
      const some = pool(2, 1);
      const added = new FakeMember('m9');
      some.replace([members[0]!, added] as unknown as Member[]);
      assert.equal(await memberInUse(some), 'm9');
      assert.equal(members[1]!.closed, false);
      await clock.pass(60_001);
      assert.equal(members[1]!.closed, true);
      assert.equal(members[0]!.closed, false);
      assert.deepEqual(events, [{ type: 'members-changed', endpoints: ['m0', 'm9'] }]);
    });

    it('changes nothing when the members are the same', () => {
      const some = pool(2);
      some.replace([members[1], members[0]] as unknown as Member[]);
      assert.deepEqual(events, []);
    });

    it('closes members that are no longer listed too', () => {
      const some = pool(2);
      some.replace([members[0]] as unknown as Member[]);
      some.close();
      assert.ok(members.every(({ closed }) => closed));
    });
  });
});

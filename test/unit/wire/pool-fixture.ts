import type { Clock } from '#src/async/index.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { MemberFailure } from '#src/wire/call/retry-rule.js';
import type { MemberHealth } from '#src/wire/member/health.js';
import type { Member } from '#src/wire/member/member.js';
import type { MemberEvent } from '#src/wire/member/member-event.js';
import { MemberPool } from '#src/wire/member/pool.js';

/** A member that connects when it is reachable, and never answers a dial while it hangs. */
export class FakeMember {
  readonly endpoint: string;
  reachable = true;
  connected = true;
  hangs = false;
  closed = false;
  /** Thrown by a dial while the member is unreachable. */
  error: EtcdError;
  /** Receives each dialled member. */
  readonly #dialled: FakeMember[];

  constructor(endpoint: string, dialled: FakeMember[] = []) {
    this.endpoint = endpoint;
    this.#dialled = dialled;
    this.error = new EtcdError(`member ${endpoint}: refused`, {
      code: Code.UNAVAILABLE,
      verdict: 'not-applied',
    });
  }

  get readyChannel(): object | undefined {
    return this.connected && this.reachable && !this.hangs ? {} : undefined;
  }

  async connect(): Promise<object> {
    this.#dialled.push(this);
    if (this.hangs) return new Promise(() => {});
    if (!this.reachable) throw this.error;
    this.connected = true;
    return {};
  }

  close(): void {
    this.closed = true;
  }
}

/** Lets everything run that waits for no timer. */
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that moves only in `pass`, which runs the timers that are due, in order. */
export class ManualClock implements Clock {
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
    await tick();
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await tick();
    }
    this.#now = end;
  }
}

const never = new AbortController().signal;

/** A pool of fake members, and what it does. */
export class PoolFixture {
  readonly clock = new ManualClock();
  readonly members: FakeMember[];
  readonly events: MemberEvent[] = [];
  /** The members in the order in which they were dialled. */
  readonly dialled: FakeMember[] = [];
  readonly probes: FakeMember[] = [];
  /** What a probe of these members returns. */
  readonly unhealthy = new Map<FakeMember, MemberFailure>();
  /** Replaces the answer of every probe. */
  probe: ((member: FakeMember) => Promise<MemberFailure | undefined>) | undefined;
  readonly pool: MemberPool;

  /**
   * @param preferred The index of the member that the random draw picks.
   * @param later Returns the random numbers after that draw. Default: the same number again.
   */
  constructor(count: number, preferred = 0, later?: () => number) {
    const first = (preferred + 0.5) / count;
    let isFirst = true;
    this.members = Array.from({ length: count }, (_, i) => new FakeMember(`m${i}`, this.dialled));
    this.pool = new MemberPool(this.members as unknown as Member[], {
      clock: this.clock,
      random: () => {
        if (!isFirst && later) return later();
        isFirst = false;
        return first;
      },
      probe: async (member) => {
        const probed = member as unknown as FakeMember;
        this.probes.push(probed);
        return this.probe ? this.probe(probed) : this.unhealthy.get(probed);
      },
      onEvent: (event) => this.events.push(event),
    });
  }

  at(index: number): Member {
    return this.members[index] as unknown as Member;
  }

  health(index: number): MemberHealth {
    const health = this.pool.members[index];
    if (!health) throw new RangeError(`no member ${index}`);
    return health;
  }

  /** The member that takes a call without a wait. */
  ready(): string | undefined {
    return this.pool.readyAt(this.clock.now())?.member.endpoint;
  }

  /** The member that takes a call. */
  async used(): Promise<string> {
    return this.ready() ?? (await this.pool.connect(never)).member.endpoint;
  }

  connectOnce(
    deadline = Number.POSITIVE_INFINITY,
    onFailure?: (member: Member, error: EtcdError) => void,
  ): Promise<MemberHealth | undefined> {
    return this.pool.connectOnce(deadline, undefined, onFailure);
  }
}

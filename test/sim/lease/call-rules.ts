import type { OnceOutcome } from '#src/lease/core/index.js';
import type { Cluster } from './cluster.js';
import type { Traffic } from './traffic.js';

interface Call {
  readonly lease: bigint;
  readonly calledAt: number;
  readonly until: number;
  outcome: OnceOutcome | undefined;
  left: boolean;
}

/** What the calls need of the one who judges everything. */
export interface Court {
  readonly counts: Record<`once ${OnceOutcome['type']}`, number>;
  readonly badCredentials: boolean;
  violate(rule: string, text: string): void;
}

/** How late a call may be over: timers are late, and the clock is a little fast or slow. */
const lateMs = 8;
const hair = 1e-3;

/** The rules for a keep-alive-once. */
export class CallRules {
  /** The answer that is being handed in. */
  current: { readonly lease: bigint; readonly ttlMs: number; readonly tag: number } | undefined;
  readonly #calls = new Map<number, Call>();
  readonly #traffic: Traffic;
  readonly #cluster: Cluster;
  readonly #court: Court;
  readonly #gentle: boolean;

  constructor(traffic: Traffic, cluster: Cluster, court: Court, gentle: boolean) {
    this.#traffic = traffic;
    this.#cluster = cluster;
    this.#court = court;
    this.#gentle = gentle;
  }

  /** Those that are neither settled nor left by their callers. */
  get open(): number[] {
    return [...this.#calls].filter(([, call]) => isOpen(call)).map(([key]) => key);
  }

  outcome(key: number): OnceOutcome['type'] | undefined {
    return this.#calls.get(key)?.outcome?.type;
  }

  wants(lease: bigint): boolean {
    for (const call of this.#calls.values()) if (call.lease === lease && isOpen(call)) return true;
    return false;
  }

  made(key: number, lease: bigint, calledAt: number, until: number): void {
    this.#calls.set(key, { lease, calledAt, until, outcome: undefined, left: false });
  }

  left(key: number): void {
    const call = this.#calls.get(key);
    if (call) call.left = true;
  }

  deadline(key: number, now: number): void {
    const call = this.#calls.get(key);
    if (call && isOpen(call) && now > call.until + lateMs)
      this.#violate('once in time', `call ${key} was to be over by ${call.until}, and it is ${now}`);
  }

  askedOn(streams: readonly number[]): void {
    for (const [key, call] of this.#calls) {
      if (!isOpen(call)) continue;
      const { lease } = call;
      if (!streams.some((stream) => this.#traffic.owed(stream, lease) > 0))
        this.#violate('asked somewhere', `call ${key} waits, and lease ${lease} is asked nowhere`);
    }
  }

  settled(key: number, outcome: OnceOutcome, now: number): void {
    const call = this.#calls.get(key);
    if (!call || !isOpen(call)) {
      this.#violate('told once', `call ${key} is settled, and is not there`);
      return;
    }
    call.outcome = outcome;
    this.#court.counts[`once ${outcome.type}`]++;
    this.#judge(key, call, outcome, now);
  }

  #judge(key: number, call: Call, outcome: OnceOutcome, now: number): void {
    switch (outcome.type) {
      case 'renewed':
        if (!this.#provenBy(call, true))
          this.#violate('once is true', `call ${key} has no answer of its own`);
        return;
      case 'gone':
        if (!this.#provenBy(call, false)) this.#violate('once is true', `call ${key} is told of no loss`);
        return;
      case 'late':
        if (now < call.until - hair) this.#violate('once in time', `call ${key} is late at ${now} already`);
        if (this.#gentle) this.#violate('survives', `call ${key} is late, with two good members`);
        return;
      case 'refused': {
        const lease = this.#cluster.leases.get(call.lease);
        // Of an id that was granted again the earlier lease may have been meant.
        const mayBe = lease?.forbidden || lease?.again || this.#court.badCredentials;
        if (!mayBe && this.#cluster.lives(lease))
          this.#violate('true reason', `call ${key} is refused, and nobody refused it`);
        return;
      }
      case 'closed':
        this.#violate('true reason', `call ${key} is told closed`);
    }
  }

  /** The answer that is being handed in belongs to a request that was sent after the call was made. */
  #provenBy({ lease, calledAt }: Call, lives: boolean): boolean {
    const { current } = this;
    const sent = current && this.#traffic.request(current.tag);
    return sent?.lease === lease && sent.at >= calledAt && (current?.ttlMs ?? 0) > 0 === lives;
  }

  #violate(rule: string, text: string): void {
    this.#court.violate(rule, text);
  }
}

function isOpen({ outcome, left }: Call): boolean {
  return !outcome && !left;
}

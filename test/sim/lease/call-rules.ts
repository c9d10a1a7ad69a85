import type { OneShotOutcome } from '#src/lease/core/index.js';
import type { Cluster } from './cluster.js';
import type { Traffic } from './traffic.js';

interface Call {
  readonly lease: bigint;
  readonly calledAt: number;
  readonly until: number;
  outcome: OneShotOutcome | undefined;
  abandoned: boolean;
}

/** What the rules need of the oracle. */
export interface RuleContext {
  readonly counts: Record<`once ${OneShotOutcome['type']}`, number>;
  readonly badCredentials: boolean;
  violate(rule: string, text: string): void;
}

/** Tolerance for late timers and for clock drift. */
const timerSlackMs = 8;
const epsilonMs = 1e-3;

/** The rules for keep-alive-once calls. */
export class CallRules {
  /** The answer that the core is handling. */
  current: { readonly lease: bigint; readonly ttlMs: number; readonly tag: number } | undefined;
  readonly #calls = new Map<number, Call>();
  readonly #traffic: Traffic;
  readonly #cluster: Cluster;
  readonly #context: RuleContext;
  readonly #survivable: boolean;

  constructor(traffic: Traffic, cluster: Cluster, context: RuleContext, survivable: boolean) {
    this.#traffic = traffic;
    this.#cluster = cluster;
    this.#context = context;
    this.#survivable = survivable;
  }

  /** Calls that are neither settled nor abandoned by their callers. */
  get open(): number[] {
    return [...this.#calls].filter(([, call]) => isOpen(call)).map(([key]) => key);
  }

  outcome(key: number): OneShotOutcome['type'] | undefined {
    return this.#calls.get(key)?.outcome?.type;
  }

  isWaitingFor(lease: bigint): boolean {
    for (const call of this.#calls.values()) if (call.lease === lease && isOpen(call)) return true;
    return false;
  }

  started(key: number, lease: bigint, calledAt: number, until: number): void {
    this.#calls.set(key, { lease, calledAt, until, outcome: undefined, abandoned: false });
  }

  abandoned(key: number): void {
    const call = this.#calls.get(key);
    if (call) call.abandoned = true;
  }

  checkDeadline(key: number, now: number): void {
    const call = this.#calls.get(key);
    if (call && isOpen(call) && now > call.until + timerSlackMs)
      this.#violate('once in time', `call ${key} is still open at ${now}, after its deadline ${call.until}`);
  }

  checkRequested(streams: readonly number[]): void {
    for (const [key, call] of this.#calls) {
      if (!isOpen(call)) continue;
      const { lease } = call;
      if (!streams.some((stream) => this.#traffic.outstanding(stream, lease) > 0))
        this.#violate(
          'requested somewhere',
          `call ${key} waits, but no request for lease ${lease} is outstanding`,
        );
    }
  }

  settled(key: number, outcome: OneShotOutcome, now: number): void {
    const call = this.#calls.get(key);
    if (!call || !isOpen(call)) {
      this.#violate('settled once', `call ${key} is settled, but is not open`);
      return;
    }
    call.outcome = outcome;
    this.#context.counts[`once ${outcome.type}`]++;
    this.#check(key, call, outcome, now);
  }

  #check(key: number, call: Call, outcome: OneShotOutcome, now: number): void {
    switch (outcome.type) {
      case 'renewed':
        if (!this.#isProven(call, true))
          this.#violate('once result is true', `call ${key} is renewed without an answer to its own request`);
        return;
      case 'not-found':
        if (!this.#isProven(call, false))
          this.#violate('once result is true', `call ${key} is gone without an answer that says so`);
        return;
      case 'deadline':
        if (now < call.until - epsilonMs)
          this.#violate('once in time', `call ${key} timed out early, at ${now}`);
        if (this.#survivable)
          this.#violate('survives', `call ${key} timed out, although two members were up`);
        return;
      case 'refused': {
        const lease = this.#cluster.leases.get(call.lease);
        // An id that was granted again may refer to the earlier lease.
        const isPossible = lease?.forbidden || lease?.isRegrant || this.#context.badCredentials;
        if (!isPossible && this.#cluster.isAlive(lease))
          this.#violate('true reason', `call ${key} is refused, but no server refused it`);
        return;
      }
      case 'closed':
        this.#violate('true reason', `call ${key} ended as closed`);
    }
  }

  /** Whether the answer that the core is handling belongs to a request sent after the call was made. */
  #isProven({ lease, calledAt }: Call, isAlive: boolean): boolean {
    const { current } = this;
    const sent = current && this.#traffic.request(current.tag);
    return sent?.lease === lease && sent.at >= calledAt && (current?.ttlMs ?? 0) > 0 === isAlive;
  }

  #violate(rule: string, text: string): void {
    this.#context.violate(rule, text);
  }
}

function isOpen({ outcome, abandoned }: Call): boolean {
  return !outcome && !abandoned;
}

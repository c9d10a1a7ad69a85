import { backoffDelay, type Clock, type ConcurrencyLimit, delay, Pacer, refClock } from '../async/index.js';
import { EtcdError, historyLoss, mayRecover } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import type { WatchEvent } from '../model/index.js';
import type { WatchClient } from '../watch/index.js';
import { type LeaderState, readLeader, toLeader } from './read-leader.js';
import type { Leader } from './types.js';

/** What a follower uses of its client. */
export interface FollowerPorts {
  readonly kv: Pick<KvClient, 'range'>;
  readonly watch: Pick<WatchClient, 'watch'>;
  /** `epoch` grows each time the client finds that its store was replaced. */
  readonly store: { readonly epoch: number };
  readonly random: () => number;
  /** Limits the reads of a client: after a reconnect, all its followers read at the same time. */
  readonly reads: ConcurrencyLimit;
  /** Default: the machine's, whose timers keep the process alive. */
  readonly clock?: Clock;
}

const retryBackoff = { baseMs: 200, maxMs: 5_000 };

/**
 * Follows the leader of one election: a linearizable read of the oldest key, then a watch of that key alone, then the
 * next read when it is deleted. Without a leader it watches the prefix for the first candidate. A mirror of the prefix
 * would receive an event for each candidate that comes and goes, and keep all their proposals in memory.
 */
export class LeaderFollower {
  readonly #ports: FollowerPorts;
  readonly #clock: Clock;
  readonly #prefix: Buffer;
  readonly #onChange: (leader: Leader | undefined) => void;
  readonly #resyncPacer: Pacer;
  /** What was reported last; undefined before the first report. */
  #reported: { readonly leader: Leader | undefined } | undefined;

  /** @param onChange Called with the first state, and with each one that differs from the state before. */
  constructor(ports: FollowerPorts, prefix: Buffer, onChange: (leader: Leader | undefined) => void) {
    this.#ports = ports;
    this.#clock = ports.clock ?? refClock;
    this.#prefix = prefix;
    this.#onChange = onChange;
    this.#resyncPacer = new Pacer(retryBackoff, this.#clock, ports.random);
  }

  /** Follows until the signal aborts. @throws its reason, or an error that a retry cannot fix. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      const { epoch } = this.#ports.store;
      const state = await this.#read(signal);
      this.#report(state.leader);
      try {
        // Otherwise the store was replaced before there was a watcher for that to end.
        if (this.#ports.store.epoch === epoch) await this.#watchUntilSuccession(state, signal);
      } catch (error) {
        if (historyLoss(error) === undefined) throw error;
        await delay(this.#resyncPacer.nextDelayMs(), signal, { clock: this.#clock });
      }
    }
  }

  /** Reports what the leader proclaims. Returns when another leader must be looked for. */
  async #watchUntilSuccession({ leader, revision }: LeaderState, signal: AbortSignal): Promise<void> {
    const range = leader ? leader.key : { prefix: this.#prefix };
    const watcher = this.#ports.watch.watch(range, {
      startRevision: revision + 1n,
      knownRevision: revision,
      resumptions: true,
      signal,
    });
    for await (const { events, resumed } of watcher) {
      // A watch cannot detect a wiped store that has reached its revision again.
      if (resumed && !(await this.#isSameTerm(leader, signal))) return;
      for (const event of events) {
        if (!leader || !isProclamation(event, leader)) return;
        if (event.kv.modRevision > (this.#reported?.leader?.modRevision ?? 0n))
          this.#report(toLeader(event.kv));
      }
    }
  }

  /** Whether the key that is watched still leads. Reports what it has proclaimed. */
  async #isSameTerm(known: Leader | undefined, signal: AbortSignal): Promise<boolean> {
    const { leader } = await this.#read(signal);
    const isSame = leader?.createRevision === known?.createRevision && isSameKey(leader, known);
    if (isSame) this.#report(leader);
    return isSame;
  }

  #report(leader: Leader | undefined): void {
    if (this.#reported && isSameState(this.#reported.leader, leader)) return;
    this.#reported = { leader };
    this.#onChange(leader);
  }

  /** Repeats the read until it succeeds or fails with an error that a retry cannot fix. */
  async #read(signal: AbortSignal): Promise<LeaderState> {
    const { kv, reads } = this.#ports;
    for (let attempt = 0; ; attempt++) {
      try {
        return await reads.run(() => readLeader(kv, this.#prefix, { signal }), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EtcdError) || !mayRecover(error)) throw error;
        const pauseMs = backoffDelay(retryBackoff, attempt, this.#ports.random);
        await delay(pauseMs, signal, { clock: this.#clock });
      }
    }
  }
}

/** Whether the event is a write of the leader in the same term. A deleted key that was created again is another term. */
function isProclamation({ type, kv }: WatchEvent, leader: Leader): boolean {
  return type === 'put' && kv.createRevision === leader.createRevision;
}

function isSameState(one: Leader | undefined, other: Leader | undefined): boolean {
  return (
    one?.modRevision === other?.modRevision &&
    one?.createRevision === other?.createRevision &&
    one?.leaseId === other?.leaseId &&
    isSameKey(one, other) &&
    (one === undefined || other === undefined || one.value.equals(other.value))
  );
}

function isSameKey(one: Leader | undefined, other: Leader | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.key.equals(other.key);
}

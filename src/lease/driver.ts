import { type Clock, EffectLoop, inRootContext, MovableTimer } from '../async/index.js';
import { type EtcdError, toEtcdError } from '../errors/index.js';
import type { LeaseId } from '../model/index.js';
import type { LeaseCalls, ReportableDuplex } from '../wire/index.js';
import {
  type CallKey,
  KeepAliveCore,
  type KeepAliveEffect,
  type KeepAliveInput,
  type LeaseEnd,
  type OneShotOutcome,
  type StreamKey,
} from './core/index.js';

/** Receives a held lease's end, once. */
export interface LeaseHolder {
  onEnd(end: LeaseEnd): void;
}

interface OpenStream {
  readonly duplex: ReportableDuplex<{ ID: bigint }>;
  /** The generation of the token that the stream was opened with. */
  tokenGeneration: number;
}

/** Performs the effects of the core: owns the streams and the timer. */
export class KeepAliveDriver {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #core: KeepAliveCore;
  readonly #onStreamLost: (error: EtcdError) => void;
  readonly #streams = new Map<StreamKey, OpenStream>();
  /** The oldest of each id. */
  readonly #holders = new Map<LeaseId, LeaseHolder>();
  /** The others, oldest first: an id may be held again before its earlier lease has ended. */
  readonly #laterHolders = new Map<LeaseId, LeaseHolder[]>();
  readonly #outcomeListeners = new Map<CallKey, (outcome: OneShotOutcome) => void>();
  /** The ends that the core has decided and that are not performed yet. */
  readonly #pendingEnds = new Map<LeaseId, LeaseEnd>();
  readonly #loop: EffectLoop<KeepAliveInput, KeepAliveEffect>;
  readonly #timer: MovableTimer;
  #nextCall = 1;

  /** @param onStreamLost Called when a stream has ended other than by the core's decision. */
  constructor(
    calls: LeaseCalls,
    clock: Clock,
    random: () => number,
    onStreamLost: (error: EtcdError) => void,
  ) {
    this.#calls = calls;
    this.#onStreamLost = onStreamLost;
    this.#clock = clock;
    this.#core = new KeepAliveCore(random);
    this.#loop = new EffectLoop(
      (input) => this.#collectEnds(this.#core.handle(input, clock.now())),
      (effect) => this.#perform(effect),
    );
    this.#timer = new MovableTimer(clock, () => this.#loop.dispatch({ type: 'timer' }));
  }

  /** Keeps a lease alive whose grant was sent at `sentAt`. */
  hold(lease: LeaseId, sentAt: number, ttlMs: number, holder: LeaseHolder): void {
    if (!this.#holders.has(lease)) this.#holders.set(lease, holder);
    else this.#laterHolders.set(lease, [...(this.#laterHolders.get(lease) ?? []), holder]);
    this.#loop.dispatch({ type: 'hold', lease, sentAt, ttlMs });
  }

  /** Ends a held lease; does nothing if the lease is not held. */
  release(lease: LeaseId, reason: 'revoked' | 'closed'): void {
    this.#loop.dispatch({ type: 'release', lease, reason });
  }

  /** Renews a lease once. `onOutcome` is called once, unless the returned function cancels the call first. */
  renewOnce(lease: LeaseId, timeoutMs: number, onOutcome: (outcome: OneShotOutcome) => void): () => void {
    const call = this.#nextCall++;
    this.#outcomeListeners.set(call, onOutcome);
    this.#loop.dispatch({ type: 'renew-once', call, lease, deadlineAt: this.#clock.now() + timeoutMs });
    return () => {
      if (this.#outcomeListeners.delete(call)) this.#loop.dispatch({ type: 'cancel-call', call });
    };
  }

  /** Ends the leases that have expired. Costs at most a clock read and a comparison when none has. */
  endExpired(): void {
    if (this.#core.earliestExpiry !== Number.POSITIVE_INFINITY) this.#endExpiredAt(this.#clock.now());
  }

  /** By one reading of the clock: a lease that expires between two would be reported as not held before it has ended. */
  isHeld(lease: LeaseId): boolean {
    const now = this.#clock.now();
    this.#endExpiredAt(now);
    if (this.#core.isHeldAt(lease, now)) return true;
    this.#performEnd(lease); // in the abort listener of another lease that ended at the same time
    return false;
  }

  /** The time until the first held lease expires without another acknowledged renewal; Infinity without one. */
  marginMs(): number {
    return this.#core.firstEnd() - this.#clock.now();
  }

  /** The leases do not end in the context of the caller that happens to find out. */
  #endExpiredAt(now: number): void {
    if (now >= this.#core.earliestExpiry) inRootContext(() => this.#loop.dispatch({ type: 'check-expiry' }));
  }

  close(): void {
    this.#loop.dispatch({ type: 'close' });
  }

  #perform(effect: KeepAliveEffect): void {
    switch (effect.type) {
      case 'open-stream':
        this.#open(effect.stream);
        return;
      case 'send':
        this.#streams.get(effect.stream)?.duplex.send({ ID: effect.lease });
        return;
      case 'report-unresponsive':
      case 'mark-unhealthy':
        this.#streams.get(effect.stream)?.duplex.reportUnresponsive();
        return;
      case 'close-stream':
        this.#streams.get(effect.stream)?.duplex.cancel();
        this.#streams.delete(effect.stream);
        return;
      case 'refresh-token':
        this.#refreshToken(effect.stream, effect.error);
        return;
      case 'set-timer':
        this.#timer.setAt(effect.at);
        return;
      case 'end-lease':
        // A queued request sent later would renew a lease that was already reported as ended.
        for (const { duplex } of this.#streams.values()) duplex.dropQueued(({ ID }) => ID === effect.lease);
        this.#performEnd(effect.lease);
        return;
      case 'settle-call':
        take(this.#outcomeListeners, effect.call)?.(effect.outcome);
    }
  }

  #collectEnds(effects: readonly KeepAliveEffect[]): readonly KeepAliveEffect[] {
    for (const effect of effects)
      if (effect.type === 'end-lease') this.#pendingEnds.set(effect.lease, effect.end);
    return effects;
  }

  #performEnd(lease: LeaseId): void {
    const end = take(this.#pendingEnds, lease);
    if (end) this.#takeOldestHolder(lease)?.onEnd(end);
  }

  #takeOldestHolder(lease: LeaseId): LeaseHolder | undefined {
    const oldest = take(this.#holders, lease);
    const [next, ...others] = take(this.#laterHolders, lease) ?? [];
    if (next) this.#holders.set(lease, next);
    if (others.length > 0) this.#laterHolders.set(lease, others);
    return oldest;
  }

  #open(key: StreamKey): void {
    const duplex = this.#calls.keepAlive(
      { requireLeader: true },
      {
        opened: () => {
          stream.tokenGeneration = this.#calls.tokenGeneration;
          this.#loop.dispatch({ type: 'stream-opened', stream: key });
        },
        message: ({ ID: lease, TTL }) =>
          this.#loop.dispatch({ type: 'reply', stream: key, lease, ttlMs: Number(TTL) * 1_000 }),
        end: (error) => {
          this.#onStreamLost(error);
          this.#loop.dispatch({ type: 'stream-lost', stream: key, error });
        },
      },
    );
    const stream: OpenStream = { duplex, tokenGeneration: 0 };
    this.#streams.set(key, stream);
  }

  #refreshToken(key: StreamKey, cause: EtcdError): void {
    this.#calls.refreshToken(this.#streams.get(key)?.tokenGeneration ?? 0, cause).then(
      () => this.#loop.dispatch({ type: 'token-refreshed' }),
      (error) => this.#loop.dispatch({ type: 'token-refresh-failed', error: toEtcdError(error) }),
    );
  }
}

function take<K, V>(from: Map<K, V>, key: K): V | undefined {
  const value = from.get(key);
  from.delete(key);
  return value;
}

import type { Clock } from '../async/index.js';
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

interface OpenStream {
  readonly duplex: ReportableDuplex<{ ID: bigint }>;
  /** Of the token that it was opened with. */
  tokenGeneration: number;
}

/** Performs what the core decides: owns the streams and the one timer, knows nothing of leases. */
export class KeepAliveDriver {
  readonly #calls: LeaseCalls;
  readonly #clock: Clock;
  readonly #core: KeepAliveCore;
  readonly #streams = new Map<StreamKey, OpenStream>();
  /** Who is told, oldest first: an id may be held again before the end of its earlier lease shows. */
  readonly #ends = new Map<LeaseId, readonly ((end: LeaseEnd) => void)[]>();
  readonly #outcomes = new Map<CallKey, (outcome: OneShotOutcome) => void>();
  readonly #inputs: KeepAliveInput[] = [];
  #running = false;
  #nextCall = 1;
  #cancelTimer: (() => void) | undefined;

  constructor(calls: LeaseCalls, clock: Clock, random: () => number) {
    this.#calls = calls;
    this.#clock = clock;
    this.#core = new KeepAliveCore(random);
  }

  /** Keeps a lease whose grant was sent at `sentAt`; `onEnd` is called once. */
  hold(lease: LeaseId, sentAt: number, ttlMs: number, onEnd: (end: LeaseEnd) => void): void {
    this.#ends.set(lease, [...(this.#ends.get(lease) ?? []), onEnd]);
    this.#input({ type: 'hold', lease, sentAt, ttlMs });
  }

  /** Ends a kept lease; does nothing for another. */
  release(lease: LeaseId, reason: 'revoked' | 'closed'): void {
    this.#input({ type: 'release', lease, reason });
  }

  /** Renews a lease once. `onOutcome` is called once, unless the returned function is called first. */
  once(lease: LeaseId, timeoutMs: number, onOutcome: (outcome: OneShotOutcome) => void): () => void {
    const call = this.#nextCall++;
    this.#outcomes.set(call, onOutcome);
    this.#input({ type: 'once', call, lease, until: this.#clock.now() + timeoutMs });
    return () => {
      if (this.#outcomes.delete(call)) this.#input({ type: 'leave', call });
    };
  }

  /** Tells what ran out meanwhile; a clock read and a comparison when nothing did, less when nothing is kept. */
  check(): void {
    const { earliestEnd } = this.#core;
    if (earliestEnd === Number.POSITIVE_INFINITY) return;
    if (this.#clock.now() >= earliestEnd) this.#input({ type: 'check' });
  }

  held(lease: LeaseId): boolean {
    this.check();
    return this.#core.heldAt(lease, this.#clock.now());
  }

  close(): void {
    this.#input({ type: 'close' });
  }

  /** One at a time: what an effect causes waits until the effects before it are done. */
  #input(input: KeepAliveInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        for (const effect of this.#core.handle(next, this.#clock.now())) this.#perform(effect);
      }
    } finally {
      this.#running = false;
    }
  }

  #perform(effect: KeepAliveEffect): void {
    switch (effect.type) {
      case 'open-stream':
        this.#open(effect.stream);
        return;
      case 'send':
        this.#streams.get(effect.stream)?.duplex.send({ ID: effect.lease });
        return;
      case 'doubt-stream':
      case 'blame-member':
        this.#streams.get(effect.stream)?.duplex.reportUnresponsive();
        return;
      case 'close-stream':
        this.#streams.get(effect.stream)?.duplex.cancel();
        this.#streams.delete(effect.stream);
        return;
      case 'refresh-token':
        this.#refreshToken(effect.stream, effect.error);
        return;
      case 'wake-at':
        this.#wakeAt(effect.at);
        return;
      case 'finish':
        // Sent later, it would renew a lease whose owner was told that it is gone.
        for (const { duplex } of this.#streams.values()) duplex.dropQueued(({ ID }) => ID === effect.lease);
        this.#firstOf(effect.lease)?.(effect.end);
        return;
      case 'settle':
        take(this.#outcomes, effect.call)?.(effect.outcome);
    }
  }

  #firstOf(lease: LeaseId): ((end: LeaseEnd) => void) | undefined {
    const [first, ...later] = take(this.#ends, lease) ?? [];
    if (later.length > 0) this.#ends.set(lease, later);
    return first;
  }

  #open(key: StreamKey): void {
    const duplex = this.#calls.keepAlive(
      { requireLeader: true },
      {
        opened: () => {
          stream.tokenGeneration = this.#calls.tokenGeneration;
          this.#input({ type: 'opened', stream: key });
        },
        message: ({ ID: lease, TTL }) =>
          this.#input({ type: 'answer', stream: key, lease, ttlMs: Number(TTL) * 1_000 }),
        end: (error) => this.#input({ type: 'stream-lost', stream: key, error }),
      },
    );
    const stream: OpenStream = { duplex, tokenGeneration: 0 };
    this.#streams.set(key, stream);
  }

  #refreshToken(key: StreamKey, cause: EtcdError): void {
    this.#calls.refreshToken(this.#streams.get(key)?.tokenGeneration ?? 0, cause).then(
      () => this.#input({ type: 'token' }),
      (error) => this.#input({ type: 'token-failed', error: toEtcdError(error) }),
    );
  }

  #wakeAt(at: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.setTimer(at - this.#clock.now(), () => this.#input({ type: 'timer' }));
  }
}

function take<K, V>(from: Map<K, V>, key: K): V | undefined {
  const value = from.get(key);
  from.delete(key);
  return value;
}

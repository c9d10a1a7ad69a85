import type { Clock } from '../async/index.js';
import type { EtcdError } from '../errors/index.js';
import type { LeaseId } from '../model/index.js';
import { LeaseCore, type LeaseEffect, type LeaseInput } from './core/index.js';
import type { KeepAliveStream } from './keep-alive-stream.js';

/**
 * How a kept lease ended.
 * - `expired`: etcd says it is gone, by its time running out or by somebody else's revoke;
 * - `lost-contact`: no renewal was acknowledged in time, so it must be taken for gone;
 * - `revoked`: revoked through this handle; `closed`: no longer kept alive, it runs out by itself.
 */
export type LeaseEndReason = 'expired' | 'lost-contact' | 'revoked' | 'closed';

export interface LeaseEnd {
  readonly reason: LeaseEndReason;
  /** The last trouble with the keep-alive stream, where there was one. */
  readonly cause?: EtcdError;
}

/** A lease that is being kept alive: renewed at a third of its TTL until closed, revoked or lost. */
export interface KeptLease extends AsyncDisposable {
  readonly id: LeaseId;
  /** The TTL that etcd granted, which is not always the one asked for. */
  readonly ttlSeconds: number;
  /** Whether etcd surely still holds the lease: never true for longer than that. Ask before acting as its owner. */
  readonly held: boolean;
  /** Resolves once, with how it ended; never rejects. */
  readonly ended: Promise<LeaseEnd>;
  /** Aborted when the lease ends, with the LeaseEnd as its reason: for work that must stop with the lease. */
  readonly signal: AbortSignal;
  /** Stops renewing and revokes the lease, which deletes its keys. Idempotent; a lease already gone is fine. */
  revoke(): Promise<void>;
  /** Stops renewing; the lease runs out by itself. Idempotent. */
  close(): Promise<void>;
}

export class LeaseKeeper implements KeptLease {
  readonly id: LeaseId;
  readonly ended: Promise<LeaseEnd>;
  readonly #core: LeaseCore;
  readonly #stream: KeepAliveStream;
  readonly #clock: Clock;
  readonly #revoke: () => Promise<void>;
  readonly #ending = new AbortController();
  #resolveEnded: (end: LeaseEnd) => void = () => {};
  #cancelTimer: (() => void) | undefined;
  #cause: EtcdError | undefined;

  constructor(
    id: LeaseId,
    granted: { readonly sentAt: number; readonly ttlMs: number },
    stream: KeepAliveStream,
    clock: Clock,
    revoke: () => Promise<void>,
  ) {
    this.id = id;
    this.#core = new LeaseCore(granted.sentAt, granted.ttlMs);
    this.#stream = stream;
    this.#clock = clock;
    this.#revoke = revoke;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    stream.add(id, {
      acked: (sentAt, ttlMs) => this.#handle({ type: 'acked', now: clock.now(), sentAt, ttlMs }),
      streamLost: (error) => {
        this.#cause = error;
        this.#handle({ type: 'stream-lost', now: clock.now() });
      },
    });
    this.#handle({ type: 'timer', now: clock.now() });
  }

  get ttlSeconds(): number {
    return this.#core.ttlMs / 1000;
  }

  get held(): boolean {
    return this.#core.heldAt(this.#clock.now());
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  async revoke(): Promise<void> {
    this.#end('revoked');
    await this.#revoke();
  }

  close(): Promise<void> {
    this.#end('closed');
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ending.signal.aborted) await this.revoke();
  }

  #handle(input: LeaseInput): void {
    for (const effect of this.#core.handle(input)) this.#perform(effect);
  }

  #perform(effect: LeaseEffect): void {
    switch (effect.type) {
      case 'renew':
        if (this.#stream.renew(this.id)) this.#handle({ type: 'sent', now: this.#clock.now() });
        return;
      case 'move-stream':
        this.#stream.move(this.id);
        return;
      case 'wake-at':
        this.#cancelTimer?.();
        this.#cancelTimer = this.#clock.setTimer(effect.at - this.#clock.now(), () => {
          this.#handle({ type: 'timer', now: this.#clock.now() });
        });
        return;
      case 'finish':
        this.#end(effect.reason);
    }
  }

  #end(reason: LeaseEndReason): void {
    if (this.#ending.signal.aborted) return;
    this.#core.close();
    this.#cancelTimer?.();
    this.#stream.remove(this.id);
    const end: LeaseEnd =
      this.#cause && reason === 'lost-contact' ? { reason, cause: this.#cause } : { reason };
    this.#ending.abort(end);
    this.#resolveEnded(end);
  }
}

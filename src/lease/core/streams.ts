import { backoffDelay } from '../../async/backoff.js';
import type { EtcdError } from '../../errors/index.js';
import type { LeaseId } from '../../model/index.js';
import { type StreamFailureAction, streamFailureAction } from './failure-action.js';
import type { KeepAliveEffect, StreamKey } from './protocol.js';
import { type AskedStream, isWanted, type Renewal } from './renewal.js';
import { type Asked, StreamState } from './stream-state.js';

const reopen = { baseMs: 100, maxMs: 2_000 };

/**
 * The one stream that renewals go to, and while its member is being asked in another's stead, the one before it: a
 * member that is merely slow may still answer there, and then nothing was lost by asking elsewhere.
 */
export class Streams {
  readonly #random: () => number;
  readonly #emit: (effect: KeepAliveEffect) => void;
  #current: StreamState | undefined;
  #unresponsive: StreamState | undefined;
  #nextKey = 1;
  /** Streams lost since the last answer. */
  #failures = 0;
  #reopenAt = 0;
  #tokenAwaited = false;
  /** One of them it was that etcd ended a stream for: until each was asked alone, it is one request at a time. */
  readonly #suspects = new Set<LeaseId>();
  #serialized = false;
  #failure: EtcdError | undefined;

  constructor(random: () => number, emit: (effect: KeepAliveEffect) => void) {
    this.#random = random;
    this.#emit = emit;
  }

  /** The last end of a stream, until something is answered. */
  get failure(): EtcdError | undefined {
    return this.#failure;
  }

  get any(): boolean {
    return (this.#current ?? this.#unresponsive) !== undefined;
  }

  /** When something may be sent again: Infinity as long as that does not depend on time. */
  get readyAt(): number {
    if (this.#current) return this.#serialized && isAwaited(this.#current) ? Number.POSITIVE_INFINITY : 0;
    return this.#tokenAwaited ? Number.POSITIVE_INFINITY : this.#reopenAt;
  }

  isCurrent(stream: AskedStream): boolean {
    return this.#current === stream;
  }

  send(by: Renewal, now: number): void {
    const stream = this.#current ?? this.#open();
    stream.sent(by, now);
    by.askedOn = stream;
    by.askedAt = now;
    this.#suspects.delete(by.lease);
    this.#emit({ type: 'send', stream: stream.key, lease: by.lease });
  }

  opened(key: StreamKey, now: number): StreamState | undefined {
    const stream = this.#find(key);
    stream?.open(now);
    return stream;
  }

  answered(key: StreamKey, lease: LeaseId, now: number): Asked | undefined {
    const stream = this.#find(key);
    const asked = stream?.answered(lease, now);
    if (!stream || !asked) return undefined;
    this.#failures = 0;
    this.#failure = undefined;
    if (stream === this.#current || stream.owed === 0) this.#forgetDoubted();
    if (this.#suspects.size === 0 && stream.owed === 0) this.#serialized = false;
    return asked;
  }

  /** Asks another member; gives those who have to be asked again. */
  move(): readonly Renewal[] {
    const silent = this.#current;
    if (!silent) return [];
    this.#forgetDoubted();
    this.#current = undefined;
    this.#unresponsive = silent;
    this.#emit({ type: 'doubt-stream', stream: silent.key });
    // The others too: left to find out alone, each would blame the new member.
    return [...silent.waiting()];
  }

  /**
   * The stream is over. Gives those who have to be asked again, and where etcd's last word on a lease ended it, the
   * request that it answers and the word.
   */
  lost(key: StreamKey, error: EtcdError, now: number, longestMs: number): Loss {
    const stream = this.#find(key);
    if (stream && stream === this.#unresponsive) {
      this.#forgetDoubted();
      return { again: [], ended: attributableResult(stream, streamFailureAction(error)) };
    }
    if (!stream) return nothingLost;
    this.#current = undefined;
    this.#failure = error;
    const bounds = { ...reopen, maxMs: Math.min(reopen.maxMs, Math.max(reopen.baseMs, longestMs)) };
    this.#reopenAt = now + backoffDelay(bounds, this.#failures++, this.#random);
    const fate = streamFailureAction(error);
    const ended = attributableResult(stream, fate);
    this.#suspect(stream, fate, ended !== undefined);
    if (fate === 'blame') this.#emit({ type: 'blame-member', stream: key });
    if (fate === 'reauthenticate') this.#refreshToken(key, error);
    this.#emit({ type: 'close-stream', stream: key });
    return { again: [...stream.waiting()], ended };
  }

  token(): void {
    this.#tokenAwaited = false;
  }

  /** Nobody wants this lease renewed any more. */
  clearSuspect(lease: LeaseId): void {
    this.#suspects.delete(lease);
    if (this.#suspects.size === 0 && !this.#current?.owed) this.#serialized = false;
  }

  close(): void {
    this.#forgetDoubted();
    if (this.#current) this.#emit({ type: 'close-stream', stream: this.#current.key });
    this.#current = undefined;
    this.#suspects.clear();
    this.#serialized = false;
  }

  /** Nobody says which of several it was; asked one by one, it shows. etcd answers in order: it is the first. */
  #suspect(stream: StreamState, fate: StreamFailureAction, known: boolean): void {
    const isAboutOne = fate === 'expired' || fate === 'unauthorized';
    if (isAboutOne) this.#suspects.clear();
    if (!known && (isAboutOne || this.#serialized)) {
      for (const by of stream.waiting()) if (isWanted(by)) this.#suspects.add(by.lease);
    }
    this.#serialized = this.#suspects.size > 0;
  }

  #refreshToken(stream: StreamKey, error: EtcdError): void {
    this.#tokenAwaited = true;
    this.#emit({ type: 'refresh-token', stream, error });
  }

  #open(): StreamState {
    const stream = new StreamState(this.#nextKey++);
    this.#current = stream;
    this.#emit({ type: 'open-stream', stream: stream.key });
    return stream;
  }

  #find(key: StreamKey): StreamState | undefined {
    if (this.#current?.key === key) return this.#current;
    return this.#unresponsive?.key === key ? this.#unresponsive : undefined;
  }

  #forgetDoubted(): void {
    if (this.#unresponsive) this.#emit({ type: 'close-stream', stream: this.#unresponsive.key });
    this.#unresponsive = undefined;
  }
}

export interface Loss {
  readonly again: readonly Renewal[];
  readonly ended: { readonly asked: Asked; readonly reason: 'expired' | 'unauthorized' } | undefined;
}

/** etcd's last word on a lease, where it can be about no other. */
function attributableResult(stream: StreamState, fate: StreamFailureAction): Loss['ended'] {
  const asked = stream.soleAsked;
  if (!asked || (fate !== 'expired' && fate !== 'unauthorized')) return undefined;
  return { asked, reason: fate };
}

const nothingLost: Loss = { again: [], ended: undefined };

/** What is owed to nobody any more is not waited for: its stream may be silent for good. */
function isAwaited(stream: StreamState): boolean {
  for (const by of stream.waiting()) if (isWanted(by)) return true;
  return false;
}

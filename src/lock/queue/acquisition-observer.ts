import { systemClock } from '../../async/index.js';
import {
  type ClientDiagnostics,
  electionTopic,
  lockTopic,
  type OwnershipDiagnostics,
} from '../../diagnostics/index.js';
import { keyText } from '../../model/index.js';
import { LockLostError } from '../lock-lost-error.js';

/** What is acquired: a lock, or a term of an election. */
export type OwnershipKind = 'lock' | 'election';

/** Counts an acquisition in the metrics of its client, and publishes what becomes of it. */
export class AcquisitionObserver {
  readonly #diagnostics: ClientDiagnostics;
  readonly #kind: OwnershipKind;
  readonly #name: Buffer;
  readonly #isQueued: boolean;
  /** When the wait began, and from the acquisition on, when that was; in milliseconds of the system clock. */
  #since = systemClock.now();
  #token = 0n;
  #isSettled = false;

  /**
   * @param name As the server sees it.
   * @param isQueued Whether the caller waits in the queue, rather than only trying.
   */
  constructor(diagnostics: ClientDiagnostics, kind: OwnershipKind, name: Buffer, isQueued: boolean) {
    this.#diagnostics = diagnostics;
    this.#kind = kind;
    this.#name = name;
    this.#isQueued = isQueued;
    if (!isQueued) return;
    this.#counters.waiting++;
    if (this.#isWanted) this.#publish({ type: 'waiting', name: this.#text });
  }

  onAcquired(token: bigint): void {
    const counters = this.#counters;
    this.#onSettled();
    counters.acquired++;
    counters.held++;
    const waitedMs = this.#restart();
    this.#token = token;
    if (this.#isWanted) this.#publish({ type: 'acquired', name: this.#text, token, waitedMs });
  }

  /** @param error The reason; undefined if the lock has a holder. */
  onNotAcquired(error: unknown): void {
    if (this.#isSettled) return; // the caller's signal and the client may both end the wait
    this.#onSettled();
    if (this.#isWanted) this.#publish({ type: 'not-acquired', name: this.#text, error });
  }

  /** @param end Why it is not owned any more: a {@link LockLostError}, or another error after a release. */
  onEnded(end: Error): void {
    const isLost = end instanceof LockLostError;
    this.#counters.held--;
    if (isLost) this.#counters.lost++;
    const heldMs = this.#restart();
    if (!this.#isWanted) return;
    const subject = { name: this.#text, token: this.#token };
    if (isLost) this.#publish({ type: 'lost', ...subject, heldMs, error: end });
    else this.#publish({ type: 'released', ...subject, heldMs });
  }

  #onSettled(): void {
    this.#isSettled = true;
    if (this.#isQueued) this.#counters.waiting--;
  }

  /** Returns the time since the last call. */
  #restart(): number {
    const now = systemClock.now();
    const elapsedMs = now - this.#since;
    this.#since = now;
    return elapsedMs;
  }

  get #counters() {
    const { locks, elections } = this.#diagnostics.counters;
    return this.#kind === 'lock' ? locks : elections;
  }

  get #topic() {
    return this.#kind === 'lock' ? lockTopic : electionTopic;
  }

  get #isWanted(): boolean {
    return this.#diagnostics.wants(this.#topic);
  }

  get #text(): string {
    return keyText(this.#name);
  }

  #publish(event: OwnershipDiagnostics): void {
    this.#diagnostics.publish(this.#topic, event);
  }
}

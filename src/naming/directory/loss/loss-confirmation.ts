import {
  type BackoffOptions,
  backoffDelay,
  type Clock,
  MovableTimer,
  withTimeoutSignal,
} from '../../../async/index.js';
import type { MirrorState } from '../service-mirror.js';
import type { LossProtection } from './loss-protection.js';
import type { SilenceDetector } from './silence-detector.js';

/** A longer read shows that etcd is not healthy: an election, a restart or a shutdown is in progress. */
const readTimeoutMs = 2_000;
/** The minimum interval between the starts of two reads of one service. */
const minIntervalMs = 100;
const retryBackoff: BackoffOptions = { baseMs: 500, maxMs: 5_000 };

export interface ConfirmationPorts {
  readonly clock: Clock;
  readonly protection: LossProtection;
  readonly silence: SilenceDetector;
  /** The current mirror; undefined before the first mirror. */
  readonly mirror: () => MirrorState | undefined;
  /** Called after a read was answered, when the visible endpoints may have changed. */
  readonly onResult: () => void;
}

/** An uninterrupted period of a watch. Another mirror, or a reconnect of the same mirror, starts another epoch. */
interface WatchEpoch {
  readonly mirror: MirrorState | undefined;
  readonly reconnects: number | undefined;
  /** When the epoch was observed first. */
  readonly since: number;
}

/**
 * Asks etcd whether unconfirmed losses are real: one linearizable read at a time for all losses of a service, paced.
 * A read confirms a loss only if the watch was not interrupted since the loss. After an interruption the servers may
 * still be registering again, so their protection time restarts when etcd is reachable.
 */
export class LossConfirmation {
  readonly #ports: ConfirmationPorts;
  readonly #stopping = new AbortController();
  readonly #timer: MovableTimer;
  #reading = false;
  #nextReadAllowedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** The watch epoch of the oldest unconfirmed loss; undefined while there is none. */
  #epoch: WatchEpoch | undefined;

  constructor(ports: ConfirmationPorts) {
    this.#ports = ports;
    this.#timer = new MovableTimer(ports.clock, () => void this.#read());
  }

  /** Schedules the next read. Called after each change of the unconfirmed losses. */
  schedule(): void {
    const { clock, protection } = this.#ports;
    const { nextReadAt } = protection;
    if (nextReadAt === undefined) {
      this.#epoch = undefined;
      this.#failures = 0;
    } else this.#epoch ??= this.#currentEpoch();
    if (this.#reading || this.#stopping.signal.aborted) return;
    this.#timer.cancel();
    if (nextReadAt === undefined) return;
    const at = Math.max(nextReadAt, this.#nextReadAllowedAt);
    if (at <= clock.now()) void this.#read();
    else this.#timer.setAt(at);
  }

  stop(): void {
    this.#timer.cancel();
    this.#stopping.abort();
  }

  async #read(): Promise<void> {
    const { clock, protection, silence, onResult } = this.#ports;
    this.#reading = true;
    this.#nextReadAllowedAt = clock.now() + minIntervalMs;
    const read = protection.beginRead();
    const sentAt = clock.now();
    const verified = await this.#verifyMirror();
    this.#reading = false;
    if (this.#stopping.signal.aborted) return;
    const now = clock.now();
    if (verified) silence.recordAnswer(sentAt);
    if (!verified) {
      this.#nextReadAllowedAt = now + backoffDelay(retryBackoff, this.#failures++, Math.random);
    } else {
      const reachableSince = this.#reachableSince(now);
      if (reachableSince === undefined) protection.confirm(read, now);
      else protection.restartProtection(reachableSince);
    }
    if (verified) onResult();
    this.schedule();
  }

  /** Whether the mirror was verified to have every change that the store had when the read began. */
  async #verifyMirror(): Promise<boolean> {
    const { clock, mirror } = this.#ports;
    try {
      const verify = async (signal: AbortSignal) => await mirror()?.verify({ signal });
      const verified = await withTimeoutSignal(readTimeoutMs, this.#stopping.signal, verify, clock);
      // Updates that the mirror received before the verification are handled before the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      return verified ?? false;
    } catch {
      return false; // the read is repeated; the mirror reports the error that ended it
    }
  }

  /**
   * When etcd became reachable again, if a read failed, the watch was interrupted or etcd was silent since the loss;
   * undefined otherwise. Starts a new epoch.
   */
  #reachableSince(now: number): number | undefined {
    const before = this.#epoch;
    const { mirror, reconnects } = this.#currentEpoch();
    const failures = this.#failures;
    this.#epoch = { mirror, reconnects, since: now };
    this.#failures = 0;
    const status = mirror?.status();
    if (failures > 0 || !status?.fresh) return now;
    const isSame = mirror === before?.mirror && reconnects === before?.reconnects;
    const { lastSilentAt } = this.#ports.silence;
    const wasSilent = before !== undefined && lastSilentAt > before.since;
    if (isSame) return wasSilent ? lastSilentAt : undefined;
    return Math.max(now - status.forMs, lastSilentAt);
  }

  #currentEpoch(): WatchEpoch {
    const mirror = this.#ports.mirror();
    return { mirror, reconnects: mirror?.status().reconnects, since: this.#ports.clock.now() };
  }
}

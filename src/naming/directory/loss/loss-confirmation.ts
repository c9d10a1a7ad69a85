import { type BackoffOptions, backoffDelay, type Clock, withTimeoutSignal } from '../../../async/index.js';
import { Code, EtcdError } from '../../../errors/index.js';
import type { MirrorHandle } from '../../ports.js';
import type { LossProtection } from './loss-protection.js';
import type { SilenceDetector } from './silence-detector.js';

/** A read that takes longer finds no healthy etcd: an election, a restart or a shutdown is under way. */
const readTimeoutMs = 2_000;
/** Reads of one service begin no sooner after each other. */
const minIntervalMs = 100;
const retryBackoff: BackoffOptions = { baseMs: 500, maxMs: 5_000 };

export interface ConfirmationPorts {
  readonly clock: Clock;
  readonly protection: LossProtection;
  readonly silence: SilenceDetector;
  /** The mirror that is followed now; undefined before the first. */
  readonly mirror: () => MirrorHandle | undefined;
  /** What is to be shown may have changed. */
  readonly onResult: () => void;
}

/** A watch that goes on: another mirror, or one that reconnected, is another. */
interface WatchEpoch {
  readonly mirror: MirrorHandle | undefined;
  readonly reconnects: number | undefined;
  /** When it was looked at. */
  readonly at: number;
}

/**
 * Asks etcd whether the endpoints that are held are gone: one linearizable read at a time for all of them, paced. A read
 * decides only if the watch went on without interruption since the loss: where etcd was out of reach meanwhile, the
 * servers may be about to register again, and have the whole protection time for it from then on.
 */
export class LossConfirmation {
  readonly #ports: ConfirmationPorts;
  readonly #stopping = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #reading = false;
  #nextReadAllowedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** The watch at the time of the oldest loss that is held; undefined while none is. */
  #epoch: WatchEpoch | undefined;

  constructor(ports: ConfirmationPorts) {
    this.#ports = ports;
  }

  /** Reads when that is next due. To be called after each change of what is held. */
  schedule(): void {
    const { clock, protection } = this.#ports;
    const { nextReadAt } = protection;
    if (nextReadAt === undefined) {
      this.#epoch = undefined;
      this.#failures = 0;
    } else this.#epoch ??= this.#currentEpoch();
    if (this.#reading || this.#stopping.signal.aborted) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (nextReadAt === undefined) return;
    const wait = Math.max(nextReadAt, this.#nextReadAllowedAt) - clock.now();
    if (wait <= 0) void this.#read();
    else this.#cancelTimer = clock.setTimer(wait, () => void this.#read());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#stopping.abort(new EtcdError('the service is no longer followed', { code: Code.CANCELLED }));
  }

  async #read(): Promise<void> {
    const { clock, protection, silence, onResult: onDecided } = this.#ports;
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
    if (verified) onDecided();
    this.schedule();
  }

  /** Whether the mirror was shown to have everything that the store had after the read began. */
  async #verifyMirror(): Promise<boolean> {
    const { clock, mirror } = this.#ports;
    try {
      const verify = async (signal: AbortSignal) => await mirror()?.verify({ signal });
      const verified = await withTimeoutSignal(readTimeoutMs, this.#stopping.signal, verify, clock);
      // What the mirror took before it was verified has been yielded, and is handled before the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      return verified ?? false;
    } catch {
      return false; // whatever it is: it is read again, and what ended the mirror is reported there
    }
  }

  /**
   * Since when etcd is within reach again, if it was out of reach since the loss, by failed reads or by the watch, or
   * silent; undefined if it was not. Begins to count again.
   */
  #reachableSince(now: number): number | undefined {
    const before = this.#epoch;
    const { mirror, reconnects } = this.#currentEpoch();
    const failures = this.#failures;
    this.#epoch = { mirror, reconnects, at: now };
    this.#failures = 0;
    const status = mirror?.status();
    if (failures > 0 || !status?.fresh) return now;
    const isSame = mirror === before?.mirror && reconnects === before?.reconnects;
    const { lastSilentAt } = this.#ports.silence;
    const wasSilent = before !== undefined && lastSilentAt > before.at;
    if (isSame) return wasSilent ? lastSilentAt : undefined;
    return Math.max(now - status.forMs, lastSilentAt);
  }

  #currentEpoch(): WatchEpoch {
    const mirror = this.#ports.mirror();
    return { mirror, reconnects: mirror?.status().reconnects, at: this.#ports.clock.now() };
  }
}

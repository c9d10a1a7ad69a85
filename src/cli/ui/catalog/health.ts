import { EtcdError, RolledBackError, StoreReplacedError } from '../../../index.js';
import { type Clock, MovableTimer } from '../../../internal.js';
import { isUnreachable, messageOf } from '../../errors.js';
import type { EtcdState, StatusMessage, TimelineEvent } from '../protocol/index.js';
import { cut, limits } from './limits.js';

/** A shorter outage, as when a client reconnects, is not an entry of the timeline. */
const minOutageMs = 1_000;
/**
 * A watch that is resumed sooner, and without a failure, was not away: such as one that is replaced after a compaction.
 */
const resumptionMs = 300;

export interface HealthPorts {
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** The state or the error changed. */
  readonly onChange: () => void;
  readonly onEvent: (event: TimelineEvent, at: number) => void;
}

/** The source of a failure: the mirror, or the read that checks whether etcd answers. */
type Source = 'mirror' | 'probe';

interface Outage {
  readonly since: number;
  /** The state in the last entry; undefined before the first. */
  reported: EtcdState | undefined;
}

/** Whether the view is that of etcd, as far as the mirror and the probe show it. */
export class Health {
  readonly #ports: HealthPorts;
  readonly #failures = new Map<Source, unknown>();
  readonly #outageTimer: MovableTimer;
  /** Runs while the watch may be resumed. */
  readonly #resumptionTimer: MovableTimer;
  #isStopped = false;
  #isListed = false;
  #isFresh = false;
  /** Whether a read was answered while the watch was live, and nothing has failed since. */
  #isConfirmed = false;
  #confirmedAt: number | undefined;
  #state: EtcdState = 'starting';
  #error: string | undefined;
  #outage: Outage | undefined;

  constructor(ports: HealthPorts) {
    this.#ports = ports;
    this.#outageTimer = new MovableTimer(ports.clock, () => this.#reportOutage());
    this.#resumptionTimer = new MovableTimer(ports.clock, () => {
      this.#isConfirmed = false;
      this.#update(ports.clock.now() - resumptionMs);
    });
  }

  status(): StatusMessage {
    const now = this.#ports.clock.now();
    return {
      type: 'status',
      etcd: this.#state,
      confirmedMsAgo: this.#confirmedAt === undefined ? undefined : Math.round(now - this.#confirmedAt),
      awayMs: this.#outage && this.#state === 'away' ? Math.round(now - this.#outage.since) : undefined,
      error: this.#error,
      now: this.#ports.wallClock(),
    };
  }

  /** The mirror yielded a list. */
  setListed(): void {
    this.#isListed = true;
    this.#failures.delete('mirror');
    this.#update();
  }

  /** The watch became live, or stopped being it. */
  setFresh(isFresh: boolean): void {
    if (isFresh) this.#resumptionTimer.cancel();
    else if (this.#isFresh && !this.#isStopped) this.#resumptionTimer.setIn(resumptionMs);
    this.#isFresh = isFresh;
    if (isFresh) this.#failures.delete('mirror');
    this.#update();
  }

  /**
   * A linearizable read was answered.
   * @param sentAt When it was sent, on the clock: what it confirms may have changed before its answer arrived.
   */
  setAnswered(sentAt: number): void {
    this.#failures.delete('probe');
    if (this.#isFresh) {
      this.#isConfirmed = true;
      this.#confirmedAt = sentAt;
      this.#failures.delete('mirror'); // it reads while its watch is live, and reports only failures
    }
    this.#update();
  }

  /**
   * A read failed, or the mirror ended.
   * @param since When the read was sent: etcd has not answered since then.
   */
  setFailed(source: Source, error: unknown, since = this.#ports.clock.now()): void {
    if (error instanceof StoreReplacedError || error instanceof RolledBackError) return; // the mirror reports it
    this.#failures.set(source, error);
    this.#isConfirmed = false;
    this.#update(since);
  }

  stop(): void {
    this.#isStopped = true;
    this.#outageTimer.cancel();
    this.#resumptionTimer.cancel();
  }

  #update(since = this.#ports.clock.now()): void {
    const [state, error] = [this.#nextState(), this.#nextError()];
    if (this.#isStopped || (state === this.#state && error === this.#error)) return;
    this.#state = state;
    this.#error = error;
    if (state !== 'away' && state !== 'refused') this.#endOutage();
    else if (!this.#outage) this.#beginOutage(since);
    else if (this.#outage.reported && this.#outage.reported !== state) this.#report(this.#outage, 0);
    this.#ports.onChange();
  }

  #nextState(): EtcdState {
    const failures = [...this.#failures.values()];
    if (failures.some(isRefusal)) return 'refused';
    if (failures.length > 0) return 'away';
    if (!this.#isListed || this.#confirmedAt === undefined) return 'starting';
    if (!this.#isConfirmed) return 'away';
    const isResuming = this.#resumptionTimer.at !== Number.POSITIVE_INFINITY;
    return this.#isFresh || isResuming ? 'live' : 'away';
  }

  #nextError(): string | undefined {
    const failures = [...this.#failures.values()];
    const error = failures.find(isRefusal) ?? failures[0];
    return error === undefined ? undefined : cut(messageOf(error), limits.textLength);
  }

  #beginOutage(since: number): void {
    this.#outage = { since, reported: undefined };
    this.#outageTimer.setAt(since + minOutageMs);
  }

  #reportOutage(): void {
    if (this.#outage) this.#report(this.#outage, Math.round(this.#ports.clock.now() - this.#outage.since));
  }

  #report(outage: Outage, forMs: number): void {
    outage.reported = this.#state;
    const type = this.#state === 'refused' ? 'etcd-refused' : 'etcd-away';
    this.#ports.onEvent({ type, error: this.#error }, this.#ports.wallClock() - forMs);
  }

  #endOutage(): void {
    const outage = this.#outage;
    this.#outage = undefined;
    this.#outageTimer.cancel();
    if (!outage?.reported) return;
    const forMs = Math.round(this.#ports.clock.now() - outage.since);
    this.#ports.onEvent({ type: 'etcd-back', forMs }, this.#ports.wallClock());
  }
}

/** Whether etcd answered, and refuses: unlike an outage, it may last until the user changes something. */
function isRefusal(error: unknown): boolean {
  return error instanceof EtcdError && !isUnreachable(error);
}

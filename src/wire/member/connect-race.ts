import type { Clock } from '../../async/index.js';
import { type EtcdError, toEtcdError } from '../../errors/index.js';
import type { MemberHealth } from './health.js';

/** The delay before the next member is dialled in parallel. A lost SYN goes unnoticed for seconds. */
const staggerMs = 500;

/**
 * Dials members in order, with a delay between them; the first that connects wins. RFC 8305 describes the same method for
 * the addresses of one host.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc8305#section-5
 */
export class ConnectRace {
  readonly #order: readonly MemberHealth[];
  readonly #clock: Clock;
  readonly #onFailure: (health: MemberHealth, error: EtcdError) => void;
  readonly #startedAt = new Map<MemberHealth, number>();
  #next = 0;
  #finished = false;
  #cancelStagger = () => {};
  #settle: (winner: MemberHealth | undefined) => void = () => {};
  /** Resolves with the first member that connects, or undefined after every member has failed. */
  readonly winner: Promise<MemberHealth | undefined>;

  /** @param onFailure Called for each member that cannot be reached, also after the race. */
  constructor(
    order: readonly MemberHealth[],
    clock: Clock,
    onFailure: (health: MemberHealth, error: EtcdError) => void,
  ) {
    this.#order = order;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.winner = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#dialNext();
  }

  /** The members that are still connecting, with the time since their dial. */
  pending(): readonly { readonly health: MemberHealth; readonly elapsedMs: number }[] {
    const now = this.#clock.now();
    return [...this.#startedAt].map(([health, since]) => ({ health, elapsedMs: now - since }));
  }

  /** Dials no further members. Attempts in progress continue, and later calls use their connections. */
  stop(): void {
    this.#finished = true;
    this.#cancelStagger();
  }

  #dialNext(): void {
    this.#cancelStagger();
    if (this.#finished) return;
    const health = this.#order[this.#next++];
    if (health) {
      this.#startedAt.set(health, this.#clock.now());
      if (this.#next < this.#order.length)
        this.#cancelStagger = this.#clock.setTimer(staggerMs, () => this.#dialNext());
      this.#dial(health);
    } else if (this.#startedAt.size === 0) {
      this.#end(undefined);
    }
  }

  #dial(health: MemberHealth): void {
    health.member.connect().then(
      () => this.#end(health),
      (error) => {
        this.#startedAt.delete(health);
        this.#onFailure(health, toEtcdError(error));
        this.#dialNext();
      },
    );
  }

  #end(winner: MemberHealth | undefined): void {
    this.stop();
    this.#settle(winner);
  }
}

import { AsyncQueue, type Clock } from '../async/index.js';
import { DeadlineError } from '../errors/index.js';
import type { Duplex, KvCalls, Member, RangeRequest, RangeResponse } from '../wire/index.js';

/** A reader who waited no longer than this learnt nothing about the member, which may be far away. */
const fairWaitMs = 1_000;

/** One RangeStream on one member. One piece at most waits for its reader: the rest stays in the server. */
export class RangeStreamCall {
  readonly #clock: Clock;
  readonly #duplex: Pick<Duplex<never>, 'cancel' | 'cancelUnresponsive'>;
  readonly #pieces = new AsyncQueue<RangeResponse>(() => this.#readOn());
  #held: (() => void) | undefined;
  #member: Pick<Member, 'connection'> | undefined;
  #connection: number | undefined;

  constructor(calls: Pick<KvCalls, 'rangeStream'>, clock: Clock, request: RangeRequest) {
    this.#clock = clock;
    this.#duplex = calls.rangeStream(request, {
      opened: (member) => {
        this.#member = member;
        this.#connection = member.connection;
      },
      message: (piece) => this.#receive(piece),
      end: (error) => this.#pieces.end(error),
    });
  }

  /**
   * The next piece; undefined after `cancel()`.
   * @throws {EtcdError} when the stream was cut or refused, or said nothing for so long.
   */
  async next(patienceMs: number): Promise<RangeResponse | undefined> {
    const forget = this.#clock.setTimer(patienceMs, () => this.#giveUp(patienceMs));
    try {
      return (await this.#pieces.take()).value;
    } finally {
      forget();
    }
  }

  /** The connection that all pieces came over; undefined when others came or went meanwhile, so that it is not known. */
  get connection(): number | undefined {
    return this.#member?.connection === this.#connection ? this.#connection : undefined;
  }

  /** Ends it on the server, too. Idempotent. */
  cancel(): void {
    this.#duplex.cancel();
    this.#pieces.discard();
  }

  #receive(piece: RangeResponse): void | Promise<void> {
    this.#pieces.put(piece);
    if (this.#pieces.size === 0) return;
    return new Promise((resolve) => {
      this.#held = resolve;
    });
  }

  #readOn(): void {
    this.#held?.();
    this.#held = undefined;
  }

  #giveUp(patienceMs: number): void {
    if (patienceMs < fairWaitMs) this.#duplex.cancel();
    else this.#duplex.cancelUnresponsive();
    this.#pieces.end(new DeadlineError(`RangeStream said nothing for ${Math.round(patienceMs)} ms`));
  }
}

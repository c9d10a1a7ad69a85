import { AsyncQueue, type Clock } from '../../async/index.js';
import { DeadlineError, type EtcdError } from '../../errors/index.js';
import type { KvCalls, Member, RangeRequest, RangeResponse, RangeStream } from '../../wire/index.js';

/** A shorter wait proves nothing about the member, which may have a long round trip. */
const minConclusiveWaitMs = 1_000;

/** One RangeStream call on one member. At most one chunk is buffered; flow control keeps the rest on the server. */
export class RangeStreamCall {
  readonly #clock: Clock;
  readonly #stream: RangeStream;
  readonly #chunks = new AsyncQueue<RangeResponse>(() => this.#onTaken());
  #resumeReceiving: (() => void) | undefined;
  #member: Pick<Member, 'connectionId'> | undefined;
  #connection: number | undefined;

  constructor(calls: Pick<KvCalls, 'rangeStream'>, clock: Clock, request: RangeRequest) {
    this.#clock = clock;
    this.#stream = calls.rangeStream(request, {
      opened: (member) => {
        this.#member = member;
        this.#connection = member.connectionId;
      },
      message: (chunk) => this.#receive(chunk),
      end: (error) => this.#chunks.end(error),
    });
  }

  /**
   * Returns the next chunk; undefined after `cancel()`.
   * @throws {EtcdError} if the stream failed or sent nothing within the timeout.
   */
  async next(timeoutMs: number): Promise<RangeResponse | undefined> {
    const cancelTimer = this.#clock.setTimer(timeoutMs, () => this.#timeOut(timeoutMs));
    try {
      return (await this.#chunks.take()).value;
    } finally {
      cancelTimer();
    }
  }

  /** The connection that all chunks arrived on; undefined if the member reconnected, so that it is not known. */
  get connection(): number | undefined {
    return this.#member?.connectionId === this.#connection ? this.#connection : undefined;
  }

  /** Ends the stream, also on the server. Idempotent. @param reason For its trace. */
  cancel(reason?: unknown): void {
    this.#stream.cancel(reason);
    this.#chunks.discard();
  }

  /** As `cancel`, after an error. */
  fail(error: EtcdError): void {
    this.#stream.fail(error);
    this.#chunks.discard();
  }

  #receive(chunk: RangeResponse): void | Promise<void> {
    this.#chunks.put(chunk);
    if (this.#chunks.size === 0) return;
    return new Promise((resolve) => {
      this.#resumeReceiving = resolve;
    });
  }

  #onTaken(): void {
    this.#resumeReceiving?.();
    this.#resumeReceiving = undefined;
  }

  #timeOut(timeoutMs: number): void {
    const error = new DeadlineError(`RangeStream sent nothing for ${Math.round(timeoutMs)} ms`);
    if (timeoutMs < minConclusiveWaitMs) this.#stream.fail(error);
    else this.#stream.failUnresponsive(error);
    this.#chunks.end(error);
  }
}

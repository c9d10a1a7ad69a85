import type { Channel } from '@grpc/grpc-js';
import { pending } from '../async/index.js';
import {
  Code,
  DeadlineError,
  type EtcdError,
  errorFromServer,
  makeError,
  toEtcdError,
} from '../errors/index.js';
import { noOptions } from '../model/index.js';
import { type AttemptOwner, UnaryAttempt } from './call/attempt.js';
import { attemptDeadlineError } from './call/deadline-error.js';
import type { PendingCallPorts } from './call/pending-call.js';
import { type FailedAttempt, SentAttempt } from './call/sent-attempt.js';
import { wholeMs } from './call/timeout.js';
import { type ReadBatchRequest, type ReadBatchResponse, readBatch } from './codec/read-batch.js';
import type { MemberHealth } from './member/health.js';
import { methodName } from './method.js';
import { paths } from './paths.js';

/**
 * One batch on its way. At its time limit it is cancelled only on the connection that it was sent on: grpc-js may have
 * sent it again on a new one, to an older server that must not see a transaction cancelled. For the same reason, the
 * server does not receive the time limit.
 */
export class BatchAttempt implements AttemptOwner<ReadBatchResponse> {
  /** When the attempt ends without an answer, on the client's clock. */
  readonly endsAt: number;
  readonly #ports: PendingCallPorts;
  readonly #health: MemberHealth;
  readonly #connection: number;
  readonly #sent: SentAttempt;
  readonly #sentAt: number;
  readonly #timeoutMs: number;
  #attempt: UnaryAttempt<ReadBatchRequest, ReadBatchResponse> | undefined;
  #cancelTimer: () => void = () => {};
  #isSettled = false;
  readonly #answer = pending<ReadBatchResponse>();

  constructor(
    ports: PendingCallPorts,
    health: MemberHealth,
    idempotency: 'read' | 'local-read',
    now: number,
    timeoutMs: number,
  ) {
    this.#ports = ports;
    this.#health = health;
    this.#connection = health.member.connectionId;
    this.#sent = new SentAttempt(ports, idempotency, noOptions, health, now);
    this.#sentAt = now;
    this.#timeoutMs = timeoutMs;
    this.endsAt = now + timeoutMs;
  }

  get answer(): Promise<ReadBatchResponse> {
    return this.#answer.promise;
  }

  start(channel: Channel, request: ReadBatchRequest): void {
    const { clock, token } = this.#ports;
    token?.renewIfDue();
    this.#sent.begin();
    this.#cancelTimer = clock.setTimer(this.#timeoutMs, () => this.#onTimeout());
    try {
      const options = this.#sent.optionsUntil(Number.POSITIVE_INFINITY);
      this.#attempt = new UnaryAttempt(channel, readBatch, options, this);
      this.#attempt.start(readBatch.requestSerialize(request));
    } catch (error) {
      this.onFailure(error);
    }
  }

  onAnswer(answer: ReadBatchResponse, bytes: number): void {
    if (!this.#settle()) return;
    try {
      this.#sent.recordAnswer(answer, bytes);
      this.#answer.resolve(answer);
    } catch (error) {
      this.#answer.reject(toEtcdError(error)); // of a listener
    }
  }

  onFailure(error: unknown): void {
    const failure = toEtcdError(error);
    if (this.#settle()) this.#fail(failure, failure.code !== Code.DEADLINE_EXCEEDED);
  }

  /** The batch as a failed first attempt of one of its reads, with an error of its own. */
  failedWith(error: EtcdError): FailedAttempt {
    const own =
      error instanceof DeadlineError
        ? timeoutError(error.verdict === 'not-applied', this.#timeoutMs)
        : copyServerError(error);
    return { ...this.#sent.asFailed(own), isShared: true };
  }

  /** The batch as the first attempt of a read whose deadline passes before the batch's. */
  timedOut(): FailedAttempt {
    const error = timeoutError(false, this.#ports.clock.now() - this.#sentAt);
    return { ...this.#sent.asFailed(error), isShared: true };
  }

  #onTimeout(): void {
    const attempt = this.#attempt;
    if (!this.#settle()) return;
    this.#fail(timeoutError(attempt?.isUnsent() === true, this.#timeoutMs), false);
    if (this.#health.member.connectionId === this.#connection) attempt?.cancel('no answer in time');
  }

  #fail(error: EtcdError, answered: boolean): void {
    this.#sent.failedWith(error);
    this.#health.callSettled(this.#ports.clock.now(), answered);
    this.#answer.reject(error);
  }

  /** Returns false if the batch is settled already. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#cancelTimer();
    return true;
  }
}

/** The error of an attempt that was not answered in time, as of an attempt of one of the batch's reads. */
function timeoutError(isUnsent: boolean, ms: number): DeadlineError {
  const details = `no answer within ${wholeMs(ms)} ms`;
  const cause = errorFromServer(Code.DEADLINE_EXCEEDED, details, { notSent: isUnsent });
  return attemptDeadlineError(methodName({ path: paths.range }), isUnsent, details, cause);
}

/** A copy of a server's error, for one of the callers that it concerns. */
function copyServerError({ code, verdict, serverText = '', reason }: EtcdError): EtcdError {
  return makeError(serverText, { code, verdict, serverText, ...(reason && { reason }) });
}

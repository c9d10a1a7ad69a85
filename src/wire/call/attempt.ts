import {
  type Channel,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { onAbort, systemTimers, type TimerTask } from '../../async/index.js';
import { Code, type EtcdError, invalidTokenText } from '../../errors/index.js';
import { decodeAnswer, malformedAnswer } from '../answer/decode.js';
import { foreignAnswerError } from '../answer/foreign-answer.js';
import { type Method, methodName } from '../method.js';
import { errorFromStatus, malformedRequest, type RawCall, type RunningCall, type TokenUse } from './call.js';
import { httpStatusOfCall } from './call-internals.js';
import { attemptDeadlineError } from './deadline-error.js';
import type { SharedMetadata } from './metadata.js';
import { wholeMs } from './timeout.js';
import { cancelAndCheckUnsent, isUnsent } from './unsent-call.js';

/** The options of one attempt. */
export interface AttemptOptions {
  readonly metadata: SharedMetadata;
  /** The time limit in milliseconds, also sent as the gRPC timeout. Infinity means no limit. */
  readonly timeoutMs: number;
  /** See decodeAnswer. */
  readonly maxReceiveBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Lists the call while it runs, so that it can be cancelled from outside. */
  readonly running: Set<RunningCall>;
  readonly tokenUse?: TokenUse | undefined;
  /** See TracedCallOptions. */
  readonly outlivesClose?: boolean | undefined;
}

/** Receives the result of an attempt: exactly one of the two is called, once. */
export interface AttemptOwner<Res> {
  /** @param bytes The size of the encoded answer. */
  onAnswer(answer: Res, bytes: number): void;
  /** @param error An EtcdError, or the reason of the signal. */
  onFailure(error: unknown): void;
}

/**
 * Makes one attempt of a unary call. An abort cancels it on the server too and rejects with the signal's reason.
 * @param onSize Called with the size of the encoded answer, before the promise resolves.
 */
export function attemptUnary<Req, Res>(
  channel: Channel,
  method: Method<Req, Res>,
  request: Buffer,
  options: AttemptOptions,
  onSize?: (bytes: number) => void,
): Promise<Res> {
  return new Promise((resolve, onFailure) => {
    const onAnswer = (answer: Res, bytes: number) => {
      onSize?.(bytes);
      resolve(answer);
    };
    new UnaryAttempt(channel, method, options, { onAnswer, onFailure }).start(request);
  });
}

/**
 * One attempt of a unary call. It is at once grpc-js's listener, its own entry among the running calls and its own
 * deadline timer, so that a call costs one object.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `runDeadlineTimer` of resolving-call.ts; older releases unref'd
 * it, https://github.com/grpc/grpc-node/pull/1303): the deadline of grpc-js is not used, because its timer keeps the
 * process alive, also for a call with `unref`. Remove when that timer is unref'd.
 */
export class UnaryAttempt<Req, Res> implements InterceptingListener, RunningCall, TimerTask {
  dueAt = 0;
  heapIndex = -1;
  readonly #call: RawCall;
  readonly #method: Method<Req, Res>;
  readonly #options: AttemptOptions;
  #owner: AttemptOwner<Res> | undefined;
  #releaseSignal: (() => void) | undefined;
  #headers: Metadata | undefined;
  #answer: Buffer | undefined;
  #isCancelled = false;
  #neverSent = false;

  constructor(channel: Channel, method: Method<Req, Res>, options: AttemptOptions, owner: AttemptOwner<Res>) {
    this.#call = channel.createCall(method.path, Infinity, null, null, undefined);
    this.#method = method;
    this.#options = options;
    this.#owner = owner;
  }

  get tokenUse(): TokenUse | undefined {
    return this.#options.tokenUse;
  }

  get outlivesClose(): boolean {
    return this.#options.outlivesClose ?? false;
  }

  start(request: Buffer): void {
    const { metadata, timeoutMs, running, signal } = this.#options;
    try {
      this.#call.start(metadata.withTimeout(timeoutMs), this);
      this.#call.sendMessageWithContext({}, request);
      this.#call.halfClose();
      this.#call.startRead();
    } catch (error) {
      this.#fail(malformedRequest(this.#method, error));
      return;
    }
    if (timeoutMs < Number.POSITIVE_INFINITY) systemTimers.add(this, wholeMs(timeoutMs));
    running.add(this);
    if (signal) this.#releaseSignal = onAbort(signal, (reason) => this.#onAbort(reason));
  }

  onReceiveMetadata(headers: Metadata): void {
    this.#headers = headers;
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#answer) {
      this.#fail(malformedAnswer(this.#method, new Error('two messages instead of one')));
      this.#call.cancelWithStatus(status.CANCELLED, 'malformed answer');
      return;
    }
    this.#answer = message;
    // grpc-js reports the status only after everything is read. A second message would hide it until the deadline.
    this.#call.startRead();
  }

  onReceiveStatus(received: StatusObject): void {
    systemTimers.remove(this);
    this.#releaseSignal?.();
    this.#options.running.delete(this);
    if (received.code !== Code.OK) this.#fail(this.#statusError(received));
    else if (this.#answer) this.#decode(this.#answer);
    else this.#fail(malformedAnswer(this.#method, new Error('status OK without a message')));
  }

  onDue(): void {
    this.#cancel(status.DEADLINE_EXCEEDED, `no answer within ${wholeMs(this.#options.timeoutMs)} ms`);
  }

  isUnsent(): boolean {
    return isUnsent(this.#call);
  }

  cancel(why: string): void {
    this.#cancel(status.CANCELLED, why, (end) => end());
  }

  failWithInvalidToken(): void {
    this.#call.cancelWithStatus(status.UNAUTHENTICATED, invalidTokenText);
  }

  #onAbort(reason: unknown): void {
    this.#fail(reason);
    this.#cancel(status.CANCELLED, 'aborted by the caller');
  }

  #cancel(code: status, why: string, schedule: (end: () => void) => unknown = setImmediate): void {
    this.#isCancelled = true;
    const end = () => this.#call.cancelWithStatus(code, why);
    // End unsent calls before sent ones: the end of a sent call could free a stream for an unsent one.
    if (isUnsent(this.#call)) this.#neverSent = cancelAndCheckUnsent(this.#call, end);
    else schedule(end);
  }

  #decode(bytes: Buffer): void {
    const owner = this.#takeOwner();
    if (!owner) return;
    let answer: Res;
    try {
      answer = decodeAnswer(this.#method, bytes, this.#options.maxReceiveBytes);
    } catch (error) {
      owner.onFailure(error);
      return;
    }
    owner.onAnswer(answer, bytes.length);
  }

  #fail(error: unknown): void {
    this.#takeOwner()?.onFailure(error);
  }

  /** Returns the owner, once: what happens after the result concerns it no longer. */
  #takeOwner(): AttemptOwner<Res> | undefined {
    const owner = this.#owner;
    this.#owner = undefined;
    return owner;
  }

  #statusError(received: StatusObject): EtcdError {
    const foreign = this.#isCancelled
      ? undefined
      : foreignAnswerError(received, this.#method, this.#headers, httpStatusOfCall(this.#call));
    if (foreign) return foreign;
    const error = this.#neverSent ? errorFromStatus(received, true) : errorFromStatus(received);
    // etcd's own "context deadline exceeded" has a known text and another code; this status is grpc-js's.
    if (error.code !== Code.DEADLINE_EXCEEDED) return error;
    return attemptDeadlineError(methodName(this.#method), this.#neverSent, received.details, error);
  }
}

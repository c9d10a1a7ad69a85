import { AsyncResource } from 'node:async_hooks';
import { isReasonOf } from '../../async/index.js';
import {
  type CallAttempt,
  type CallOutcome,
  type CallTrace,
  type ClientDiagnostics,
  callChannels,
  eventToJson,
  rangeText,
  type TracedRange,
} from '../../diagnostics/index.js';
import { Code, codeName, EtcdError } from '../../errors/index.js';
import { type CallRecorder, methodName, serviceName } from '../method.js';
import { accessOf } from './request-description.js';

/** The attempts of a traced call. */
class TracedAttempt implements CallAttempt {
  readonly number: number;
  readonly endpoint: string;
  readonly startedAt: number;
  readonly reads: number;
  isSent = true;
  durationMs: number | undefined;
  error: EtcdError | undefined;

  constructor(number: number, endpoint: string, reads: number) {
    this.number = number;
    this.endpoint = endpoint;
    this.reads = reads;
    this.startedAt = now();
  }
}

/** A call without a deadline may make any number of attempts. */
const maxAttempts = 100;

/** A call that is published on the channels of calls. Made only while something receives it. */
export class TracedCall implements CallTrace, CallRecorder {
  readonly client: string;
  readonly service: string;
  readonly method: string;
  readonly startedAt = now();
  readonly attempts: readonly TracedAttempt[] = [];
  durationMs: number | undefined;
  requestBytes = 0;
  responseBytes = 0;
  revision: bigint | undefined;
  outcome: CallOutcome | undefined;
  error: unknown;
  readonly #diagnostics: ClientDiagnostics;
  readonly #path: string;
  readonly #request: unknown;
  #isStarting = false;
  #attemptCount = 0;
  /** That of the caller, with what subscribers bound to the start. An answer arrives in that of the connection. */
  #context: AsyncResource | undefined;
  #ranges: readonly TracedRange[] | undefined;

  constructor(diagnostics: ClientDiagnostics, path: string, request: unknown) {
    this.#diagnostics = diagnostics;
    this.#path = path;
    this.#request = request;
    this.client = diagnostics.name;
    this.service = serviceName({ path });
    this.method = methodName({ path });
  }

  get ranges(): readonly TracedRange[] {
    this.#ranges ??= accessOf(this.#path, this.#request).map(({ range }) => rangeText(range));
    return this.#ranges;
  }

  /** Publishes the start, and runs the synchronous part of the call in the context that subscribers bound to it. */
  start<T>(call: () => T): T {
    this.#isStarting = true;
    const result = callChannels.start.runStores(this, () => {
      this.#context = new AsyncResource('ETCD_CALL_TRACE');
      return call();
    });
    this.#publishEnd();
    return result;
  }

  /** A call that fails at once ends before its synchronous part does: subscribers still receive `end` first. */
  #publishEnd(): void {
    if (!this.#isStarting) return;
    this.#isStarting = false;
    callChannels.end.publish(this);
  }

  attemptSent(endpoint: string, reads = 1): void {
    this.#addAttempt(endpoint, reads);
  }

  attemptUnsent(endpoint: string, error: EtcdError): void {
    const attempt = this.#addAttempt(endpoint, 1);
    attempt.isSent = false;
    attempt.durationMs = 0;
    attempt.error = error;
  }

  #addAttempt(endpoint: string, reads: number): TracedAttempt {
    const attempts = this.attempts as TracedAttempt[];
    const attempt = new TracedAttempt(++this.#attemptCount, endpoint, reads);
    attempts.push(attempt);
    if (attempts.length > maxAttempts) attempts.splice(maxAttempts / 2, 1);
    return attempt;
  }

  attemptEnded(error?: unknown): void {
    const attempt = this.attempts[this.attempts.length - 1];
    if (!attempt || attempt.durationMs !== undefined) return;
    attempt.durationMs = now() - attempt.startedAt;
    attempt.error = error instanceof EtcdError ? error : undefined;
  }

  answered(answer: unknown, bytes: number): void {
    this.attemptEnded();
    this.responseBytes = bytes;
    this.revision = revisionOf(answer);
  }

  /** See StreamRecorder. */
  received(part: unknown, bytes: number): void {
    this.responseBytes += bytes;
    this.revision ??= revisionOf(part);
  }

  /** Does nothing after the end of the call. */
  succeeded(): void {
    if (this.durationMs !== undefined) return;
    this.#publishEnd();
    this.#end('ok', Code.OK);
  }

  /**
   * Does nothing after the end of the call.
   * @param signal That of the call: it is cancelled if the error is the reason.
   */
  failed(error: unknown, signal?: AbortSignal): void {
    if (isReasonOf(signal, error)) this.cancelled(error);
    else this.#endWith('failed', error, error instanceof EtcdError ? error.code : Code.CANCELLED);
  }

  /** Does nothing after the end of the call. */
  cancelled(reason: unknown): void {
    this.#endWith('cancelled', reason, Code.CANCELLED);
  }

  /** Does nothing after the end of the call. @param error The server's, for a method that it does not have. */
  unsupported(error: EtcdError): void {
    this.#endWith('unsupported', error, error.code);
  }

  /** Includes `ranges`, which is not an own member. */
  toJSON(): object {
    return eventToJson({ ...this, ranges: this.ranges });
  }

  #endWith(outcome: CallOutcome, error: unknown, code: Code): void {
    if (this.durationMs !== undefined) return;
    this.#publishEnd();
    this.error = error;
    this.#inContext(() => callChannels.error.publish(this));
    this.#end(outcome, code);
  }

  #end(outcome: CallOutcome, code: Code): void {
    this.attemptEnded(outcome === 'cancelled' ? undefined : this.error);
    this.outcome = outcome;
    this.durationMs = now() - this.startedAt;
    this.#diagnostics.recordCall(`${this.service}/${this.method}`, codeName(code), this.durationMs / 1_000);
    const { asyncStart, asyncEnd } = callChannels;
    this.#inContext(() => {
      asyncStart.publish(this);
      asyncEnd.publish(this);
    });
  }

  #inContext(publish: () => void): void {
    if (this.#context) this.#context.runInAsyncScope(publish);
    else publish();
  }
}

function revisionOf(answer: unknown): bigint | undefined {
  return (answer as { readonly header?: { readonly revision?: bigint } }).header?.revision;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

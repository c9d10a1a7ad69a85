import {
  type Channel,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { longestTimerMs, onAbort, systemClock } from '../../async/index.js';
import {
  Code,
  DeadlineError,
  EtcdError,
  errorFromServer,
  invalidTokenText,
  wasNeverSent,
} from '../../errors/index.js';
import { decodeAnswer, malformedAnswer } from '../answer/decode.js';
import { foreignAnswerError } from '../answer/foreign-answer.js';
import type { Member } from '../member/member.js';
import { type IdempotencyLevel, type Method, methodName } from '../method.js';
import { cancelAndCheckUnsent, isUnsent } from './unsent-call.js';

/** grpc-js's call object, below its client layer: no stream, no emitter and no interceptor per call. */
export type RawCall = ReturnType<Channel['createCall']>;

/**
 * Converts a grpc-js status to an error.
 * @param notSent The request was certainly not sent, whatever the status says.
 */
export function errorFromStatus(
  { code, details }: Pick<StatusObject, 'code' | 'details'>,
  notSent = wasNeverSent(code, details),
): EtcdError {
  return errorFromServer(code, details, { notSent });
}

/**
 * The error for a request that cannot be encoded, which is a defect of this library. It is reported through the call,
 * because nothing could catch a throw there.
 */
export function malformedRequest(method: { readonly path: string }, cause: unknown): EtcdError {
  return new EtcdError(`the request to ${methodName(method)} cannot be encoded`, {
    code: Code.INVALID_ARGUMENT,
    cause,
  });
}

/** The options of one attempt. */
export interface AttemptOptions {
  readonly metadata: Metadata;
  /** The time limit in milliseconds, also sent as the gRPC timeout. Infinity means no limit. */
  readonly timeoutMs: number;
  /** See decodeAnswer. */
  readonly maxReceiveBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Lists the call while it runs, so that it can be cancelled from outside. */
  readonly running: Set<RunningCall>;
  readonly tokenUse?: TokenUse | undefined;
}

/** The member and token of a running call, needed to end calls that a stale token keeps waiting. */
export interface TokenUse {
  readonly member: Member;
  readonly generation: number;
  readonly idempotency: IdempotencyLevel;
}

/** A call in flight, with the operations that end it from outside. */
export interface RunningCall {
  readonly tokenUse: TokenUse | undefined;
  /** Whether certainly nothing of the call has been sent. */
  isUnsent(): boolean;
  cancel(why: string): void;
  /** Ends the call with etcd's error for an unknown token. */
  failWithInvalidToken(): void;
}

/** Makes one attempt of a unary call. An abort cancels it on the server too and rejects with the signal's reason. */
export function attemptUnary<Req, Res>(
  channel: Channel,
  method: Method<Req, Res>,
  request: Buffer,
  options: AttemptOptions,
): Promise<Res> {
  return new Promise((resolve, reject) => {
    const { timeoutMs } = options;
    const call = channel.createCall(method.path, Infinity, null, null, undefined);
    let neverSent = false;
    let cancelled = false;
    let headers: Metadata | undefined;
    let answer: Buffer | undefined;
    const cancel = (code: status, why: string, schedule: (end: () => void) => unknown = setImmediate) => {
      cancelled = true;
      const end = () => call.cancelWithStatus(code, why);
      // End unsent calls before sent ones: the end of a sent call could free a stream for an unsent one.
      if (isUnsent(call)) neverSent = cancelAndCheckUnsent(call, end);
      else schedule(end);
    };
    const running: RunningCall = {
      tokenUse: options.tokenUse,
      isUnsent: () => isUnsent(call),
      cancel: (why) => cancel(status.CANCELLED, why, (end) => end()),
      failWithInvalidToken: () => call.cancelWithStatus(status.UNAUTHENTICATED, invalidTokenText),
    };
    const disarm = startDeadline(timeoutMs, (ms) =>
      cancel(status.DEADLINE_EXCEEDED, `no answer within ${ms} ms`),
    );
    const listener: InterceptingListener = {
      onReceiveMetadata(received) {
        headers = received;
      },
      onReceiveMessage(message: Buffer) {
        if (answer) {
          reject(malformedAnswer(method, new Error('two messages instead of one')));
          call.cancelWithStatus(status.CANCELLED, 'malformed answer');
          return;
        }
        answer = message;
        // grpc-js reports the status only after everything is read. A second message would hide it until the deadline.
        call.startRead();
      },
      onReceiveStatus(received) {
        disarm();
        release();
        options.running.delete(running);
        if (received.code !== Code.OK) {
          const foreign = cancelled ? undefined : foreignAnswerError(received, method, headers);
          reject(foreign ?? unaryError(received, method, neverSent));
        } else if (!answer) reject(malformedAnswer(method, new Error('status OK without a message')));
        else settleWith(answer);
      },
    };
    const settleWith = (bytes: Buffer) => {
      try {
        resolve(decodeAnswer(method, bytes, options.maxReceiveBytes));
      } catch (error) {
        reject(error as EtcdError);
      }
    };
    try {
      call.start(withTimeoutHeader(options.metadata, timeoutMs), listener);
      call.sendMessageWithContext({}, request);
      call.halfClose();
      call.startRead();
    } catch (error) {
      disarm();
      reject(malformedRequest(method, error));
      return;
    }
    options.running.add(running);
    const release = onAbort(options.signal, (reason) => {
      reject(reason as Error);
      cancel(status.CANCELLED, 'aborted by the caller');
    });
  });
}

/**
 * Starts the deadline timer and returns a function that clears it.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `runDeadlineTimer` of resolving-call.ts; older releases unref'd
 * it, https://github.com/grpc/grpc-node/pull/1303): the deadline of grpc-js is not used, because its timer keeps the
 * process alive, also for a call with `unref`. Remove when that timer is unref'd.
 */
function startDeadline(timeoutMs: number, onDeadline: (ms: number) => void): () => void {
  const ms = wholeMs(timeoutMs);
  if (ms > longestTimerMs) return systemClock.setTimer(ms, () => onDeadline(ms));
  const timer = setTimeout(onDeadline, ms, ms).unref();
  return () => clearTimeout(timer);
}

/** Adds the `grpc-timeout` header, as grpc-js would. */
function withTimeoutHeader(metadata: Metadata, timeoutMs: number): Metadata {
  if (timeoutMs > maxTimeoutMs) return metadata;
  const withDeadline = metadata.clone();
  withDeadline.set('grpc-timeout', timeoutHeader(wholeMs(timeoutMs) + serverGraceMs));
  return withDeadline;
}

function wholeMs(ms: number): number {
  return Math.max(Math.ceil(ms), 0);
}

/**
 * How much later the server's deadline is than the client's. The client cancels the call on the server at its own deadline.
 *
 * Workaround (etcd 3.4 to 3.7; https://github.com/etcd-io/etcd/blob/v3.5.0/server/auth/simple_token.go,
 * `isValidSimpleToken`): if the deadline passes while etcd waits to validate a token, etcd reports the token as
 * invalid. The later deadline prevents this wrong refusal. Remove when etcd reports the deadline.
 */
const serverGraceMs = 100;

/** One year. The header cannot express longer timeouts, which are sent as no timeout. */
const maxTimeoutMs = 365 * 24 * 3_600_000;

/**
 * At most eight digits and a unit.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/PROTOCOL-HTTP2.md#requests
 */
function timeoutHeader(ms: number): string {
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1_000)}S`;
}

function unaryError<Req, Res>(
  received: StatusObject,
  method: Method<Req, Res>,
  neverSent: boolean,
): EtcdError {
  const error = neverSent ? errorFromStatus(received, true) : errorFromStatus(received);
  // etcd's own "context deadline exceeded" has a known text and another code; this status is grpc-js's.
  if (error.code !== Code.DEADLINE_EXCEEDED) return error;
  const name = methodName(method);
  return neverSent
    ? new DeadlineError(`${name} was not sent in time because no stream was free: ${received.details}`, {
        cause: error,
        verdict: 'not-applied',
      })
    : new DeadlineError(`${name} was not answered in time: ${received.details}`, { cause: error });
}

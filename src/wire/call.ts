import {
  type Channel,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { longestTimerMs, onAbort, systemClock } from '../async/index.js';
import {
  Code,
  DeadlineError,
  EtcdError,
  errorFromServer,
  invalidTokenText,
  wasNeverSent,
} from '../errors/index.js';
import { decodeAnswer, malformedAnswer } from './answer/decode.js';
import { foreignAnswerError } from './foreign-answer.js';
import type { Member } from './member.js';
import { type IdempotencyLevel, type Method, methodName } from './method.js';
import { cancelAndCheckUnsent, isUnsent } from './unsent-call.js';

/** grpc-js's call object, below its client layer: no stream, no emitter and no interceptor per call. */
export type RawCall = ReturnType<Channel['createCall']>;

/**
 * A grpc-js status as our error.
 * @param notSent It surely never left, whatever the status says.
 */
export function errorFromStatus(
  { code, details }: Pick<StatusObject, 'code' | 'details'>,
  notSent = wasNeverSent(code, details),
): EtcdError {
  return errorFromServer(code, details, { notSent });
}

/** A request that cannot be put into etcd's protocol: a fault of this library, told instead of thrown at nobody. */
export function malformedRequest(path: { readonly path: string }, cause: unknown): EtcdError {
  return new EtcdError(`the request to ${methodName(path)} cannot be encoded`, {
    code: Code.INVALID_ARGUMENT,
    cause,
  });
}

export interface AttemptOptions {
  readonly metadata: Metadata;
  /** How long it may take, in milliseconds; sent along as the gRPC timeout. Infinity waits without end. */
  readonly timeoutMs: number;
  /** See decodeAnswer. */
  readonly maxReceiveBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Where the call is listed while it runs, so that it can be ended from elsewhere. */
  readonly running: Set<RunningCall>;
  readonly tokenUse?: TokenUse | undefined;
}

/** For calls that a stale token would keep waiting: where it was sent, with which token, and what for. */
export interface TokenUse {
  readonly member: Member;
  readonly generation: number;
  readonly idempotency: IdempotencyLevel;
}

/** A call under way, for whoever has to end it. */
export interface RunningCall {
  readonly tokenUse: TokenUse | undefined;
  /** Whether surely nothing of it has been sent. */
  isUnsent(): boolean;
  cancel(why: string): void;
  /** Ends it as etcd would that does not know its token. */
  failWithInvalidToken(): void;
}

/** One unary call, tried once. An abort cancels it on the server and rejects with the signal's own reason. */
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
    const cancel = (code: status, why: string, later: (end: () => void) => unknown = setImmediate) => {
      cancelled = true;
      const end = () => call.cancelWithStatus(code, why);
      // Of calls that end together, those held back go first: the end of another would make room for them.
      if (isUnsent(call)) neverSent = cancelAndCheckUnsent(call, end);
      else later(end);
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
          reject(malformedAnswer(method, new Error('two messages where one belongs')));
          call.cancelWithStatus(status.CANCELLED, 'malformed answer');
          return;
        }
        answer = message;
        // grpc-js tells the status only once all is read: a second message would hide it until the deadline.
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
 * Keeps the deadline: a timer of grpc-js would keep the process alive, also for a call with `unref`. The returned
 * function forgets it.
 */
function startDeadline(timeoutMs: number, late: (ms: number) => void): () => void {
  const ms = wholeMs(timeoutMs);
  if (ms > longestTimerMs) return systemClock.setTimer(ms, () => late(ms));
  const timer = setTimeout(late, ms, ms).unref();
  return () => clearTimeout(timer);
}

/** Tells the server the deadline, as grpc-js would. */
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
 * The server's deadline is so much later than ours, which cancels the call there, too. Where etcd waits to learn whether a
 * token is known, it calls it invalid when its own deadline passes: that is not to arrive as a refusal.
 */
const serverGraceMs = 100;

/** A year: what gRPC's header can say, and no difference to a caller. */
const maxTimeoutMs = 365 * 24 * 3_600_000;

/** At most eight digits and a unit, says gRPC. */
function timeoutHeader(ms: number): string {
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1_000)}S`;
}

function unaryError<Req, Res>(
  received: StatusObject,
  method: Method<Req, Res>,
  neverSent: boolean,
): EtcdError {
  const error = neverSent ? errorFromStatus(received, true) : errorFromStatus(received);
  // etcd's own "context deadline exceeded" carries a text of the server; only grpc-js's is ours.
  if (error.code !== Code.DEADLINE_EXCEEDED) return error;
  const name = methodName(method);
  return neverSent
    ? new DeadlineError(`${name} was not sent in time, for want of a free stream: ${received.details}`, {
        cause: error,
        verdict: 'not-applied',
      })
    : new DeadlineError(`${name} was not answered in time: ${received.details}`, { cause: error });
}

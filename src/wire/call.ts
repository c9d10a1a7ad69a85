import {
  type Channel,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { onAbort } from '../async/index.js';
import { Code, DeadlineError, EtcdError, errorFromServer, wasNeverSent } from '../errors/index.js';
import { decodeAnswer, malformed } from './answer/decode.js';
import { type Method, methodName } from './method.js';

/** grpc-js's call object, below its client layer: no stream, no emitter and no interceptor per call. */
export type RawCall = ReturnType<Channel['createCall']>;

/** A grpc-js status as our error. */
export function errorFromStatus({ code, details }: Pick<StatusObject, 'code' | 'details'>): EtcdError {
  return errorFromServer(code, details, { notSent: wasNeverSent(code, details) });
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
  /** Where the call is listed while it runs, so that closing the client can cancel it. */
  readonly running: Set<RawCall>;
}

/** One unary call, tried once. An abort cancels it on the server and rejects with the signal's own reason. */
export function attemptUnary<Req, Res>(
  channel: Channel,
  method: Method<Req, Res>,
  request: Buffer,
  options: AttemptOptions,
): Promise<Res> {
  return new Promise((resolve, reject) => {
    const { call, metadata, disarm } = begin(channel, method, options);
    let answer: Buffer | undefined;
    const listener: InterceptingListener = {
      onReceiveMetadata() {},
      onReceiveMessage(message: Buffer) {
        if (answer) {
          reject(malformed(method, new Error('two messages where one belongs')));
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
        options.running.delete(call);
        if (received.code !== Code.OK) reject(unaryError(received, method));
        else if (!answer) reject(malformed(method, new Error('status OK without a message')));
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
    options.running.add(call);
    call.start(metadata, listener);
    call.sendMessageWithContext({}, request);
    call.halfClose();
    call.startRead();
    const release = onAbort(options.signal, (reason) => {
      reject(reason as Error);
      call.cancelWithStatus(status.CANCELLED, 'aborted by the caller');
    });
  });
}

/**
 * The call, with its deadline kept here: a timer of grpc-js would keep the process alive, also for somebody who lets
 * it go. The server is told of it as grpc-js would tell it.
 */
function begin(
  channel: Channel,
  { path }: { readonly path: string },
  { metadata, timeoutMs }: AttemptOptions,
): { readonly call: RawCall; readonly metadata: Metadata; disarm(): void } {
  const call = channel.createCall(path, Infinity, null, null, undefined);
  if (timeoutMs > longestTimeoutMs) return { call, metadata, disarm() {} };
  const ms = Math.max(Math.ceil(timeoutMs), 0);
  const withDeadline = metadata.clone();
  withDeadline.set('grpc-timeout', timeoutInWords(ms));
  const late = () => call.cancelWithStatus(status.DEADLINE_EXCEEDED, `no answer within ${ms} ms`);
  const timer = ms <= longestTimerMs ? setTimeout(late, ms).unref() : undefined;
  return { call, metadata: withDeadline, disarm: () => clearTimeout(timer) };
}

/** A year: what gRPC's header can say, and no difference to a caller. */
const longestTimeoutMs = 365 * 24 * 3_600_000;

/** Node's timers reach no further than this: nearly 25 days. */
const longestTimerMs = 2 ** 31 - 1;

/** At most eight digits and a unit, says gRPC. */
function timeoutInWords(ms: number): string {
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1_000)}S`;
}

function unaryError<Req, Res>(received: StatusObject, method: Method<Req, Res>): EtcdError {
  const error = errorFromStatus(received);
  // etcd's own "context deadline exceeded" carries a text of the server; only grpc-js's is ours.
  if (error.code !== Code.DEADLINE_EXCEEDED) return error;
  return new DeadlineError(`${methodName(method)} was not answered in time: ${received.details}`, {
    cause: error,
  });
}

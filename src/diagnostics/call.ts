import { tracingChannel } from 'node:diagnostics_channel';
import type { EtcdError } from '../errors/index.js';
import type { ClientEvent } from './topic.js';

/** One attempt of a call. */
export interface CallAttempt {
  /** From 1. */
  readonly number: number;
  /** The endpoint of the member that it was sent to, as in the client's options. */
  readonly endpoint: string;
  /** When it was sent, in milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  /** How many reads were sent together, as one transaction; 1 for a request of its own. */
  readonly reads: number;
  /** Whether it was sent. False: the member could not be reached. */
  readonly isSent: boolean;
  /** How long it took, in milliseconds; undefined until it has ended. */
  readonly durationMs: number | undefined;
  /**
   * Why it failed; undefined if it did not, or if the call was cancelled. For an attempt that another one followed,
   * this is the cause of the retry.
   */
  readonly error: EtcdError | undefined;
}

/**
 * How a call ended. `ok`: its caller has the result. `failed`: it has an error. `cancelled`: the
 * signal of the call ended it, that of the caller or of this library, or the reader left the stream early.
 * `unsupported`: etcd before 3.7 has no RangeStream, and the range is read in pages instead, each a call of its own.
 */
export type CallOutcome = 'ok' | 'failed' | 'cancelled' | 'unsupported';

/** A range of keys that a call reads or writes. */
export interface TracedRange {
  /** The key, or the first key of the range, as text. */
  readonly key: string;
  /** The end of the range, exclusive, as text; undefined for a single key. `'\0'` for all keys from `key` on. */
  readonly rangeEnd: string | undefined;
}

/**
 * One unary call, or one stream with an end (a RangeStream, a snapshot), from the request until its caller has the
 * result. Watch streams, the renewals of leases, Authenticate and the probes of members are not published here. The messages of
 * `etcd-naming:call`: the channels `start`, `end`, `asyncStart`, `asyncEnd` and `error` publish the same object, whose
 * members are set as they become known. It has no value, and no secret. A call whose arguments are refused is not
 * published.
 */
export interface CallTrace extends ClientEvent {
  /** The service, such as `etcdserverpb.KV`. */
  readonly service: string;
  /** The method, such as `Put`. A batched `get` is a `Range`. */
  readonly method: string;
  /** The ranges that the request names, in its order; read from the request when they are first used. */
  readonly ranges: readonly TracedRange[];
  /** When the call began, in milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  /** How long the call took, in milliseconds; undefined until it has ended. */
  readonly durationMs: number | undefined;
  /** The attempts so far: all, or the first and the last 50 of more than 100. */
  readonly attempts: readonly CallAttempt[];
  /** The size of the encoded request; 0 until it is encoded, for a batched read, and for a snapshot, whose request is empty. */
  readonly requestBytes: number;
  /** The size of the encoded answer, or of all messages of a stream so far; 0 without one, and for a batched read. */
  readonly responseBytes: number;
  /** The revision in the header of the answer; undefined without one. */
  readonly revision: bigint | undefined;
  /** How the call ended; undefined until it has. Only `failed` is a failure. */
  readonly outcome: CallOutcome | undefined;
  /**
   * Why the call has no result: an {@link EtcdError} with its verdict, or the reason of the signal. Undefined only for
   * the outcome `ok`.
   */
  readonly error: unknown;
}

/** The handlers of {@link CallChannel.subscribe}. */
export interface CallHandlers {
  /** A call begins. `diagnostics_channel.Channel.bindStore` of this channel gives the call a context of its own. */
  readonly start?: (call: CallTrace) => void;
  /** The synchronous part of a call is done. */
  readonly end?: (call: CallTrace) => void;
  /** A call has ended, before `asyncEnd`. */
  readonly asyncStart?: (call: CallTrace) => void;
  /** A call has ended, immediately before its caller has the result. */
  readonly asyncEnd?: (call: CallTrace) => void;
  /** A call has ended without a result, also if it was cancelled, before `asyncStart`. */
  readonly error?: (call: CallTrace) => void;
}

/** The tracing channel `etcd-naming:call`, as of Node's `diagnostics_channel.tracingChannel`. */
export interface CallChannel {
  /** The name, for `diagnostics_channel.tracingChannel`. */
  readonly name: string;
  /** Whether anything subscribes to one of its five channels. Calls are traced only then, and for histograms. */
  readonly hasSubscribers: boolean;
  /** Calls the handlers for the calls that begin from now on, synchronously. They must not throw. */
  subscribe(handlers: CallHandlers): void;
  /** Ends a subscription, by the object that `subscribe()` was given. */
  unsubscribe(handlers: CallHandlers): void;
}

const name = 'etcd-naming:call';
/** The channels of calls. */
export const callChannels = tracingChannel<unknown, CallTrace>(name);

/** The public face of the channels. */
export const callChannel: CallChannel = {
  name,
  get hasSubscribers() {
    return callChannels.hasSubscribers;
  },
  subscribe: (handlers) => callChannels.subscribe(handlers as Parameters<typeof callChannels.subscribe>[0]),
  unsubscribe: (handlers) =>
    callChannels.unsubscribe(handlers as Parameters<typeof callChannels.unsubscribe>[0]),
};

import { type Channel, type InterceptingListener, type Metadata, status } from '@grpc/grpc-js';
import { Code, type EtcdError, errorFromServer } from '../../errors/index.js';
import { decodeAnswer } from '../answer/decode.js';
import { foreignAnswerError, isForeignContentType } from '../answer/foreign-answer.js';
import { errorFromStatus, malformedRequest, type RawCall } from '../call/call.js';
import { httpStatusOfCall, onServerEnd } from '../call/call-internals.js';
import type { Member } from '../member/member.js';
import type { StreamMethod } from '../method.js';

/** The callbacks of a stream. */
export interface DuplexHandlers<Res> {
  /** The stream has started on this member. */
  opened?(member: Member): void;
  /**
   * A message arrived. The next one is read after a returned promise resolves; the promise must not reject.
   * @param bytes Its encoded size.
   */
  message(response: Res, bytes?: number): unknown;
  /** The stream has ended other than by `cancel()`. Called at most once, as the last callback. */
  end(error: EtcdError): void;
}

/**
 * A stream that accepts requests immediately and queues them until it is connected. If the method takes a single request,
 * sending it half-closes the stream: etcd 3.7 waits for that before it answers a RangeStream.
 */
export interface Duplex<Req> {
  send(request: Req): void;
  /** Ends the stream on both sides immediately. No handler is called afterwards. */
  cancel(): void;
  /** Cancels the stream and marks its member unhealthy as silent, so that the next stream uses another one. */
  cancelUnresponsive(): void;
}

/** A stream whose member can be reported as unresponsive while the stream continues. */
export interface ReportableDuplex<Req> extends Duplex<Req> {
  /** Removes queued requests that have not been handed to a connection yet. */
  dropQueued(unwanted: (request: Req) => boolean): void;
  /** Marks the member unhealthy as silent. The stream continues, in case the answer is only late. */
  reportUnresponsive(): void;
}

/**
 * Runs a duplex call over a channel. `cancel()` cancels it on the server too, because a half-close alone leaves a watch
 * stream running there.
 */
export class DuplexCall<Req, Res> {
  readonly #method: StreamMethod<Req, Res>;
  readonly #handlers: DuplexHandlers<Res>;
  readonly #maxReceiveBytes: number;
  #queued: Req[] = [];
  #call: RawCall | undefined;
  /**
   * The requests handed to grpc-js: none, the first alone while its write is pending, or all of them.
   *
   * Workaround (grpc-js 1.14.7; no public issue found, `pendingMessage` of load-balancing-call.ts): grpc-js buffers a
   * single message until the call has a connection. A second one would overwrite the first, which would never be sent,
   * so the rest is queued here until the first is written. Remove when grpc-js queues messages.
   */
  #written: 'none' | 'first' | 'all' = 'none';
  #halfClosed = false;
  #ended = false;

  /** @param maxReceiveBytes See decodeAnswer. */
  constructor(method: StreamMethod<Req, Res>, handlers: DuplexHandlers<Res>, maxReceiveBytes: number) {
    this.#method = method;
    this.#handlers = handlers;
    this.#maxReceiveBytes = maxReceiveBytes;
  }

  start(channel: Channel, metadata: Metadata): void {
    if (this.#ended) return;
    const call = channel.createCall(this.#method.path, Infinity, null, null, undefined);
    this.#call = call;
    let headers: Metadata | undefined;
    const listener: InterceptingListener = {
      onReceiveMetadata: (received) => {
        headers = received;
        if (isForeignContentType(received)) this.#halfClose();
        onServerEnd(call, () => this.#halfClose());
      },
      onReceiveMessage: (message: Buffer) => this.#receive(call, message),
      onReceiveStatus: (received) =>
        this.end(
          received.code === Code.OK
            ? endedByServer()
            : (foreignAnswerError(received, this.#method, headers, httpStatusOfCall(call)) ??
                errorFromStatus(received)),
        ),
    };
    call.start(metadata, listener);
    call.startRead();
    this.#writeFirst();
  }

  send(request: Req): void {
    if (this.#ended || this.#halfClosed) return;
    if (this.#written === 'all') {
      this.#write(request);
      return;
    }
    this.#queued.push(request);
    this.#writeFirst();
  }

  dropQueued(unwanted: (request: Req) => boolean): void {
    this.#queued = this.#queued.filter((request) => !unwanted(request));
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelCall('no longer wanted');
  }

  end(error: EtcdError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.end(error);
  }

  /** Cancels the stream on the server and ends it with the error. */
  fail(error: EtcdError): void {
    if (this.#ended) return;
    this.#cancelCall('failed');
    this.end(error);
  }

  /**
   * Workaround (grpc-js 1.14.7; no public issue found, `getConfig` of resolving-call.ts): a call that is cancelled while
   * its metadata passes the filters is sent nevertheless, and never ends. It is cancelled again once it was sent. Remove
   * when it is not sent.
   */
  #cancelCall(details: string): void {
    const call = this.#call;
    if (!call) return;
    call.cancelWithStatus(status.CANCELLED, details);
    setImmediate(() => call.cancelWithStatus(status.CANCELLED, details));
  }

  #writeFirst(): void {
    if (!this.#call || this.#halfClosed || this.#written !== 'none') return;
    const first = this.#queued.shift();
    if (first === undefined) return;
    this.#written = 'first';
    this.#write(first, () => this.#writeRest());
    if (!this.#method.requestStream) this.#halfClose();
  }

  /**
   * Ends the client's side of the stream.
   *
   * Workaround (grpc-js 1.14.7; no public issue found, the `close` handler of subchannel-call.ts): for an answer that
   * is a short HTTP page, or ends without trailers, grpc-js reports no status before both sides have ended. Remove when
   * it does.
   */
  #halfClose(): void {
    if (this.#halfClosed) return;
    this.#halfClosed = true;
    this.#call?.halfClose();
  }

  #writeRest(): void {
    this.#written = 'all';
    for (const request of this.#queued.splice(0)) this.send(request);
  }

  /** Reports an encoding error through the stream: the sender may be a timer, where nothing could catch a throw. */
  #write(request: Req, callback?: () => void): void {
    try {
      const bytes = this.#method.requestSerialize(request);
      this.#call?.sendMessageWithContext(callback ? { callback } : {}, bytes);
    } catch (error) {
      this.fail(malformedRequest(this.#method, error));
    }
  }

  #receive(call: RawCall, message: Buffer): void {
    if (this.#ended) return;
    let response: Res;
    try {
      response = decodeAnswer(this.#method, message, this.#maxReceiveBytes);
    } catch (error) {
      call.cancelWithStatus(status.CANCELLED, 'malformed message');
      this.end(error as EtcdError);
      return;
    }
    const handled = this.#handlers.message(response, message.length);
    if (handled instanceof Promise) void handled.then(() => this.#readNext(call));
    else this.#readNext(call);
  }

  #readNext(call: RawCall): void {
    if (!this.#ended) call.startRead();
  }
}

function endedByServer(): EtcdError {
  return errorFromServer(Code.UNAVAILABLE, 'the server ended the stream');
}

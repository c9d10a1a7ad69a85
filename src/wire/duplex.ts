import { type Channel, type InterceptingListener, type Metadata, status } from '@grpc/grpc-js';
import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import { decodeAnswer } from './answer/decode.js';
import { errorFromStatus, malformedRequest, type RawCall } from './call.js';
import { foreignAnswerError, isForeignContentType } from './foreign-answer.js';
import type { Member } from './member.js';
import type { Method } from './method.js';

export interface DuplexHandlers<Res> {
  /** A member was found and the stream started there. */
  opened?(member: Member): void;
  /** The next message is asked for when this is through: a promise returned, which must not reject, holds it back. */
  message(response: Res): unknown;
  /** The stream is over, and not by `cancel()`. Called once; nothing follows. */
  end(error: EtcdError): void;
}

/**
 * A stream, open from the first moment as far as its user can tell: what is sent early waits. Where the method takes a
 * single request, sending it ends our side: etcd 3.7 waits for that before it answers a RangeStream.
 */
export interface Duplex<Req> {
  send(request: Req): void;
  /** Ends the stream on both sides at once; no handler is called any more. */
  cancel(): void;
  /** As `cancel()`, because the member owes an answer: the next stream goes to another one, where there is one. */
  cancelUnresponsive(): void;
}

export interface ReportableDuplex<Req> extends Duplex<Req> {
  /** Takes back those requests that were not handed to the connection yet: it may be a while before there is one. */
  dropQueued(unwanted: (request: Req) => boolean): void;
  /** As `abandon()`, but the stream goes on, in case the answer is merely late; also for one that is over. */
  reportUnresponsive(): void;
}

/** As ts-proto tells it: false where the client sends one request and no more. */
type StreamMethod<Req, Res> = Method<Req, Res> & { readonly requestStream?: boolean };

/**
 * Runs a duplex call over a channel that `connect` finds. `cancel()` cancels on the server too: a mere half-close
 * leaves a watch stream running there.
 */
export class DuplexCall<Req, Res> {
  readonly #method: StreamMethod<Req, Res>;
  readonly #handlers: DuplexHandlers<Res>;
  readonly #maxReceiveBytes: number;
  #queued: Req[] = [];
  #call: RawCall | undefined;
  /**
   * Until grpc-js has written the first message it keeps room for one: the next would take its place, and be the only
   * one that is ever sent.
   */
  #writable: 'nothing' | 'first' | 'all' = 'nothing';
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
      },
      onReceiveMessage: (message: Buffer) => this.#receive(call, message),
      onReceiveStatus: (received) =>
        this.end(
          received.code === Code.OK
            ? endedByServer()
            : (foreignAnswerError(received, this.#method, headers) ?? errorFromStatus(received)),
        ),
    };
    call.start(metadata, listener);
    call.startRead();
    this.#writeFirst();
  }

  send(request: Req): void {
    if (this.#ended || this.#halfClosed) return;
    if (this.#writable === 'all') {
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
    this.#call?.cancelWithStatus(status.CANCELLED, 'no longer wanted');
  }

  end(error: EtcdError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.end(error);
  }

  /** Ends the stream on both sides, and tells it as a loss. */
  fail(error: EtcdError): void {
    if (this.#ended) return;
    this.#call?.cancelWithStatus(status.CANCELLED, 'broken off');
    this.end(error);
  }

  #writeFirst(): void {
    if (!this.#call || this.#halfClosed || this.#writable !== 'nothing') return;
    const first = this.#queued.shift();
    if (first === undefined) return;
    this.#writable = 'first';
    this.#write(first, () => this.#writeRest());
    if (this.#method.requestStream === false) this.#halfClose();
  }

  /** Nothing is sent from now on. grpc-js gives no status for a page of a few bytes before both sides have ended. */
  #halfClose(): void {
    if (this.#halfClosed) return;
    this.#halfClosed = true;
    this.#call?.halfClose();
  }

  #writeRest(): void {
    this.#writable = 'all';
    for (const request of this.#queued.splice(0)) this.send(request);
  }

  /** Whoever sends may be a timer, in which nothing could catch a throw. */
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
    const handled = this.#handlers.message(response);
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

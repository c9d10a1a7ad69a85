import { type Channel, type InterceptingListener, type Metadata, status } from '@grpc/grpc-js';
import { Code, type EtcdError, errorFromServer } from '../errors/index.js';
import { errorFromStatus, malformed, type RawCall } from './call.js';
import type { Member } from './member.js';
import type { Method } from './method.js';

export interface DuplexHandlers<Res> {
  /** A member was found and the stream started there. */
  opened?(member: Member): void;
  message(response: Res): void;
  /** The stream is over, and not by `cancel()`. Called once; nothing follows. */
  end(error: EtcdError): void;
}

/** A bidirectional stream, open from the first moment as far as its user can tell: what is sent early waits. */
export interface Duplex<Req> {
  send(request: Req): void;
  /** Ends the stream on both sides at once; no handler is called any more. */
  cancel(): void;
  /** As `cancel()`, because the member owes an answer: the next stream goes to another one, where there is one. */
  abandon(): void;
}

/**
 * Runs a duplex call over a channel that `connect` finds. `cancel()` cancels on the server too: a mere half-close
 * leaves a watch stream running there.
 */
export class DuplexCall<Req, Res> {
  readonly #method: Method<Req, Res>;
  readonly #handlers: DuplexHandlers<Res>;
  readonly #early: Req[] = [];
  #call: RawCall | undefined;
  #over = false;

  constructor(method: Method<Req, Res>, handlers: DuplexHandlers<Res>) {
    this.#method = method;
    this.#handlers = handlers;
  }

  start(channel: Channel, metadata: Metadata): void {
    if (this.#over) return;
    const call = channel.createCall(this.#method.path, Infinity, null, null, undefined);
    this.#call = call;
    const listener: InterceptingListener = {
      onReceiveMetadata() {},
      onReceiveMessage: (message: Buffer) => this.#receive(call, message),
      onReceiveStatus: (received) =>
        this.end(received.code === Code.OK ? endedByServer() : errorFromStatus(received)),
    };
    call.start(metadata, listener);
    call.startRead();
    for (const request of this.#early.splice(0)) this.send(request);
  }

  send(request: Req): void {
    if (this.#over) return;
    if (this.#call) this.#call.sendMessageWithContext({}, this.#method.requestSerialize(request));
    else this.#early.push(request);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call?.cancelWithStatus(status.CANCELLED, 'no longer wanted');
  }

  end(error: EtcdError): void {
    if (this.#over) return;
    this.#over = true;
    this.#handlers.end(error);
  }

  /** Ends the stream on both sides, and tells it as a loss. */
  break(error: EtcdError): void {
    if (this.#over) return;
    this.#call?.cancelWithStatus(status.CANCELLED, 'broken off');
    this.end(error);
  }

  #receive(call: RawCall, message: Buffer): void {
    if (this.#over) return;
    let response: Res;
    try {
      response = this.#method.responseDeserialize(message);
    } catch (error) {
      call.cancelWithStatus(status.CANCELLED, 'malformed message');
      this.end(malformed(this.#method, error));
      return;
    }
    this.#handlers.message(response);
    if (!this.#over) call.startRead();
  }
}

function endedByServer(): EtcdError {
  return errorFromServer(Code.UNAVAILABLE, 'the server ended the stream');
}

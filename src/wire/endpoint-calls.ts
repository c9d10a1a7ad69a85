import type { Channel } from '@grpc/grpc-js';
import { onAbort, withAnySignal } from '../async/index.js';
import { Code, EtcdError } from '../errors/index.js';
import { type Convert, noOptions } from '../model/index.js';
import { PendingCall, type PendingCallPorts } from './call/pending-call.js';
import type { MemberChecks } from './member/checks.js';
import type { MemberAddress } from './member/endpoints.js';
import type { Member } from './member/member.js';
import { MemberPool } from './member/pool.js';
import { StoreIdentity } from './member/store-identity.js';
import type { CallOptions, IdempotencyLevel, Method, StreamMethod } from './method.js';
import type { DuplexHandlers } from './stream/duplex.js';
import { MemberStream, type MemberStreamPorts } from './stream/member-stream.js';

/** What calls to one endpoint need from their client. */
export interface EndpointCallPorts {
  readonly calls: PendingCallPorts;
  readonly streams: Omit<MemberStreamPorts, 'pool' | 'store' | 'connect'>;
  readonly checks: Pick<MemberChecks, 'probe'>;
  /** @throws {InvalidInputError} for an endpoint that the client must not connect to. */
  readonly addressOf: (endpoint: string) => MemberAddress;
  readonly newMember: (address: MemberAddress) => Member;
  /** Fetches the first token, for a client with credentials. */
  readonly prepareToken: (signal: AbortSignal) => Promise<void>;
}

/** A stream on one endpoint. */
export interface EndpointStream {
  /** The generation of the token with which it was opened; undefined before. */
  readonly generation: number | undefined;
  /** Ends the stream on both sides immediately. No handler is called afterwards. */
  cancel(): void;
}

/**
 * Calls to a member that the caller names. Each has a connection of its own, as in etcd's client for Go: a snapshot that
 * is read slowly does not stop the client's other streams, and the member may be one of another cluster, whose answers
 * say nothing about the client's store.
 */
export class EndpointCalls {
  readonly #ports: EndpointCallPorts;

  constructor(ports: EndpointCallPorts) {
    this.#ports = ports;
  }

  /** @throws {InvalidInputError} for an endpoint that the client must not connect to. */
  checkEndpoint(endpoint: string): void {
    this.#ports.addressOf(endpoint);
  }

  /** As {@link Transport.unary}, on one endpoint. */
  async unary<Req, Res, T = Res>(
    endpoint: string,
    method: Method<Req, Res>,
    request: Req,
    idempotency: IdempotencyLevel,
    options: CallOptions = noOptions,
    convert?: Convert<Req, Res, T>,
  ): Promise<T> {
    const pool = this.#poolOf(endpoint);
    const ports = { ...this.#ports.calls, pool, store: new StoreIdentity(), hasFixedMember: true };
    try {
      return await new Promise<T>((resolve, reject) => {
        const caller = { method, request, idempotency, convert, resolve, reject };
        new PendingCall(ports, caller, options).start();
      });
    } finally {
      pool.close();
    }
  }

  /** Opens a stream with one request. It ends if no connection can be made at once. */
  stream<Req, Res>(
    endpoint: string,
    method: StreamMethod<Req, Res>,
    request: Req,
    handlers: DuplexHandlers<Res>,
  ): EndpointStream {
    const { closing } = this.#ports.calls;
    closing.throwIfAborted();
    const pool = this.#poolOf(endpoint);
    const ports: MemberStreamPorts = {
      ...this.#ports.streams,
      pool,
      store: new StoreIdentity(),
      connect: (signal) => withAnySignal(signal, closing, (either) => this.#connect(pool, either)),
    };
    const release = () => {
      stopListening();
      pool.close();
    };
    const stream = new MemberStream(ports, new Set(), method, {
      ...handlers,
      end: (error) => {
        release();
        handlers.end(error);
      },
    });
    const stopListening = onAbort(closing, (reason) => stream.move(reason as EtcdError));
    stream.start(false);
    stream.send(request);
    return {
      get generation() {
        return stream.generation;
      },
      cancel: () => {
        release();
        stream.cancel();
      },
    };
  }

  async #connect(pool: MemberPool, signal: AbortSignal): Promise<{ member: Member; channel: Channel }> {
    await this.#ports.prepareToken(signal);
    let failure: EtcdError | undefined;
    const health = await pool.connectOnce(Number.POSITIVE_INFINITY, signal, (_, error) => {
      failure = error;
    });
    const channel = health?.member.readyChannel;
    if (health && channel) return { member: health.member, channel };
    throw failure ?? connectionLost();
  }

  #poolOf(endpoint: string): MemberPool {
    const { calls, checks, addressOf, newMember } = this.#ports;
    return new MemberPool([newMember(addressOf(endpoint))], {
      clock: calls.clock,
      random: calls.random,
      probe: (member) => checks.probe(member),
      onEvent: () => {},
    });
  }
}

function connectionLost(): EtcdError {
  return new EtcdError('the member closed the connection immediately after it was made', {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
  });
}
